//! What an operator is: made from its section, given entries, sends entries on.

use std::fmt;

use tokio::time::Instant;

use super::entry::LogEntry;
use super::error::OperatorError;
use super::transformer_frame::WriterFields;
use crate::config::Section;
use crate::pipeline::Clock;

/// One operator of a chain. It is given entries one at a time. Most go on as it changes them; others it sends to the
/// outlet, at once or later.
pub trait Operator: Send {
    /// Acts on an entry, and says what becomes of it.
    fn process(&mut self, entry: &mut LogEntry, outlet: &mut Outlet<'_>) -> Fate;

    /// When [`tick`](Self::tick) wants to be called; none while nothing is held back.
    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    /// Sends what is due.
    fn tick(&mut self, _outlet: &mut Outlet<'_>) {}

    /// Sends all that is held back, since nothing more will come.
    fn flush(&mut self, _outlet: &mut Outlet<'_>) {}
}

/// What becomes of an entry that an operator was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It goes on, as the operator changed it, to the operators under `output`, or the next one; after what was sent to
    /// the outlet meanwhile. It stays where it lies, for entries are large.
    GoesOn,
    /// The operator dropped it, or took it to send it by itself; what is left of it means nothing.
    IsTaken,
}

/// Changes one entry.
pub trait EntryTransform: Send {
    /// Changes the entry; on an error what was changed before stays so.
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError>;
}

/// Where an operator's entries go, and where it says what went wrong.
pub struct Outlet<'a> {
    sent: &'a mut Vec<(usize, LogEntry)>,
    failed: &'a mut dyn FnMut(&OperatorError, FailedEntry),
}

/// What becomes of an entry that an operator failed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::log_operators) struct FailedEntry {
    /// It is not sent on.
    pub is_dropped: bool,
    /// The failure is no news to the user.
    pub is_quiet: bool,
}

impl<'a> Outlet<'a> {
    pub(super) fn new(
        sent: &'a mut Vec<(usize, LogEntry)>,
        failed: &'a mut dyn FnMut(&OperatorError, FailedEntry),
    ) -> Self {
        Self { sent, failed }
    }

    /// Sends an entry to the operators under `output`, or the next one.
    pub fn send(&mut self, entry: LogEntry) {
        self.send_by(0, entry);
    }

    /// Sends an entry by one of the ways that [`OperatorSection::ways`] lists.
    pub fn send_by(&mut self, way: usize, entry: LogEntry) {
        self.sent.push((way, entry));
    }

    /// Counts and logs that the operator failed on an entry.
    pub(super) fn failed(&mut self, error: &OperatorError, what: FailedEntry) {
        (self.failed)(error, what);
    }
}

/// The section of one type of operator.
pub trait OperatorSection: Section + fmt::Debug {
    /// The word under `type`.
    const TYPE: &'static str;

    /// The fields every operator has.
    fn writer(&self) -> &WriterFields;

    /// The ways that entries may take out of the operator.
    fn ways(&self) -> Vec<Way> {
        match self.writer().output.as_slice() {
            [] => vec![Way::Next],
            outputs => vec![Way::To(outputs.to_vec())],
        }
    }

    /// Makes the operator.
    ///
    /// # Errors
    ///
    /// What is wrong with the section.
    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator>;
}

/// Where entries go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// To the next operator of the list, or out of the last one.
    Next,
    /// To the operators of these ids; with none they are dropped.
    To(Vec<String>),
}

/// What operators may know of the process around them.
#[derive(Debug, Clone, Default)]
pub struct BuildContext {
    /// What time it is.
    pub clock: Clock,
}

/// What is wrong with an operator's section.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidOperator {
    /// Keys from the section down to the value that is wrong; none for the section as a whole.
    pub path: Vec<String>,
    /// The sentence, in the Collector's words where it has one.
    pub message: String,
}

impl InvalidOperator {
    /// The value of `key` is wrong.
    pub fn at(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: vec![key.into()], message: message.into() }
    }

    /// The section as a whole is wrong.
    pub fn whole(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), message: message.into() }
    }

    /// The same, one key further up.
    #[must_use]
    pub fn within(mut self, key: impl Into<String>) -> Self {
        self.path.insert(0, key.into());
        self
    }
}
