//! The contract between components.
//!
//! A component is created from its section, started, and shut down. Creation binds nothing and spawns
//! nothing, so that a configuration can be built only to see that it can be. [`Component::start`] may
//! bind and spawn, and answers only once the component works. [`Component::shutdown`] takes no new
//! work, hands what it holds to the next component, and returns when its last task has ended; it is
//! safe without a start and safe twice. Exporters start before processors, processors before
//! receivers; they stop the other way round, so whatever a component hands on while stopping still
//! finds the next one running.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::time::Instant;

use super::{
    BuildError, Clock, ComponentId, InFlightBytes, PipelineId, Refusal, ServiceDescription, StatusReporter,
    Storage, Workers,
};
use crate::otlp::{Batch, Signal};
use crate::store::TelemetryStore;
use crate::telemetry::Telemetry;

/// A future on the heap, as the object-safe traits here return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Takes batches.
pub trait Consumer: Send + Sync {
    /// Takes responsibility for `batch`: **after `Ok` its delivery, or its counted and logged drop, is
    /// this component's business**. Back pressure is the caller waiting; a [`Refusal`] says that nothing
    /// was taken and travels back to the client.
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>>;
}

/// A part of the running process with a life of its own.
pub trait Component: Send + Sync {
    /// Begins to work. On an error nothing is left running.
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async { Ok(()) })
    }

    /// Stops taking work, hands on what is held, and ends every task. What is not done at `deadline`
    /// is given up, counted and logged.
    fn shutdown(&self, _deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// A component beside the pipelines.
pub trait Extension: Component {
    /// Every pipeline runs.
    fn pipelines_ready(&self) {}

    /// The pipelines are about to stop.
    fn pipelines_stopping(&self) {}

    /// Where other components keep what must live through a restart, for extensions that are that.
    fn storage(&self) -> Option<&dyn Storage> {
        None
    }

    /// The store of telemetry that exporters write to and the console reads, for extensions that keep one.
    fn telemetry_store(&self) -> Option<Arc<dyn TelemetryStore>> {
        None
    }
}

/// Why a component could not start. Shown after `cannot start pipelines: failed to start "otlp" receiver: `.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(pub String);

/// What a component may ask of the process around it once that runs.
#[derive(Clone, Default)]
pub struct Host {
    /// The extensions of the service, started before any pipeline component.
    pub extensions: BTreeMap<ComponentId, Arc<dyn Extension>>,
    /// What runs, for those who show it.
    pub service: Arc<ServiceDescription>,
}

impl Host {
    /// The store of telemetry that the extension called `id` offers.
    ///
    /// # Errors
    ///
    /// Where no extension of the service is called so, or the one that is offers no store.
    pub fn telemetry_store(&self, id: &str) -> Result<Arc<dyn TelemetryStore>, StartError> {
        let extension = ComponentId::parse(id).ok().and_then(|id| self.extensions.get(&id));
        let Some(extension) = extension else {
            return Err(StartError(format!(
                "there is no extension '{id}' that runs: list it under service::extensions"
            )));
        };
        extension.telemetry_store().ok_or_else(|| {
            StartError(format!(
                "extension '{id}' keeps no telemetry, or stands behind the one that asks in service::extensions"
            ))
        })
    }
}

/// What a component is given when it is created.
#[derive(Clone)]
pub struct Settings {
    /// Its id as the user wrote it.
    pub id: ComponentId,
    /// Its signal; none for receivers (one instance serves every signal) and extensions.
    pub signal: Option<Signal>,
    /// Its pipeline, for processors.
    pub pipeline: Option<PipelineId>,
    /// Where its instruments are.
    pub telemetry: Telemetry,
    /// The threads its tasks run on.
    pub workers: Workers,
    /// A runtime beside the workers, for what must answer while the data path is saturated.
    pub control: tokio::runtime::Handle,
    /// What time it is.
    pub clock: Clock,
    /// Where it says how it is.
    pub status: StatusReporter,
    /// The count of the bytes the process holds; receivers track what they take in.
    pub in_flight: InFlightBytes,
}

/// Where a receiver or a connector sends each signal; none where no pipeline of that signal begins with it.
#[derive(Clone, Default)]
pub struct Outputs {
    /// The consumer of spans.
    pub traces: Option<Arc<dyn Consumer>>,
    /// The consumer of data points.
    pub metrics: Option<Arc<dyn Consumer>>,
    /// The consumer of log records.
    pub logs: Option<Arc<dyn Consumer>>,
}

impl Outputs {
    /// The consumer of `signal`, where there is one.
    pub const fn of(&self, signal: Signal) -> Option<&Arc<dyn Consumer>> {
        match signal {
            Signal::Traces => self.traces.as_ref(),
            Signal::Metrics => self.metrics.as_ref(),
            Signal::Logs => self.logs.as_ref(),
        }
    }

    /// The consumer of `signal`, which the component is of no use without.
    ///
    /// # Errors
    ///
    /// Where no pipeline of that signal begins with the component.
    pub fn required(&self, signal: Signal) -> Result<Arc<dyn Consumer>, BuildError> {
        let consumer = self.of(signal).map(Arc::clone);
        consumer.ok_or_else(|| BuildError(format!("no {signal} pipeline has it as a receiver")))
    }

    /// Sets the consumer of `signal`.
    pub fn set(&mut self, signal: Signal, consumer: Arc<dyn Consumer>) {
        match signal {
            Signal::Traces => self.traces = Some(consumer),
            Signal::Metrics => self.metrics = Some(consumer),
            Signal::Logs => self.logs = Some(consumer),
        }
    }
}
