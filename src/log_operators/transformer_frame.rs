//! What nearly every operator has: an id, outputs, and what becomes of an entry it fails on.

use super::entry::LogEntry;
use super::error::OperatorError;
use super::expression::Condition;
use super::operator::{BuildContext, EntryTransform, FailedEntry, Fate, InvalidOperator, Operator, Outlet};
use crate::config_section;

config_section! {
    /// What every operator has.
    pub struct WriterFields {
        /// The name that `output` of other operators means. Where it is not written it is the type; the second
        /// operator of a type is then called by the type and `1`, the third by `2`, and so on.
        pub id: String = String::new(),
        /// The operators that entries go to next, by their ids. Where it is not written they go to the next one
        /// of the list, and from the last one out of the receiver. With several each gets a copy.
        pub output: Vec<String> = Vec::new(),
    }
}

config_section! {
    /// What nearly every operator has.
    pub struct TransformerFields {
        /// `id` and `output`.
        pub [flatten] writer: WriterFields = WriterFields::default(),
        /// What becomes of an entry that the operator fails on: `send` sends it on as it is, `drop` drops it;
        /// both count it and log it once per burst. `send_quiet` and `drop_quiet` do the same and log nothing.
        pub on_error: String = "send".to_owned(),
        /// An expression over the entry, such as `body matches "^{"`. Entries for which it is false are sent on
        /// as they are.
        pub r#if: String = String::new(),
    }
}

/// The frame around an operator: `if` and `on_error`.
#[derive(Debug)]
pub struct TransformerFrame {
    condition: Option<Condition>,
    on_error: FailedEntry,
}

impl TransformerFields {
    /// The frame.
    ///
    /// # Errors
    ///
    /// What is wrong with the fields.
    pub fn frame(&self, _context: &BuildContext) -> Result<TransformerFrame, InvalidOperator> {
        let (is_dropped, is_quiet) = match self.on_error.as_str() {
            "send" => (false, false),
            "send_quiet" => (false, true),
            "drop" => (true, false),
            "drop_quiet" => (true, true),
            other => {
                return Err(InvalidOperator::at(
                    "on_error",
                    format!("operator config has an invalid `on_error` field.: {{\"on_error\":{other:?}}}"),
                ));
            }
        };
        let condition = match self.r#if.as_str() {
            "" => None,
            text => Some(Condition::compile(text).map_err(|error| {
                InvalidOperator::at("if", format!("failed to compile expression '{text}': {error}"))
            })?),
        };
        Ok(TransformerFrame { condition, on_error: FailedEntry { is_dropped, is_quiet } })
    }

    /// An operator that changes each entry with `transform`.
    ///
    /// # Errors
    ///
    /// What is wrong with the fields.
    pub fn build(
        &self,
        context: &BuildContext,
        transform: impl EntryTransform + 'static,
    ) -> Result<Box<dyn Operator>, InvalidOperator> {
        Ok(Box::new(Transforming { frame: self.frame(context)?, transform }))
    }
}

impl TransformerFrame {
    /// What becomes of the entry according to `if`; none if the operator is to act on it.
    pub fn pass_by(&self, entry: &LogEntry, outlet: &mut Outlet<'_>) -> Option<Fate> {
        match self.condition.as_ref()?.holds(entry) {
            Ok(true) => None,
            Ok(false) => Some(Fate::GoesOn),
            Err(error) => Some(self.fail(&error.within("running if expr"), outlet)),
        }
    }

    /// Lets the entry go on after `act` changed it, or does what `if` and `on_error` say.
    pub fn run(
        &self,
        entry: &mut LogEntry,
        outlet: &mut Outlet<'_>,
        act: impl FnOnce(&mut LogEntry) -> Result<(), OperatorError>,
    ) -> Fate {
        if let Some(fate) = self.pass_by(entry, outlet) {
            return fate;
        }
        match act(entry) {
            Ok(()) => Fate::GoesOn,
            Err(error) => self.fail(&error, outlet),
        }
    }

    /// Counts and logs that the operator failed on an entry. What becomes of that is as `on_error` says.
    pub fn fail(&self, error: &OperatorError, outlet: &mut Outlet<'_>) -> Fate {
        outlet.failed(error, self.on_error);
        if self.on_error.is_dropped { Fate::IsTaken } else { Fate::GoesOn }
    }

    /// The same for an entry that the operator has taken.
    pub fn fail_on_taken(&self, entry: LogEntry, error: &OperatorError, outlet: &mut Outlet<'_>) {
        if self.fail(error, outlet) == Fate::GoesOn {
            outlet.send(entry);
        }
    }
}

struct Transforming<T> {
    frame: TransformerFrame,
    transform: T,
}

impl<T: EntryTransform> Operator for Transforming<T> {
    fn process(&mut self, entry: &mut LogEntry, outlet: &mut Outlet<'_>) -> Fate {
        self.frame.run(entry, outlet, |entry| self.transform.transform(entry))
    }
}
