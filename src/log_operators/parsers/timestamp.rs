//! The operator `time_parser` and the block `timestamp` of parsers: the time of an entry read out of a field.

mod civil;
mod elements;
mod epoch;
mod go_layout;
mod location;
mod strptime;

use std::collections::BTreeMap;

use crate::config::config_section;
use crate::log_operators::{
    BuildContext, EntryTransform, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection,
    TransformerFields, Value, WriterFields,
};
use crate::pipeline::Clock;

use self::epoch::EpochLayout;
use self::strptime::Strptime;

pub use self::go_layout::{GoLayout, TimeFields};
pub use self::location::{AbbreviatedZones, Location};

config_section! {
    /// Reads the time of an entry out of a field.
    pub struct TimestampConfig {
        /// The field with the time; needed.
        pub parse_from: Option<Field> = None,
        /// How the time is written, in the notation of `layout_type`; needed. For `epoch` it is `s`, `ms`, `us`,
        /// `ns`, `s.ms`, `s.us` or `s.ns`.
        ///
        /// A layout without a year means the year that brings the time nearest to now, at most seven days ahead.
        pub layout: String = String::new(),
        /// The notation: `strptime` (`%Y-%m-%d`), `gotime` (`2006-01-02`) or `epoch` (a number since 1970).
        pub layout_type: String = "strptime".to_owned(),
        /// The zone, such as `Europe/Madrid`, of times that do not say it themselves. Without it they are in UTC
        /// where the layout ends in `Z`, else in the zone of the machine.
        pub location: String = String::new(),
        /// Zones by the abbreviations that texts have for them; the layout must have one (`%Z`, or `MST`).
        pub time_zone_locations: BTreeMap<String, String> = BTreeMap::new(),
    }
}

config_section! {
    /// Reads the time of an entry out of a field.
    pub struct TimeParserConfig {
        /// `id`, `output`, `on_error`, `if`.
        pub [flatten] transformer: TransformerFields = TransformerFields::default(),
        /// What is read, and from where.
        pub [flatten] timestamp: TimestampConfig = TimestampConfig::default(),
    }
}

impl OperatorSection for TimeParserConfig {
    const TYPE: &'static str = "time_parser";

    fn writer(&self) -> &WriterFields {
        &self.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        self.transformer.build(context, self.timestamp.parser(context)?)
    }
}

/// Reads times, as configured.
#[derive(Debug)]
pub struct TimestampParser {
    parse_from: Field,
    layout: Layout,
    clock: Clock,
    location: Location,
    locations_by_abbreviation: BTreeMap<String, Location>,
    abbreviated: AbbreviatedZones,
}

#[derive(Debug)]
enum Layout {
    Strptime(Strptime),
    Go(GoLayout),
    Epoch(EpochLayout),
}

impl TimestampConfig {
    /// Makes a parser of what is configured.
    ///
    /// # Errors
    ///
    /// What is missing or cannot be, in the Collector's words.
    pub fn parser(&self, context: &BuildContext) -> Result<TimestampParser, InvalidOperator> {
        let Some(parse_from) = self.parse_from.clone() else {
            return Err(InvalidOperator::whole("missing required parameter 'parse_from'"));
        };
        if self.layout.is_empty() {
            return Err(InvalidOperator::whole("missing required configuration parameter `layout`"));
        }
        let mut parser = TimestampParser {
            parse_from,
            layout: self.layout()?,
            clock: context.clock,
            location: Location::utc(),
            locations_by_abbreviation: BTreeMap::new(),
            abbreviated: AbbreviatedZones::default(),
        };
        match parser.layout {
            Layout::Strptime(_) => self.find_locations(&mut parser, "%Z")?,
            Layout::Go(_) => self.find_locations(&mut parser, "MST")?,
            Layout::Epoch(_) => {}
        }
        Ok(parser)
    }

    fn layout(&self) -> Result<Layout, InvalidOperator> {
        let layout = &self.layout;
        match self.layout_type.as_str() {
            "strptime" | "" => Strptime::new(layout)
                .map(Layout::Strptime)
                .map_err(|error| InvalidOperator::at("layout", format!("invalid strptime layout: {error}"))),
            "gotime" => {
                check_go_fractions(layout).map_err(|error| InvalidOperator::at("layout", error))?;
                Ok(Layout::Go(GoLayout::new(layout)))
            }
            "epoch" => EpochLayout::named(layout).map(Layout::Epoch).ok_or_else(|| {
                let valid = "specify 's', 'ms', 'us', 'ns', 's.ms', 's.us', or 's.ns'";
                InvalidOperator::at("layout", format!("invalid `layout` for `epoch` type: {valid}"))
            }),
            other => {
                let valid = "valid values are 'strptime', 'gotime', and 'epoch'";
                Err(InvalidOperator::at("layout_type", format!("unsupported layout_type {other}: {valid}")))
            }
        }
    }

