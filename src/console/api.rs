//! The endpoints, a file for each group of them.

mod alarms;
mod attributes;
mod dashboards;
mod demo;
mod hosts;
mod live;
mod logs;
mod map;
mod metrics;
mod pipelines;
mod services;
mod span_tree;
mod status;
mod tail;
mod tap;
mod time_series;
mod traces;

pub use self::metrics::aggregation_words;
use super::router::{Endpoint, change, question, stream};

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
        stream("/logs/tail", &["q"], tail::tail),
        question("/fields", &["signal", "from", "to"], logs::fields),
        question("/metrics", &["from", "to"], metrics::metrics),
        question("/metrics/query", metrics::PARAMETERS, metrics::query),
        question("/hosts", &["from", "to"], hosts::hosts),
        question("/alarms", &[], alarms::alarms),
        question("/alarms/history", &["from", "to", "name", "limit"], alarms::history),
        question("/dashboards", &["from", "to"], dashboards::dashboards),
        question("/dashboards/{*id}", &["from", "to"], dashboards::dashboard),
        question("/pipelines", &[], pipelines::pipelines),
        stream("/pipelines/live", &[], live::live),
        stream("/pipelines/tap", &["edge", "q"], tap::tap),
        question("/config", &[], pipelines::config),
        change("/demo", demo::demo),
    ]
}
