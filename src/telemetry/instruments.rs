//! Every instrument Weir has, declared once.

use super::{InstrumentDescription, InstrumentKind};

/// Declares instruments: a name in Rust, the name on the wire, the unit and what is counted.
macro_rules! instruments {
    ($($name:ident: $kind:ident $wire_name:literal [$unit:literal] $text:literal;)*) => {
        $(
            #[doc = $text]
            pub static $name: InstrumentDescription = InstrumentDescription {
                name: $wire_name,
                kind: InstrumentKind::$kind,
                unit: $unit,
                description: $text,
            };
        )*
        /// Every instrument, for the reference.
        pub static ALL: &[&InstrumentDescription] = &[$(&$name),*];
    };
}

instruments! {
    RECEIVER_ACCEPTED_SPANS: Counter "otelcol_receiver_accepted_spans" ["{spans}"]
        "Number of spans successfully pushed into the pipeline.";
    RECEIVER_ACCEPTED_METRIC_POINTS: Counter "otelcol_receiver_accepted_metric_points" ["{datapoints}"]
        "Number of metric points successfully pushed into the pipeline.";
    RECEIVER_ACCEPTED_LOG_RECORDS: Counter "otelcol_receiver_accepted_log_records" ["{records}"]
        "Number of log records successfully pushed into the pipeline.";
    RECEIVER_REFUSED_SPANS: Counter "otelcol_receiver_refused_spans" ["{spans}"]
        "Number of spans that could not be pushed into the pipeline.";
    RECEIVER_REFUSED_METRIC_POINTS: Counter "otelcol_receiver_refused_metric_points" ["{datapoints}"]
        "Number of metric points that could not be pushed into the pipeline.";
    RECEIVER_REFUSED_LOG_RECORDS: Counter "otelcol_receiver_refused_log_records" ["{records}"]
        "Number of log records that could not be pushed into the pipeline.";
}
