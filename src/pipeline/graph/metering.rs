//! Counting what passes each edge of the graph: items and bytes, by outcome.

use std::sync::Arc;

use crate::otlp::{Batch, Signal};
use crate::pipeline::{BoxFuture, Consumer, Refusal, Settings};
use crate::telemetry::{Counter, InstrumentDescription, instruments};

/// The counters of one end of an edge.
pub struct Metering {
    succeeded: EdgeCounters,
    refused: EdgeCounters,
    /// The Collector's older count of what enters or leaves a processor.
    processor_items: Option<Counter>,
}

struct EdgeCounters {
    items: Counter,
    bytes: Counter,
}

type Instruments = (&'static InstrumentDescription, &'static InstrumentDescription);

impl Metering {
    /// What a receiver hands on.
    pub fn of_receiver(settings: &Settings, signal: Signal) -> Self {
        let instruments = (&instruments::RECEIVER_PRODUCED_ITEMS, &instruments::RECEIVER_PRODUCED_SIZE);
        Self::new(settings, "receiver", signal, instruments)
    }

    /// What a processor is handed.
    pub fn of_processor(settings: &Settings, signal: Signal) -> Self {
        let instruments = (&instruments::PROCESSOR_CONSUMED_ITEMS, &instruments::PROCESSOR_CONSUMED_SIZE);
        let metering = Self::new(settings, "processor", signal, instruments);
        metering.with_processor_items(settings, signal, &instruments::PROCESSOR_INCOMING_ITEMS)
    }

    /// What a processor hands on.
    pub fn of_processor_output(settings: &Settings, signal: Signal) -> Self {
        let instruments = (&instruments::PROCESSOR_PRODUCED_ITEMS, &instruments::PROCESSOR_PRODUCED_SIZE);
        let metering = Self::new(settings, "processor", signal, instruments);
        metering.with_processor_items(settings, signal, &instruments::PROCESSOR_OUTGOING_ITEMS)
    }

    /// What a connector is handed.
    pub fn of_connector(settings: &Settings, signal: Signal) -> Self {
        let instruments = (&instruments::CONNECTOR_CONSUMED_ITEMS, &instruments::CONNECTOR_CONSUMED_SIZE);
        Self::new(settings, "connector", signal, instruments)
    }

    /// What a connector hands on.
    pub fn of_connector_output(settings: &Settings, signal: Signal) -> Self {
        let instruments = (&instruments::CONNECTOR_PRODUCED_ITEMS, &instruments::CONNECTOR_PRODUCED_SIZE);
        Self::new(settings, "connector", signal, instruments)
    }

    /// What an exporter is handed.
    pub fn of_exporter(settings: &Settings, signal: Signal) -> Self {
        let instruments = (&instruments::EXPORTER_CONSUMED_ITEMS, &instruments::EXPORTER_CONSUMED_SIZE);
        Self::new(settings, "exporter", signal, instruments)
    }

    /// `next`, counted.
    pub fn metered(self, next: Arc<dyn Consumer>) -> Arc<dyn Consumer> {
        Arc::new(Metered { metering: self, next })
    }

    fn new(settings: &Settings, kind: &str, signal: Signal, (items, bytes): Instruments) -> Self {
        let id = settings.id.to_string();
        let pipeline = settings.pipeline.as_ref().map(ToString::to_string);
        let counters = |outcome: &str| {
            let mut attributes =
                vec![(kind, id.as_str()), ("otel_signal", signal.name()), ("outcome", outcome)];
            attributes.extend(pipeline.as_deref().map(|pipeline| ("pipeline", pipeline)));
            EdgeCounters {
                items: settings.telemetry.counter(items, &attributes),
                bytes: settings.telemetry.counter(bytes, &attributes),
            }
        };
        Self { succeeded: counters("success"), refused: counters("refused"), processor_items: None }
    }

    fn with_processor_items(
        mut self,
        settings: &Settings,
        signal: Signal,
        instrument: &'static InstrumentDescription,
    ) -> Self {
        let id = settings.id.to_string();
        let attributes = [("otel_signal", signal.name()), ("processor", id.as_str())];
        self.processor_items = Some(settings.telemetry.counter(instrument, &attributes));
        self
    }
}

struct Metered {
    metering: Metering,
    next: Arc<dyn Consumer>,
}

impl Consumer for Metered {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        let (items, bytes) = (batch.items() as u64, batch.bytes() as u64);
        if let Some(processor_items) = &self.metering.processor_items {
            processor_items.add(items);
        }
        let consuming = self.next.consume(batch);
        Box::pin(async move {
            let result = consuming.await;
            let counters = if result.is_ok() { &self.metering.succeeded } else { &self.metering.refused };
            counters.items.add(items);
            counters.bytes.add(bytes);
            result
        })
    }
}
