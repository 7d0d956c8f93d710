//! One `include` or `exclude` section at work.

use std::borrow::Cow;

use super::MatchProperties;
use super::condition::{AttributeTest, TextCondition};
use super::config::{AttributeCondition, LibraryCondition};
use crate::otlp::{AnyValueView, LogRecordView, MetricView, ResourceView, ScopeView, Signal, SpanView, View};

/// What records have to be like.
#[derive(Debug)]
pub(super) struct Matcher {
    services: Option<TextCondition>,
    resources: Vec<AttributeTest>,
    libraries: Vec<Library>,
    record: RecordCondition,
}

/// The conditions on the record itself; all have to match.
#[derive(Debug)]
enum RecordCondition {
    Span {
        names: Option<TextCondition>,
        kinds: Option<TextCondition>,
        attributes: Vec<AttributeTest>,
    },
    LogRecord {
        bodies: Option<TextCondition>,
        severity_texts: Option<TextCondition>,
        severity: Option<Severity>,
        attributes: Vec<AttributeTest>,
    },
    Metric {
        names: Option<TextCondition>,
    },
}

#[derive(Debug)]
struct Library {
    name: TextCondition,
    version: Option<TextCondition>,
}

#[derive(Debug)]
struct Severity {
    min: i32,
    match_undefined: bool,
}

impl Matcher {
    pub(super) fn compile(signal: Signal, properties: &MatchProperties) -> Result<Self, String> {
        properties.check_for(signal)?;
        let compiling = Compiling { match_type: &properties.match_type };
        let libraries = compiling.libraries(&properties.libraries)?;
        let attributes = compiling.attributes(&properties.attributes, "attribute")?;
        let resources = compiling.attributes(&properties.resources, "resource")?;
        let services = compiling.texts(&properties.services, "service name")?;
        let record = match signal {
            Signal::Traces => RecordCondition::Span {
                names: compiling.texts(&properties.span_names, "span name")?,
                kinds: compiling.texts(&properties.span_kinds, "span kind")?,
                attributes,
            },
            Signal::Logs => RecordCondition::LogRecord {
                bodies: compiling.texts(&properties.log_bodies, "log record body")?,
                severity_texts: compiling
                    .texts(&properties.log_severity_texts, "log record severity text")?,
                severity: properties.log_severity_number.as_ref().map(|severity| Severity {
                    min: severity.min,
                    match_undefined: severity.match_undefined,
                }),
                attributes,
            },
            Signal::Metrics => {
                RecordCondition::Metric { names: compiling.texts(&properties.metric_names, "metric name")? }
            }
        };
        Ok(Self { services, resources, libraries, record })
    }

    /// Whether resource and scope match.
    pub(super) fn matches_above(&self, resource: ResourceView<'_>, scope: ScopeView<'_>) -> bool {
        let service_matches = |services: &TextCondition| match resource.attributes.get("service.name") {
            Some(service) => services.matches(&text_of(service)),
            None => services.matches(b"<nil-service-name>"),
        };
        self.services.as_ref().is_none_or(service_matches)
            && self.libraries.iter().all(|library| library.matches(scope))
            && self.resources.iter().all(|test| test.matches(resource.attributes))
    }

    /// False where resource and scope say it all.
    pub(super) const fn looks_at_records(&self) -> bool {
        match &self.record {
            RecordCondition::Span { names, kinds, attributes } => {
                names.is_some() || kinds.is_some() || !attributes.is_empty()
            }
            RecordCondition::LogRecord { bodies, severity_texts, severity, attributes } => {
                bodies.is_some() || severity_texts.is_some() || severity.is_some() || !attributes.is_empty()
            }
            RecordCondition::Metric { names } => names.is_some(),
        }
    }

    /// Whether an encoded record matches, resource and scope apart.
    pub(super) fn matches_record(&self, record: &[u8]) -> bool {
        match &self.record {
            RecordCondition::Span { names, kinds, attributes } => {
                let span = SpanView::parse(record);
                names.as_ref().is_none_or(|names| names.matches(span.name.as_bytes()))
                    && kinds.as_ref().is_none_or(|kinds| kinds.matches(span_kind_name(span.kind).as_bytes()))
                    && attributes.iter().all(|test| test.matches(span.attributes))
            }
            RecordCondition::LogRecord { bodies, severity_texts, severity, attributes } => {
                let log_record = LogRecordView::parse(record);
                let severity_text = log_record.severity_text.as_bytes();
                bodies.as_ref().is_none_or(|bodies| bodies.matches(&text_of(log_record.body)))
                    && severity_texts.as_ref().is_none_or(|texts| texts.matches(severity_text))
                    && severity.as_ref().is_none_or(|severity| severity.matches(log_record.severity_number))
                    && attributes.iter().all(|test| test.matches(log_record.attributes))
            }
            RecordCondition::Metric { names } => {
                names.as_ref().is_none_or(|names| names.matches(MetricView::parse(record).name.as_bytes()))
            }
        }
    }
}

impl Library {
    fn matches(&self, scope: ScopeView<'_>) -> bool {
        let version_matches = |version: &TextCondition| version.matches(scope.version.as_bytes());
        self.name.matches(scope.name.as_bytes()) && self.version.as_ref().is_none_or(version_matches)
    }
}

impl Severity {
    const fn matches(&self, severity_number: i32) -> bool {
        if severity_number == 0 { self.match_undefined } else { severity_number >= self.min }
    }
}

struct Compiling<'a> {
    match_type: &'a str,
}

impl Compiling<'_> {
    /// None where no text is written: then any will do.
    fn texts(&self, texts: &[String], of: &str) -> Result<Option<TextCondition>, String> {
        if texts.is_empty() {
            return Ok(None);
        }
        let condition = TextCondition::compile(self.match_type, texts);
        condition.map(Some).map_err(|problem| format!("error creating {of} filters: {problem}"))
    }

    fn attributes(&self, conditions: &[AttributeCondition], of: &str) -> Result<Vec<AttributeTest>, String> {
        let tests = conditions.iter().map(|condition| AttributeTest::compile(self.match_type, condition));
        tests.collect::<Result<_, _>>().map_err(|problem| format!("error creating {of} filters: {problem}"))
    }

    fn libraries(&self, conditions: &[LibraryCondition]) -> Result<Vec<Library>, String> {
        let mut libraries = Vec::new();
        for condition in conditions {
            let name = TextCondition::compile(self.match_type, &[&condition.name])
                .map_err(|problem| format!("error creating library name filters: {problem}"))?;
            let version = condition.version.as_ref();
            let version = version
                .map(|version| TextCondition::compile(self.match_type, &[version]))
                .transpose()
                .map_err(|problem| format!("error creating library version filters: {problem}"))?;
            libraries.push(Library { name, version });
        }
        Ok(libraries)
    }
}

fn text_of(value: AnyValueView<'_>) -> Cow<'_, [u8]> {
    match value {
        AnyValueView::String(text) => Cow::Borrowed(text.as_bytes()),
        other => Cow::Owned(other.to_text().into_bytes()),
    }
}

/// The name of a `SpanKind` in the specification; empty for a number it does not have.
const fn span_kind_name(kind: i32) -> &'static str {
    match kind {
        0 => "SPAN_KIND_UNSPECIFIED",
        1 => "SPAN_KIND_INTERNAL",
        2 => "SPAN_KIND_SERVER",
        3 => "SPAN_KIND_CLIENT",
        4 => "SPAN_KIND_PRODUCER",
        5 => "SPAN_KIND_CONSUMER",
        _ => "",
    }
}
