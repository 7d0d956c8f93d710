//! `include` and `exclude` as users write them, and which fields belong to which signal.

use crate::config::Anything;
use crate::config_section;
use crate::otlp::Signal;

config_section! {
    /// What a record has to be like: all fields written have to match.
    pub struct MatchProperties {
        /// How texts are compared: `strict` (equal) or `regexp` (found by a regular expression in Go's syntax).
        pub match_type: String = String::new(),
        /// Taken for compatibility, without effect on what matches.
        pub regexp: Option<RegexpCacheConfig> = None,
        /// Spans: one of these is the resource's `service.name`; without one that is `<nil-service-name>`.
        pub services: Vec<String> = Vec::new(),
        /// Spans: one of these is the name.
        pub span_names: Vec<String> = Vec::new(),
        /// Spans: one of these is the kind: `SPAN_KIND_INTERNAL`, `SPAN_KIND_SERVER`, `SPAN_KIND_CLIENT`,
        /// `SPAN_KIND_PRODUCER` or `SPAN_KIND_CONSUMER`.
        pub span_kinds: Vec<String> = Vec::new(),
        /// Log records: one of these is the body as text.
        pub log_bodies: Vec<String> = Vec::new(),
        /// Log records: one of these is the severity text.
        pub log_severity_texts: Vec<String> = Vec::new(),
        /// Log records: how severe they are at least.
        pub log_severity_number: Option<SeverityConfig> = None,
        /// Metrics: one of these is the name.
        pub metric_names: Vec<String> = Vec::new(),
        /// Spans and log records: all of these are among the attributes.
        pub attributes: Vec<AttributeCondition> = Vec::new(),
        /// All of these are among the attributes of the resource.
        pub resources: Vec<AttributeCondition> = Vec::new(),
        /// Spans and log records: each of these matches the scope.
        pub libraries: Vec<LibraryCondition> = Vec::new(),
    }
}

config_section! {
    /// How much of what was matched is remembered.
    pub struct RegexpCacheConfig {
        /// Taken for compatibility, without effect.
        pub cacheenabled: bool = false,
        /// Taken for compatibility, without effect.
        pub cachemaxnumentries: i64 = 0,
    }
}

config_section! {
    /// How severe log records are at least.
    pub struct SeverityConfig {
        /// The lowest severity number that matches: 1 to 24.
        pub min: i32 = 0,
        /// Whether log records without a severity number match.
        pub match_undefined: bool = false,
    }
}

config_section! {
    /// An attribute that has to be there.
    pub struct AttributeCondition {
        /// The attribute's key.
        pub key: String = String::new(),
        /// Its value; without one any will do. With `match_type: regexp` a regular expression.
        pub value: Anything = Anything::default(),
    }
}

config_section! {
    /// What the scope has to be.
    pub struct LibraryCondition {
        /// Its name.
        pub name: String = String::new(),
        /// Its version; without one any will do, and an empty one is that of scopes without a version.
        pub version: Option<String> = None,
    }
}

impl MatchProperties {
    /// Whether the fields written are of use for records of `signal`.
    pub(super) fn check_for(&self, signal: Signal) -> Result<(), String> {
        match signal {
            Signal::Traces => self.check_for_spans(),
            Signal::Metrics => self.check_for_metrics(),
            Signal::Logs => self.check_for_logs(),
        }
    }

    fn check_for_spans(&self) -> Result<(), String> {
        for (field, is_written) in [
            ("log_bodies", !self.log_bodies.is_empty()),
            ("log_severity_texts", !self.log_severity_texts.is_empty()),
            ("log_severity_number", self.log_severity_number.is_some()),
            ("metric_names", !self.metric_names.is_empty()),
        ] {
            if is_written {
                return Err(format!("{field} should not be specified for trace spans"));
            }
        }
        let names_nothing =
            self.services.is_empty() && self.span_names.is_empty() && self.span_kinds.is_empty();
        if names_nothing && !self.has_common_field() {
            return Err("at least one of \"attributes\", \"libraries\",  or \"resources\" field must be \
                        specified"
                .to_owned());
        }
        let is_standard = |kind: &String| STANDARD_SPAN_KINDS.contains(&kind.as_str());
        if self.match_type == "strict" && !self.span_kinds.iter().all(is_standard) {
            return Err(format!(
                "span_kinds string must match one of the standard span kinds when match_type=strict: [{}]",
                STANDARD_SPAN_KINDS.join(" ")
            ));
        }
        Ok(())
    }

    fn check_for_logs(&self) -> Result<(), String> {
        let is_for_spans =
            !self.services.is_empty() || !self.span_names.is_empty() || !self.span_kinds.is_empty();
        if is_for_spans || !self.metric_names.is_empty() {
            return Err(
                "services, span_names, span_kinds and metric_names are not valid for log records".to_owned()
            );
        }
        let names_nothing = self.log_bodies.is_empty()
            && self.log_severity_texts.is_empty()
            && self.log_severity_number.is_none();
        if names_nothing && !self.has_common_field() {
            return Err("at least one of \"attributes\", \"libraries\", \"span_kinds\", \"resources\", \
                        \"log_bodies\", \"log_severity_texts\" or \"log_severity_number\" field must be \
                        specified"
                .to_owned());
        }
        Ok(())
    }

    fn check_for_metrics(&self) -> Result<(), String> {
        let is_for_spans =
            !self.services.is_empty() || !self.span_names.is_empty() || !self.span_kinds.is_empty();
        let is_for_logs = !self.log_bodies.is_empty()
            || !self.log_severity_texts.is_empty()
            || self.log_severity_number.is_some();
        if is_for_spans || is_for_logs || !self.attributes.is_empty() || !self.libraries.is_empty() {
            return Err("\"span_names\", \"span_kinds\", \"log_bodies\", \"log_severity_texts\", \
                        \"log_severity_number\", \"services\", \"attributes\" and \"libraries\" are not \
                        valid for metrics"
                .to_owned());
        }
        if self.metric_names.is_empty() && self.resources.is_empty() {
            return Err(
                "at least one of \"metric_names\" or \"resources\" field must be specified".to_owned()
            );
        }
        Ok(())
    }

    const fn has_common_field(&self) -> bool {
        !self.attributes.is_empty() || !self.libraries.is_empty() || !self.resources.is_empty()
    }
}

const STANDARD_SPAN_KINDS: [&str; 5] = [
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_CONSUMER",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_SERVER",
];
