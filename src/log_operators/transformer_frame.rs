//! What nearly every operator has: an id, outputs, and what becomes of an entry it fails on.

use super::entry::LogEntry;
use super::error::OperatorError;
use super::operator::{BuildContext, EntryTransform, FailedEntry, InvalidOperator, Operator, Outlet};
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
    }
}

/// The frame around an operator: `on_error`.
#[derive(Debug, Clone)]
pub struct TransformerFrame {
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
        Ok(TransformerFrame { on_error: FailedEntry { is_dropped, is_quiet } })
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
    /// Changes the entry with `transform` and sends it on, or does what `on_error` says.
    pub fn run(
        &self,
        mut entry: LogEntry,
        outlet: &mut Outlet<'_>,
        transform: impl FnOnce(&mut LogEntry) -> Result<(), OperatorError>,
    ) {
        match transform(&mut entry) {
            Ok(()) => outlet.send(entry),
            Err(error) => self.fail(entry, &error, outlet),
        }
    }

    /// Does with an entry what `on_error` says.
    pub fn fail(&self, entry: LogEntry, error: &OperatorError, outlet: &mut Outlet<'_>) {
        outlet.failed(error, self.on_error);
        if !self.on_error.is_dropped {
            outlet.send(entry);
        }
    }
}

struct Transforming<T> {
    frame: TransformerFrame,
    transform: T,
}

impl<T: EntryTransform> Operator for Transforming<T> {
    fn process(&mut self, entry: LogEntry, outlet: &mut Outlet<'_>) {
        let transform = &mut self.transform;
        self.frame.run(entry, outlet, |entry| transform.transform(entry));
    }
}