    fn find_locations(
        &self,
        parser: &mut TimestampParser,
        abbreviation: &str,
    ) -> Result<(), InvalidOperator> {
        parser.location = match self.location.as_str() {
            "" if self.layout.ends_with('Z') => Location::utc(),
            "" => Location::local(),
            name => Location::named(name).map_err(|error| {
                let message = format!("invalid 'location': failed to load location {name}: {error}");
                InvalidOperator::at("location", message)
            })?,
        };
        for (short, name) in &self.time_zone_locations {
            let location = Location::named(name).map_err(|error| {
                let message = format!(
                    "invalid 'location': invalid time_zone_locations entry {short:?}: failed to load location \
                     {name:?}: {error}"
                );
                InvalidOperator::at("time_zone_locations", message)
            })?;
            parser.locations_by_abbreviation.insert(short.clone(), location);
        }
        if !self.time_zone_locations.is_empty() && !self.layout.contains(abbreviation) {
            let message = format!(
                "'time_zone_locations' requires the layout to contain a timezone abbreviation directive (%Z for \
                 strptime / MST for gotime), but layout {:?} has none",
                self.layout
            );
            return Err(InvalidOperator::at("time_zone_locations", message));
        }
        Ok(())
    }
}

impl EntryTransform for TimestampParser {
    fn transform(&mut self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let value = self.parse_from.get(entry).ok_or_else(|| missing_field(&self.parse_from))?;
        let moment = self.moment(&value)?;
        entry.time_unix_nano = Some(moment);
        Ok(())
    }
}

impl TimestampParser {
    /// The moment that a value means, in nanoseconds since 1970.
    fn moment(&mut self, value: &Value) -> Result<u64, OperatorError> {
        if let Layout::Epoch(layout) = self.layout {
            return layout.parse(value);
        }
        let lossy;
        let text = match value {
            Value::String(text) => text.as_str(),
            Value::Bytes(bytes) => {
                lossy = String::from_utf8_lossy(bytes);
                &lossy
            }
            other => {
                return Err(OperatorError::failed(format!(
                    "type {} cannot be parsed as a time",
                    other.go_type()
                )));
            }
        };
        let fields = match &mut self.layout {
            Layout::Strptime(layout) => layout.parse(text),
            Layout::Go(layout) => layout.parse(text),
            Layout::Epoch(_) => return Err(OperatorError::failed("epochs have no fields")),
        };
        let fields = fields.map_err(|error| OperatorError::failed(error.to_string()))?;
        let location = location_named_in(text, &self.locations_by_abbreviation).unwrap_or(&self.location);
        moment_of(&mut self.abbreviated, &fields, location, self.clock)
    }
}

/// Reads times of one fixed Go layout.
#[derive(Debug)]
pub struct FixedLayoutTimes {
    layout: GoLayout,
    location: Location,
    abbreviated: AbbreviatedZones,
    clock: Clock,
}

impl FixedLayoutTimes {
    /// Times of a layout, in UTC where it ends in `Z`, else in the zone of the machine, where they do not say it.
    pub fn new(layout: &str, clock: Clock) -> Self {
        let location = if layout.ends_with('Z') { Location::utc() } else { Location::local() };
        Self { layout: GoLayout::new(layout), location, abbreviated: AbbreviatedZones::default(), clock }
    }

    /// The moment that a text means, in nanoseconds since 1970.
    ///
    /// # Errors
    ///
    /// The text is not of the layout.
    pub fn moment(&mut self, text: &str) -> Result<u64, OperatorError> {
        let fields = self.layout.parse(text).map_err(|error| OperatorError::failed(error.to_string()))?;
        moment_of(&mut self.abbreviated, &fields, &self.location, self.clock)
    }
}

fn moment_of(
    abbreviated: &mut AbbreviatedZones,
    fields: &TimeFields<'_>,
    location: &Location,
    clock: Clock,
) -> Result<u64, OperatorError> {
    abbreviated.moment(fields, location, clock).map_err(|error| {
        let zone = match fields.zone {
            go_layout::ZoneInText::Abbreviation(abbreviation) => abbreviation,
            _ => "",
        };
        OperatorError::failed(format!("failed to load location {zone}: {error}"))
    })
}

/// The location of the first abbreviation in the text that is configured: two to five capitals between
/// characters that are part of no word.
fn location_named_in<'l>(text: &str, locations: &'l BTreeMap<String, Location>) -> Option<&'l Location> {
    if locations.is_empty() {
        return None;
    }
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    text.split(|character| !is_word(character))
        .filter(|word| (2..=5).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase()))
        .find_map(|word| locations.get(word))
}

/// Fractions of seconds are only those behind a point or comma: other nines are a mistake.
fn check_go_fractions(layout: &str) -> Result<(), String> {
    let mut before = None;
    for (at, character) in layout.char_indices() {
        if character == '9'
            && let Some((start, previous)) = before
            && !matches!(previous, '.' | ',' | '9')
        {
            let nines = layout.get(at..).unwrap_or_default().bytes().take_while(|byte| *byte == b'9').count();
            let directive = layout.get(start..at + nines).unwrap_or_default();
            return Err(format!(
                "invalid gotime layout: invalid fractional seconds directive: '{directive}'. must be preceded with \
                 '.' or ','"
            ));
        }
        before = Some((at, character));
    }
    Ok(())
}

/// The error of blocks inside parsers whose field an entry does not have.
pub(super) fn missing_field(field: &Field) -> OperatorError {
    let message = "log entry does not have the expected parse_from field";
    OperatorError::MissingField { message, field: field.to_string() }
}

#[cfg(test)]
mod tests;
