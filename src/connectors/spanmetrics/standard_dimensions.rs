//! The dimensions that spans are told apart by without being configured.

use super::config::SpanMetricsConfig;
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

/// Which of the standard dimensions there are, with the fingerprints of those with few values.
#[derive(Debug)]
pub struct StandardDimensions {
    has_service_name: bool,
    has_span_name: bool,
    /// None where the dimension is left out.
    kinds: Option<[StreamId; 7]>,
    status_codes: Option<[StreamId; 4]>,
    sampling_methods: Option<[StreamId; 2]>,
    instance_id: Option<String>,
    scopes: Vec<String>,
}

impl StandardDimensions {
    /// Those a configuration asks for, with an instance id of their own.
    pub fn of(config: &SpanMetricsConfig, hasher: &StreamHasher) -> Self {
        let has = |key: &str| !config.exclude_dimensions.iter().any(|excluded| excluded == key);
        let id = |key: &str, text: &str| text_fingerprint(hasher, key, text.as_bytes());
        Self {
            has_service_name: has(SERVICE_NAME),
            has_span_name: has(SPAN_NAME),
            kinds: has(SPAN_KIND).then(|| SPAN_KINDS.map(|kind| id(SPAN_KIND, kind))),
            status_codes: has(STATUS_CODE).then(|| STATUS_CODES.map(|code| id(STATUS_CODE, code))),
            sampling_methods: config.enable_metrics_sampling_method.then(|| {
                [false, true].map(|is_extrapolated| id(SAMPLING_METHOD, method_name(is_extrapolated)))
            }),
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

    /// The fingerprint of the dimensions that come from the span.
    pub fn identify_span(&self, hasher: &StreamHasher, span: &SpanFacts<'_>) -> StreamId {
        let mut id = match self.has_span_name {
            true => text_fingerprint(hasher, SPAN_NAME, span.name.as_bytes()),
            false => StreamId::NO_ATTRIBUTES,
        };
        if let Some(kinds) = &self.kinds {
            id = id.with(by_number(kinds, span.kind));
        }
        if let Some(codes) = &self.status_codes {
            id = id.with(by_number(codes, span.status_code));
        }
        if let Some([counted, extrapolated]) = self.sampling_methods {
            id = id.with(if span.is_extrapolated { extrapolated } else { counted });
        }
        id
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
        if self.kinds.is_some() {
            put(SPAN_KIND, by_number(&SPAN_KINDS, span.kind));
        }
        if self.status_codes.is_some() {
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
        if self.sampling_methods.is_some() {
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

/// The element for an enumeration's number; the last one where the enumeration does not have it.
fn by_number<T: Copy, const N: usize>(elements: &[T; N], number: i32) -> T {
    let place = usize::try_from(number).unwrap_or(usize::MAX).min(N - 1);
    #[expect(clippy::indexing_slicing, reason = "the place is below the length")]
    elements[place]
}

fn text_fingerprint(hasher: &StreamHasher, key: &str, text: &[u8]) -> StreamId {
    hasher.attribute(key.as_bytes(), AnyValueView::String(Text::new(text)))
}
