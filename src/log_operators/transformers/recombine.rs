//! Operator `recombine`: puts entries together again that were one.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::required;
use crate::config::{ByteSize, GoDuration};
use crate::config_section;
use crate::log_operators::{
    BuildContext, Condition, Fate, Field, InvalidOperator, LogEntry, Operator, OperatorError,
    OperatorSection, Outlet, Text, TransformerFields, TransformerFrame, Value, WriterFields,
};

config_section! {
    /// Puts entries together again that were one, such as the lines of a stack trace: the texts of a field are
    /// joined, everything else comes from one of the entries.
    pub struct RecombineConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// An expression that is true for the first entry of each group. This or `is_last_entry` is required.
        pub is_first_entry: String = String::new(),
        /// An expression that is true for the last entry of each group.
        pub is_last_entry: String = String::new(),
        /// How many entries make a group at most; 0 for any number.
        pub max_batch_size: i64 = 1000,
        /// How many entries make a group at most for none of which the expression was true; 0 for any number.
        pub max_unmatched_batch_size: i64 = 100,
        /// The field whose texts are joined. Required.
        pub combine_field: Option<Field> = None,
        /// What comes between two texts.
        pub combine_with: String = "\n".to_owned(),
        /// The field that tells apart where entries come from; only those of one source are joined.
        pub source_identifier: Field = Field::of_attributes("log.file.path"),
        /// The entry of a group that all other fields come from: the `oldest` or the `newest`.
        pub overwrite_with: String = "oldest".to_owned(),
        /// How long a group waits for its next entry, from its first one on.
        pub force_flush_period: GoDuration = GoDuration::from_secs(5),
        /// From how many sources groups may wait at once; one more, and all are sent on.
        pub max_sources: i64 = 1000,
        /// How long a joined text may be in bytes; one that is longer is sent on. 0 for any length.
        pub max_log_size: ByteSize = ByteSize(0),
    }
}

/// The operator.
pub(in crate::log_operators) struct Recombine {
    frame: TransformerFrame,
    boundary: Condition,
    begins_group: bool,
    most_entries: Option<usize>,
    most_unmatched: Option<usize>,
    longest: Option<usize>,
    combine_field: Field,
    combine_with: String,
    source_identifier: Field,
    takes_newest: bool,
    patience: Duration,
    most_sources: usize,
    groups: HashMap<String, Group>,
    /// How many groups there were.
    begun: u64,
    told_of_missing_source: bool,
}

/// The entries of one source that wait for the rest.
struct Group {
    /// The one that the text goes into.
    base: LogEntry,
    text: Text,
    entries: usize,
    has_match: bool,
    /// Groups are sent on in the order in which they began.
    number: u64,
    deadline: Instant,
}

/// The source of entries that do not say theirs.
const UNKNOWN_SOURCE: &str = "DefaultSourceIdentifier";

impl OperatorSection for RecombineConfig {
    const TYPE: &'static str = "recombine";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        Ok(Box::new(self.recombine(context)?))
    }
}

impl RecombineConfig {
    /// The operator, for others that recombine within.
    pub(in crate::log_operators) fn recombine(
        &self,
        context: &BuildContext,
    ) -> Result<Recombine, InvalidOperator> {
        let frame = self.transformer.frame(context)?;
        let (key, expression) = match (self.is_first_entry.as_str(), self.is_last_entry.as_str()) {
            ("", "") => {
                return Err(InvalidOperator::whole("one of is_first_entry and is_last_entry must be set"));
            }
            (first, "") => ("is_first_entry", first),
            ("", last) => ("is_last_entry", last),
            _ => {
                let message = "only one of is_first_entry and is_last_entry can be set";
                return Err(InvalidOperator::at("is_last_entry", message));
            }
        };
        let boundary = Condition::compile(expression)
            .map_err(|error| InvalidOperator::at(key, format!("failed to compile {key}: {error}")))?;
        let combine_field = required(
            self.combine_field.as_ref(),
            "combine_field",
            "missing required argument 'combine_field'",
        )?;
        let takes_newest = match self.overwrite_with.as_str() {
            "newest" => true,
            "oldest" | "" => false,
            other => {
                let message = format!("invalid value '{other}' for parameter 'overwrite_with'");
                return Err(InvalidOperator::at("overwrite_with", message));
            }
        };
        let patience = self.force_flush_period.limit().ok_or_else(|| {
            InvalidOperator::at("force_flush_period", "'force_flush_period' must be a positive duration")
        })?;
        Ok(Recombine {
            frame,
            boundary,
            begins_group: key == "is_first_entry",
            most_entries: limit(self.max_batch_size),
            most_unmatched: limit(self.max_unmatched_batch_size),
            longest: Some(self.max_log_size.bytes()).filter(|bytes| *bytes > 0),
            combine_field,
            combine_with: self.combine_with.clone(),
            source_identifier: self.source_identifier.clone(),
            takes_newest,
            patience,
            most_sources: usize::try_from(self.max_sources).unwrap_or(0),
            groups: HashMap::new(),
            begun: 0,
            told_of_missing_source: false,
        })
    }
}

