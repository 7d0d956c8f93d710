//! The components whose cost above pass-through is measured: how each is configured, and on which load.

use clap::ValueEnum;

use crate::case::{Case, Pipeline, Signal};
use crate::payload::Payload;
use crate::subject::Subject;

/// A component with one configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Component {
    /// `resource`: one attribute set on every resource.
    ResourceUpsert,
    /// `attributes`: one attribute added to every span.
    AttributesInsert,
    /// `attributes`: one attribute taken from every span.
    AttributesDelete,
    /// `dimensions`: two of six attributes taken from every data point, equal points added up. The Collector has no such
    /// component; what comes nearest is `aggregate_labels` of `metricstransform`.
    DroppedDimensions,
    /// `cumulativetodelta` with its defaults.
    CumulativeToDelta,
    /// `spanmetrics` with its defaults, let out every second; the spans go on as they are.
    SpanMetrics,
}

/// A load, and what is measured on it beside pass-through.
pub struct Measured {
    /// The load in words.
    pub load: &'static str,
    /// What it is without a component.
    pub pass_through: Case,
    /// The components.
    pub components: &'static [Component],
}

/// Everything that is measured.
pub const fn measured() -> [Measured; 5] {
    const fn direct(signal: Signal, payload: Payload) -> Case {
        Case { signal, payload, pipeline: Pipeline::Direct(None), ..Case::BASE }
    }
    [
        Measured {
            load: "spans as above",
            pass_through: direct(Signal::Traces, Payload::Usual),
            components: &[
                Component::ResourceUpsert,
                Component::AttributesInsert,
                Component::AttributesDelete,
            ],
        },
        Measured {
            load: "points of six attributes",
            pass_through: direct(Signal::Metrics, Payload::SixAttributes),
            components: &[Component::DroppedDimensions],
        },
        Measured {
            load: "sums of 10,000 series",
            pass_through: direct(Signal::Metrics, Payload::Series),
            components: &[Component::CumulativeToDelta],
        },
        Measured {
            load: "spans of 10 operations",
            pass_through: direct(Signal::Traces, Payload::TenOperations),
            components: &[Component::SpanMetrics],
        },
        Measured {
            load: "spans of 1,000 operations",
            pass_through: direct(Signal::Traces, Payload::ThousandOperations),
            components: &[Component::SpanMetrics],
        },
    ]
}

impl Component {
    /// Whether as many items come out as go in.
    pub const fn keeps_all_items(self) -> bool {
        !matches!(self, Self::DroppedDimensions | Self::CumulativeToDelta)
    }

    /// Whether it stands between a pipeline of traces and one of metrics.
    pub const fn is_connector(self) -> bool {
        matches!(self, Self::SpanMetrics)
    }

    /// What it does, for the table.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::ResourceUpsert => "one attribute upserted",
            Self::AttributesInsert => "one attribute inserted",
            Self::AttributesDelete => "one attribute deleted",
            Self::DroppedDimensions => "two of six attributes dropped",
            Self::CumulativeToDelta | Self::SpanMetrics => "defaults",
        }
    }

    /// What it is in `subject`: its type and its configuration.
    pub const fn configured_for(self, subject: Subject) -> (&'static str, &'static str) {
        match (self, subject) {
            (Self::ResourceUpsert, _) => {
                ("resource", "{attributes: [{key: service.namespace, value: shop, action: upsert}]}")
            }
            (Self::AttributesInsert, _) => {
                ("attributes", "{actions: [{key: cloud.region, value: eu-central-1, action: insert}]}")
            }
            (Self::AttributesDelete, _) => ("attributes", "{actions: [{key: url.path, action: delete}]}"),
            (Self::DroppedDimensions, Subject::Weir) => {
                ("dimensions", "{metrics: [{name: \"*\", drop: [server.address, k8s.pod.name]}]}")
            }
            (Self::DroppedDimensions, _) => (
                "metricstransform",
                "{transforms: [{include: .*, match_type: regexp, action: update, operations: [{action: \
                 aggregate_labels, label_set: [http.request.method, http.route, url.scheme, \
                 http.response.status_code], aggregation_type: sum}]}]}",
            ),
            (Self::CumulativeToDelta, _) => ("cumulativetodelta", "{}"),
            (Self::SpanMetrics, _) => ("spanmetrics", "{metrics_flush_interval: 1s}"),
        }
    }
}
