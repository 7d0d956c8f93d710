//! Operator `filter`: drops the entries for which an expression is true.

use crate::config_section;
use crate::log_operators::{
    BuildContext, Condition, Fate, InvalidOperator, LogEntry, Operator, OperatorSection, Outlet,
    TransformerFields, TransformerFrame, WriterFields,
};

config_section! {
    /// Drops the entries for which an expression is true.
    pub struct FilterConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// The expression. Required.
        pub expr: String = String::new(),
        /// How many of those entries are dropped, from 0 for none to 1 for all, in thousandths; which of them is
        /// left to chance.
        pub drop_ratio: f64 = 1.0,
    }
}

struct Filter {
    frame: TransformerFrame,
    condition: Condition,
    /// Of a thousand entries so many are dropped.
    dropped_of_thousand: u32,
}

impl OperatorSection for FilterConfig {
    const TYPE: &'static str = "filter";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        let frame = self.transformer.frame(context)?;
        let condition = Condition::compile(&self.expr).map_err(|error| {
            InvalidOperator::at("expr", format!("failed to compile expression '{}': {error}", self.expr))
        })?;
        if !(0.0..=1.0).contains(&self.drop_ratio) {
            let message = "drop_ratio must be a number between 0 and 1";
            return Err(InvalidOperator::at("drop_ratio", message));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1000")]
        let dropped_of_thousand = (self.drop_ratio * 1000.0) as u32;
        Ok(Box::new(Filter { frame, condition, dropped_of_thousand }))
    }
}

impl Operator for Filter {
    fn process(&mut self, entry: &mut LogEntry, outlet: &mut Outlet<'_>) -> Fate {
        if let Some(fate) = self.frame.pass_by(entry, outlet) {
            return fate;
        }
        match self.condition.holds(entry) {
            Ok(true) if fastrand::u32(0..1000) < self.dropped_of_thousand => Fate::IsTaken,
            Ok(_) => Fate::GoesOn,
            Err(error) => self.frame.fail(&error, outlet),
        }
    }
}