/// A limit, where there is one.
fn limit(number: i64) -> Option<usize> {
    usize::try_from(number).ok().filter(|number| *number > 0)
}

impl Operator for Recombine {
    fn process(&mut self, entry: &mut LogEntry, outlet: &mut Outlet<'_>) -> Fate {
        if let Some(fate) = self.frame.pass_by(entry, outlet) {
            return fate;
        }
        let is_boundary = match self.boundary.holds(entry) {
            Ok(is_boundary) => is_boundary,
            Err(error) => return self.frame.fail(&error, outlet),
        };
        let source = self.source_of(entry);
        if is_boundary && self.begins_group {
            self.send_group(&source, outlet);
        }
        let is_full = self.join(&source, std::mem::take(entry), is_boundary, outlet);
        if is_full || is_boundary && !self.begins_group {
            self.send_group(&source, outlet);
        }
        Fate::IsTaken
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.groups.values().map(|group| group.deadline).min()
    }

    fn tick(&mut self, outlet: &mut Outlet<'_>) {
        let now = Instant::now();
        self.send_groups(outlet, |group| group.deadline <= now);
    }

    fn flush(&mut self, outlet: &mut Outlet<'_>) {
        self.send_groups(outlet, |_| true);
    }
}

impl Recombine {
    fn source_of(&mut self, entry: &LogEntry) -> String {
        match self.source_identifier.get(entry).as_deref() {
            Some(Value::String(source)) if !source.is_empty() => return source.to_string(),
            Some(Value::Bytes(source)) if !source.is_empty() => {
                return String::from_utf8_lossy(source).into_owned();
            }
            Some(Value::String(_) | Value::Bytes(_)) => {}
            _ if self.told_of_missing_source => {}
            _ => {
                tracing::warn!(
                    source_identifier = %self.source_identifier,
                    "entry does not contain the source_identifier, so it may be pooled with other sources"
                );
                self.told_of_missing_source = true;
            }
        }
        UNKNOWN_SOURCE.to_owned()
    }

    /// Puts an entry into the group of its source. True where the group may not grow any more.
    fn join(
        &mut self,
        source: &str,
        mut entry: LogEntry,
        is_boundary: bool,
        outlet: &mut Outlet<'_>,
    ) -> bool {
        let text = match self.combine_field.remove(&mut entry) {
            Some(Value::String(text)) => text,
            Some(Value::Bytes(bytes)) => String::from_utf8_lossy(&bytes).into(),
            other => {
                let error = self.no_text(other.as_ref());
                if let Some(other) = other {
                    // It was there, so it can be put back.
                    let _ = self.combine_field.set(&mut entry, other);
                }
                self.frame.fail_on_taken(entry, &error, outlet);
                return false;
            }
        };
        if !self.groups.contains_key(source) && self.groups.len() >= self.most_sources {
            tracing::warn!(
                max_sources = self.most_sources,
                "Too many sources. Flushing all batched logs. Consider increasing max_sources parameter"
            );
            self.send_groups(outlet, |_| true);
        }
        let group = match self.groups.get_mut(source) {
            Some(group) => {
                if !group.text.is_empty() {
                    group.text.push_str(&self.combine_with);
                }
                group.text.push_str(&text);
                group.entries += 1;
                if self.takes_newest {
                    group.base = entry;
                }
                group
            }
            None => {
                self.begun += 1;
                let group = Group {
                    base: entry,
                    text,
                    entries: 1,
                    has_match: false,
                    number: self.begun,
                    deadline: Instant::now() + self.patience,
                };
                self.groups.entry(source.to_owned()).insert_entry(group).into_mut()
            }
        };
        group.has_match |= is_boundary;
        let is_over = |most: Option<usize>| most.is_some_and(|most| group.entries >= most);
        self.longest.is_some_and(|longest| group.text.len() > longest)
            || is_over(self.most_entries)
            || !group.has_match && is_over(self.most_unmatched)
    }

    fn no_text(&self, found: Option<&Value>) -> OperatorError {
        let field = &self.combine_field;
        OperatorError::failed(match found {
            None => format!("field '{field}' is missing and can not be read as a string"),
            Some(value) => {
                format!("field '{field}' of type '{}' can not be cast to a string", value.go_type())
            }
        })
    }

    fn send_group(&mut self, source: &str, outlet: &mut Outlet<'_>) {
        if let Some(group) = self.groups.remove(source) {
            self.send(group, outlet);
        }
    }

    fn send_groups(&mut self, outlet: &mut Outlet<'_>, is_due: impl Fn(&Group) -> bool) {
        let mut due: Vec<Group> =
            self.groups.extract_if(|_, group| is_due(group)).map(|(_, group)| group).collect();
        due.sort_by_key(|group| group.number);
        for group in due {
            self.send(group, outlet);
        }
    }

    fn send(&self, group: Group, outlet: &mut Outlet<'_>) {
        let mut entry = group.base;
        match self.combine_field.set(&mut entry, Value::String(group.text)) {
            Ok(()) => outlet.send(entry),
            Err(error) => self.frame.fail_on_taken(entry, &error, outlet),
        }
    }
}
