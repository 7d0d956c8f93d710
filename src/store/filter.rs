//! Which items are meant: conditions that all hold.

pub mod matching;
pub mod query_text;

/// Conditions that all hold; none holds for everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// The conditions.
    pub conditions: Vec<Condition>,
}

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What is looked at.
    pub field: Field,
    /// What must hold of it.
    pub test: Test,
    /// True where it must not hold. Items without the field then fit.
    pub negated: bool,
}

/// What can be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The attribute of the item; where it has none of that key, of its scope, and then of its resource.
    Attribute(String),
    /// `service.name` of the resource, or `unknown_service` where there is none or an empty one.
    Service,
    /// The name of a span, or the event name of a record.
    Name,
    /// The body of a record, as text.
    Body,
    /// `internal`, `server`, `client`, `producer`, `consumer` or `unspecified`, of a span.
    Kind,
    /// `unset`, `ok` or `error`, of a span.
    Status,
    /// The duration of a span in milliseconds.
    DurationMilliseconds,
    /// `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `unspecified`, of a record; numbers are compared with the
    /// severity number.
    Severity,
    /// The trace id in lower-case hexadecimal.
    TraceId,
    /// The span id in lower-case hexadecimal.
    SpanId,
    /// The name of the scope.
    Scope,
}

/// What must hold of a field. Values are compared as text as OTLP's AnyValue is written as text (whole numbers in
/// decimal, `true`, lists as JSON), numbers as doubles; a text that is a number is compared as that number.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It is there.
    Exists,
    /// It is this text, also where it is a number: `200` is not `200.0`. Upper and lower case differ.
    Equals(String),
    /// It has this text somewhere. Upper and lower case of ASCII letters are the same.
    Contains(String),
    /// It is a number below this.
    Below(f64),
    /// It is a number not above this.
    AtMost(f64),
    /// It is a number above this.
    Above(f64),
    /// It is a number not below this.
    AtLeast(f64),
}
