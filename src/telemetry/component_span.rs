//! The fields by which each log line says which component wrote it.
//!
//! A component makes its span once, when it is created, and names it in every line:
//!
//! ```text
//! let span = component_span(&settings, "exporter");
//! tracing::warn!(parent: &span, error = %refusal, "Partial success response");
//! ```
//!
//! A task that is a component's own may instead run `.instrument(span)`; then plain lines carry the
//! fields too. A batch runs through components in one task, so in `consume` the span must be named.

use tracing::Span;

use crate::pipeline::Settings;

/// The span of a component; `kind` is `receiver`, `processor`, `exporter`, `connector` or `extension`.
pub fn component_span(settings: &Settings, kind: &'static str) -> Span {
    let pipeline = settings.pipeline.as_ref().map(tracing::field::display);
    // At the highest level, so that no level of logging turns the fields off.
    tracing::error_span!(
        "component",
        otelcol.component.id = %settings.id,
        otelcol.component.kind = kind,
        otelcol.pipeline.id = pipeline,
        otelcol.signal = settings.signal.map(crate::otlp::Signal::name),
    )
}
