//! Processor `groupbyattrs`: moves attributes from records to their resource, and puts what is of one
//! resource and scope together.
//!
//! Differs from the Collector where that would lose or mix up what was sent: schema URLs are kept and tell
//! groups apart, scopes are told apart by their attributes too, and metrics by unit, temporality and
//! monotonicity as well as by name and type.

mod grouped;
mod regrouping;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::regrouping::Regrouping;
use crate::config_section;
use crate::otlp::{Batch, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Consumer, ProcessorType, Refusal, Settings, Stability,
};
use crate::telemetry::{Counter, Histogram, component_span, instruments};

config_section! {
    /// Moves attributes from spans, log records and data points to their resource, and merges the groups of a
    /// batch that have the same resource and scope. Works best behind `batch`.
    pub struct GroupByAttrsConfig {
        /// The attributes to move. A record that has one or more of them goes to a resource with the attributes
        /// of its own and these; where both have a key the record's value is taken. A record without any stays
        /// with its resource. Without keys groups are merged and no more.
        pub keys: Vec<String> = Vec::new(),
    }
}

/// The type `groupbyattrs` among processors.
pub struct GroupByAttrs {
    /// Each once and none empty.
    keys: Vec<Box<[u8]>>,
    next: Arc<dyn Consumer>,
    grouped: Counter,
    not_grouped: Counter,
    groups: Histogram,
}

impl ProcessorType for GroupByAttrs {
    const TYPE: &'static str = "groupbyattrs";
    const ALIASES: &'static [&'static str] = &["group_by_attrs"];
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Beta),
        (Signal::Metrics, Stability::Beta),
        (Signal::Logs, Stability::Beta),
    ];
    type Config = GroupByAttrsConfig;

    fn create(
        config: Arc<GroupByAttrsConfig>,
        settings: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        let signal = settings.signal.ok_or_else(|| BuildError("a processor needs a signal".to_owned()))?;
        let mut keys: Vec<Box<[u8]>> = Vec::new();
        for key in config.keys.iter().filter(|key| !key.is_empty()) {
            let bytes = Box::from(key.as_bytes());
            if keys.contains(&bytes) {
                let span = component_span(&settings, "processor");
                tracing::warn!(parent: &span, key, "A grouping key is already present");
            } else {
                keys.push(bytes);
            }
        }
        let id = settings.id.to_string();
        let of_this = [("processor", id.as_str())];
        let (telemetry, bounds) = (&settings.telemetry, &instruments::DEFAULT_BOUNDS);
        Ok(Arc::new(Self {
            keys,
            next,
            grouped: telemetry.counter(instruments::groupbyattrs_grouped(signal), &of_this),
            not_grouped: telemetry.counter(instruments::groupbyattrs_not_grouped(signal), &of_this),
            groups: telemetry.histogram(instruments::groupbyattrs_groups(signal), &of_this, bounds),
        }))
    }
}

impl Component for GroupByAttrs {}

impl Consumer for GroupByAttrs {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        let mut regrouping = Regrouping::new(&self.keys, batch.signal());
        regrouping.take_in(&batch);
        self.grouped.add(regrouping.grouped);
        self.not_grouped.add(regrouping.not_grouped);
        let (body, groups) = regrouping.into_body();
        self.groups.record(groups as f64);
        let regrouped = match body.is_empty() {
            true => Batch::empty(batch.signal()),
            false => Batch::from_valid_part(batch.signal(), body, batch.items()),
        };
        self.next.consume(regrouped.with_client(batch.client().cloned()))
    }
}
