//! The dimensions that spans are told apart by without being configured.

use super::config::SpanMetricsConfig;
use super::dimensions::put_sized;
use crate::metric_streams::{StreamHasher, StreamId};
use crate::otlp::{AnyValueView, ScopeView, Text};
use crate::telemetry::random_uuid;

const SERVICE_NAME: &str = "service.name";
const SPAN_NAME: &str = "span.name";
const SPAN_KIND: &str = "span.kind";
const STATUS_CODE: &str = "status.code";
const INSTANCE_ID: &str = "collector.instance.id";
const SCOPE_NAME: &str = "span.instrumentation.scope.name";
const SCOPE_VERSION: &str = "span.instrumentation.scope.version";
const SAMPLING_METHOD: &str = "sampling.method";

/// By `SpanKind`; a number that is none has the empty text behind them.
const SPAN_KINDS: [&str; 7] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
    "",
];

/// By `StatusCode`, in the same way.
const STATUS_CODES: [&str; 4] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR", ""];

/// What a span says of the standard dimensions.
#[derive(Debug, Clone, Copy)]
pub struct SpanFacts<'a> {
    /// What it did.
    pub name: Text<'a>,
    /// Its `SpanKind`.
    pub kind: i32,
    /// Its `StatusCode`.
    pub status_code: i32,
    /// True where its trace state says how many spans it stands for.
    pub is_extrapolated: bool,
}

/// Which of the standard dimensions there are.
#[derive(Debug)]
pub struct StandardDimensions {
    has_service_name: bool,
    has_span_name: bool,
    has_span_kind: bool,
    has_status_code: bool,
    has_sampling_method: bool,
    instance_id: Option<String>,
    scopes: Vec<String>,
}

impl StandardDimensions {
    /// Those a configuration asks for, with an instance id of their own.
    pub fn of(config: &SpanMetricsConfig) -> Self {
        let has = |key: &str| !config.exclude_dimensions.iter().any(|excluded| excluded == key);
        Self {
            has_service_name: has(SERVICE_NAME),
            has_span_name: has(SPAN_NAME),
            has_span_kind: has(SPAN_KIND),
            has_status_code: has(STATUS_CODE),
            has_sampling_method: config.enable_metrics_sampling_method,
            instance_id: has(INSTANCE_ID).then(random_uuid),
            scopes: config.include_instrumentation_scope.clone(),
        }
    }

    /// The fingerprint of the dimension that comes from the resource.
    pub fn identify_service(&self, hasher: &StreamHasher, service_name: Text<'_>) -> StreamId {
        if !self.has_service_name {
            return StreamId::NO_ATTRIBUTES;
        }
        text_fingerprint(hasher, SERVICE_NAME, service_name.as_bytes())
    }

    /// The fingerprint of the dimensions that come from the scope.
    pub fn identify_scope(&self, hasher: &StreamHasher, scope: ScopeView<'_>) -> StreamId {
        if !self.includes(scope) {
            return StreamId::NO_ATTRIBUTES;
        }
        text_fingerprint(hasher, SCOPE_NAME, scope.name.as_bytes()).with(text_fingerprint(
            hasher,
            SCOPE_VERSION,
            scope.version.as_bytes(),
        ))
    }

    /// Appends what tells the span apart to the key of its series.
    pub fn put_key(&self, span: &SpanFacts<'_>, key: &mut Vec<u8>) {
        if self.has_span_name {
            put_sized(key, span.name.as_bytes());
        }
        if self.has_span_kind {
            key.push(place_of::<{ SPAN_KINDS.len() }>(span.kind) as u8);
        }
        if self.has_status_code {
            key.push(place_of::<{ STATUS_CODES.len() }>(span.status_code) as u8);
        }
        if self.has_sampling_method {
            key.push(u8::from(span.is_extrapolated));
        }
    }

    /// Calls `put` with key and text of each dimension.
    pub fn describe(
        &self,
        service_name: Text<'_>,
        scope: ScopeView<'_>,
        span: &SpanFacts<'_>,
        mut put: impl FnMut(&str, &str),
    ) {
        if self.has_service_name {
            put(SERVICE_NAME, &service_name.to_str());
        }
        if self.has_span_name {
            put(SPAN_NAME, &span.name.to_str());
        }
        if self.has_span_kind {
            put(SPAN_KIND, by_number(&SPAN_KINDS, span.kind));
        }
        if self.has_status_code {
            put(STATUS_CODE, by_number(&STATUS_CODES, span.status_code));
        }
        if let Some(instance_id) = &self.instance_id {
            put(INSTANCE_ID, instance_id);
        }
        if self.includes(scope) {
            put(SCOPE_NAME, &scope.name.to_str());
            if !scope.version.is_empty() {
                put(SCOPE_VERSION, &scope.version.to_str());
            }
        }
        if self.has_sampling_method {
            put(SAMPLING_METHOD, method_name(span.is_extrapolated));
        }
    }

    fn includes(&self, scope: ScopeView<'_>) -> bool {
        !scope.name.is_empty() && self.scopes.iter().any(|name| scope.name == **name)
    }
}

const fn method_name(is_extrapolated: bool) -> &'static str {
    if is_extrapolated { "extrapolated" } else { "counted" }
}

/// The word for an enumeration's number; the last one where the enumeration does not have it.
fn by_number<const N: usize>(words: &[&'static str; N], number: i32) -> &'static str {
    #[expect(clippy::indexing_slicing, reason = "the place is below the length")]
    words[place_of::<N>(number)]
}

fn place_of<const N: usize>(number: i32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX).min(N - 1)
}

fn text_fingerprint(hasher: &StreamHasher, key: &str, text: &[u8]) -> StreamId {
    hasher.attribute(key.as_bytes(), AnyValueView::String(Text::new(text)))
}
