//! What every parser has: where the value comes from, where the outcome goes, and what is read from that.

use super::entry::LogEntry;
use super::error::OperatorError;
use super::field::{Field, RootableField};
use super::operator::{BuildContext, EntryTransform, Fate, InvalidOperator, Operator, Outlet};
use super::parsers::scope_name::ScopeNameConfig;
use super::parsers::severity::SeverityConfig;
use super::parsers::timestamp::TimestampConfig;
use super::parsers::trace::TraceConfig;
use super::transformer_frame::{TransformerFields, TransformerFrame};
use super::value::Value;
use crate::config_section;

/// Makes one value of another.
pub trait ValueParser: Send {
    /// Reads the value under `parse_from`; what it returns goes to `parse_to`.
    fn parse(&mut self, value: &Value) -> Result<Value, OperatorError>;

    /// What else is to be done with the entry once the outcome is in it and the blocks have read it.
    fn finish(&mut self, _entry: &mut LogEntry) -> Result<(), OperatorError> {
        Ok(())
    }
}

config_section! {
    /// What every parser has.
    pub struct ParserFields {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// The field whose value is read.
        pub parse_from: Field = Field::body(),
        /// The field that the outcome goes to. A map goes into the map that is there.
        pub parse_to: RootableField = RootableField(Field::attributes()),
        /// A field, of the outcome for example, whose value becomes the body.
        pub body: Option<Field> = None,
        /// Reads the entry's time out of a field of the outcome.
        pub timestamp: Option<TimestampConfig> = None,
        /// Reads the entry's severity out of a field of the outcome.
        pub severity: Option<SeverityConfig> = None,
        /// Reads the entry's trace, span and trace flags out of fields of the outcome.
        pub trace: Option<TraceConfig> = None,
        /// Reads the name of the entry's scope out of a field of the outcome.
        pub scope_name: Option<ScopeNameConfig> = None,
    }
}

/// The frame around a parser.
pub struct ParserFrame {
    transformer: TransformerFrame,
    parse_from: Field,
    parse_to: Field,
    body: Option<Field>,
    blocks: Vec<Block>,
}

/// What reads the outcome, with the name that its errors begin with.
type Block = (&'static str, Box<dyn EntryTransform>);

impl ParserFields {
    /// The frame.
    ///
    /// # Errors
    ///
    /// What is wrong with the fields.
    pub fn frame(&self, context: &BuildContext) -> Result<ParserFrame, InvalidOperator> {
        let transformer = self.transformer.frame(context)?;
        if self.body.is_some() && self.parse_to.0.is_body() {
            return Err(InvalidOperator::at(
                "parse_to",
                "`parse_to: body` not allowed when `body` is configured",
            ));
        }
        Ok(ParserFrame {
            transformer,
            parse_from: self.parse_from.clone(),
            parse_to: self.parse_to.0.clone(),
            body: self.body.clone(),
            blocks: self.blocks(context)?,
        })
    }

    /// Whether anything else reads the outcome.
    pub const fn has_blocks(&self) -> bool {
        self.timestamp.is_some()
            || self.severity.is_some()
            || self.trace.is_some()
            || self.scope_name.is_some()
    }

    /// What reads the outcome, in the order in which the Collector does it.
    fn blocks(&self, context: &BuildContext) -> Result<Vec<Block>, InvalidOperator> {
        let mut blocks: Vec<Block> = Vec::new();
        if let Some(timestamp) = &self.timestamp {
            let parser = timestamp.parser(context).map_err(|invalid| invalid.within("timestamp"))?;
            blocks.push(("time parser", Box::new(parser)));
        }
        if let Some(severity) = &self.severity {
            let parser = severity.parser().map_err(|invalid| invalid.within("severity"))?;
            blocks.push(("severity parser", Box::new(parser)));
        }
        if let Some(trace) = &self.trace {
            blocks.push(("trace parser", Box::new(trace.clone())));
        }
        if let Some(scope_name) = &self.scope_name {
            blocks.push(("scope_name parser", Box::new(scope_name.clone())));
        }
        Ok(blocks)
    }

    /// An operator that reads a value of each entry with `parser`.
    ///
    /// # Errors
    ///
    /// What is wrong with the fields.
    pub fn build(
        &self,
        context: &BuildContext,
        parser: impl ValueParser + 'static,
    ) -> Result<Box<dyn Operator>, InvalidOperator> {
        Ok(Box::new(Parsing { frame: self.frame(context)?, parser }))
    }
}

impl ParserFrame {
    /// `if` and `on_error`, for operators that do more than parse.
    pub const fn transformer(&self) -> &TransformerFrame {
        &self.transformer
    }

    /// The field whose value is read.
    pub const fn parse_from(&self) -> &Field {
        &self.parse_from
    }

    /// Reads the value under `parse_from` with `parse`, puts the outcome where it belongs, and lets the
    /// blocks read it: every one, also behind one that fails; the first error counts.
    pub fn parse_with(
        &mut self,
        entry: &mut LogEntry,
        parse: impl FnOnce(&Value) -> Result<Value, OperatorError>,
    ) -> Result<(), OperatorError> {
        let value =
            self.parse_from.get(entry).ok_or_else(|| OperatorError::missing_parse_from(&self.parse_from))?;
        let parsed = parse(&value)?;
        self.parse_to.set(entry, parsed).map_err(|error| error.within("set parse_to"))?;
        if let Some(body) = self.body.as_ref().and_then(|field| field.get(entry)) {
            entry.body = body.into_owned();
        }
        let mut first_error = Ok(());
        for (name, block) in &mut self.blocks {
            let result = block.transform(entry);
            first_error = first_error.and(result.map_err(|error| error.within(name)));
        }
        first_error
    }
}

struct Parsing<P> {
    frame: ParserFrame,
    parser: P,
}

impl<P: ValueParser> Operator for Parsing<P> {
    fn process(&mut self, entry: &mut LogEntry, outlet: &mut Outlet<'_>) -> Fate {
        let Self { frame, parser } = self;
        if let Some(fate) = frame.transformer.pass_by(entry, outlet) {
            return fate;
        }
        let parsed = frame.parse_with(entry, |value| parser.parse(value));
        match parsed.and_then(|()| parser.finish(entry)) {
            Ok(()) => Fate::GoesOn,
            Err(error) => frame.transformer.fail(&error, outlet),
        }
    }
}
