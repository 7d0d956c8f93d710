//! The endpoints, a file for each group of them.

mod attributes;
mod logs;
mod map;
mod metrics;
mod services;
mod span_tree;
mod status;
mod time_series;
mod traces;

use super::router::{Endpoint, question};

/// Every endpoint below [`API`](super::router::API), but for the description itself.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        question("/status", &[], status::status),
        question("/services", &["from", "to"], services::services),
        question("/services/{name}/operations", &["from", "to"], services::operations),
        question("/map", &["from", "to"], map::map),
        question("/traces", traces::PARAMETERS, traces::traces),
        question("/traces/{id}", &[], traces::trace),
        question("/traces/{id}/otlp", &[], traces::trace_as_otlp),
        question("/logs", &["from", "to", "q", "limit", "before"], logs::logs),
        question("/logs/histogram", &["from", "to", "q", "step_ms"], logs::histogram),
        question("/logs/facets", &["from", "to", "q", "keys", "values"], logs::facets),
        question("/fields", &["signal", "from", "to"], logs::fields),
        question("/metrics", &["from", "to"], metrics::metrics),
        question("/metrics/query", metrics::PARAMETERS, metrics::query),
    ]
}
