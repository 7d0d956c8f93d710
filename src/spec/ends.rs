//! What stands in the place of receivers and exporters while a spec runs: injection points and recorders.
//!
//! They are put into the loaded configuration, so that the graph around them is built as ever.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::config::{ConfigValue, Configuration, Decoding, Node, Secrets, TypeDocs};
use crate::config_section;
use crate::otlp::{Batch, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, ComponentId, Consumer, ExporterFactory, ExporterType, InFlightBytes,
    Outputs, ReceiverFactory, ReceiverType, Refusal, Settings, Stability,
};

const EVERY_SIGNAL: &[(Signal, Stability)] = &[
    (Signal::Traces, Stability::Stable),
    (Signal::Metrics, Stability::Stable),
    (Signal::Logs, Stability::Stable),
];

/// The ends of the pipelines of one run. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Ends {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    injections: BTreeMap<ComponentId, Injection>,
    recorders: BTreeSet<ComponentId>,
    recorded: Vec<(ComponentId, Batch)>,
}

/// Where batches enter in the place of a receiver.
#[derive(Clone)]
pub struct Injection {
    outputs: Outputs,
    in_flight: InFlightBytes,
}

impl Ends {
    /// Puts these ends in the place of all receivers and exporters of `configuration`.
    pub fn replace(&self, configuration: &mut Configuration) {
        let section = Arc::new(EndSection { ends: self.clone() });
        for receiver in configuration.receivers.values_mut() {
            receiver.factory = &INJECTION_POINT;
            receiver.section = section.clone();
        }
        for exporter in configuration.exporters.values_mut() {
            exporter.factory = &RECORDER;
            exporter.section = section.clone();
        }
    }

    /// Where batches of `signal` enter: the receiver `into`, or else the only one that has a pipeline of
    /// the signal.
    ///
    /// # Errors
    ///
    /// A sentence where there is none, or more than one to choose from.
    pub fn injection(&self, signal: Signal, into: Option<&ComponentId>) -> Result<Injection, String> {
        let state = self.state.lock();
        let serves = |id: &ComponentId, injection: &Injection| {
            into.is_none_or(|into| into == id) && injection.outputs.of(signal).is_some()
        };
        let chosen: Vec<_> = state.injections.iter().filter(|(id, point)| serves(id, point)).collect();
        match chosen.as_slice() {
            [(_, injection)] => Ok((*injection).clone()),
            [] => {
                let name = into.map_or("no receiver".to_owned(), |into| format!("no receiver {into}"));
                Err(format!("{name} has a running pipeline of {signal}"))
            }
            several => {
                let ids: Vec<String> = several.iter().map(|(id, _)| id.to_string()).collect();
                Err(format!("several receivers take {signal}; say `into:` with one of {}", ids.join(", ")))
            }
        }
    }

    /// Takes the ends away from stopped pipelines, which hold the ends in turn.
    pub fn close(&self) {
        self.state.lock().injections.clear();
    }

    /// Takes out what was recorded since the last time, by exporter `at` or by all.
    ///
    /// # Errors
    ///
    /// A sentence where no pipeline has the exporter.
    pub fn take_recorded(&self, at: Option<&ComponentId>) -> Result<Vec<Batch>, String> {
        let mut state = self.state.lock();
        if let Some(id) = at.filter(|id| !state.recorders.contains(id)) {
            let known: Vec<String> = state.recorders.iter().map(ToString::to_string).collect();
            return Err(format!("no pipeline has an exporter {id} (exporters: {})", known.join(", ")));
        }
        let recorded = std::mem::take(&mut state.recorded);
        let (taken, left): (Vec<_>, Vec<_>) =
            recorded.into_iter().partition(|(id, _)| at.is_none_or(|at| at == id));
        state.recorded = left;
        Ok(taken.into_iter().map(|(_, batch)| batch).collect())
    }
}

impl Injection {
    /// Hands `batch` on as a receiver does.
    pub async fn consume(&self, batch: Batch) -> Result<(), Refusal> {
        let Some(next) = self.outputs.of(batch.signal()) else {
            return Err(Refusal::permanent(format!("no pipeline takes {}", batch.signal())));
        };
        let client = batch.client().cloned();
        let body = self.in_flight.track(body_of(&batch));
        let tracked = Batch::from_valid_part(batch.signal(), body, batch.items());
        next.consume(tracked.with_client(client)).await
    }
}

impl std::fmt::Debug for Injection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Injection")
    }
}

config_section! {
    /// The section of an end.
    pub struct EndSection {
        /// Where the end is reached from the steps.
        pub ends: Ends = Ends::default(),
    }
}

/// Ends come into a section by [`Ends::replace`], never from what is written.
impl ConfigValue for Ends {
    fn update(&mut self, _node: &Node, _decoding: &mut Decoding) {}

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        serde_yaml::Value::Null
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("ends")
    }
}

static INJECTION_POINT: ReceiverFactory = ReceiverFactory::of::<InjectionPoint>();
static RECORDER: ExporterFactory = ExporterFactory::of::<Recorder>();

struct InjectionPoint;

impl ReceiverType for InjectionPoint {
    const TYPE: &'static str = "injection_point";
    const SIGNALS: &'static [(Signal, Stability)] = EVERY_SIGNAL;
    type Config = EndSection;

    fn create(
        config: Arc<EndSection>,
        settings: Settings,
        outputs: Outputs,
    ) -> Result<Box<dyn Component>, BuildError> {
        let injection = Injection { outputs, in_flight: settings.in_flight };
        config.ends.state.lock().injections.insert(settings.id, injection);
        Ok(Box::new(Self))
    }
}

impl Component for InjectionPoint {}

struct Recorder {
    id: ComponentId,
    ends: Ends,
}

impl ExporterType for Recorder {
    const TYPE: &'static str = "recorder";
    const SIGNALS: &'static [(Signal, Stability)] = EVERY_SIGNAL;
    type Config = EndSection;

    fn create(config: Arc<EndSection>, settings: Settings) -> Result<Consuming, BuildError> {
        config.ends.state.lock().recorders.insert(settings.id.clone());
        Ok(Arc::new(Self { id: settings.id, ends: config.ends.clone() }))
    }
}

impl Component for Recorder {}

impl Consumer for Recorder {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        // Sent off, a batch is no longer in flight: what is kept of it must not count.
        let sent = Batch::from_valid_part(batch.signal(), body_of(&batch), batch.items());
        self.ends.state.lock().recorded.push((self.id.clone(), sent));
        Box::pin(async { Ok(()) })
    }
}

/// A copy of the whole request.
fn body_of(batch: &Batch) -> Bytes {
    Bytes::from(batch.parts().concat())
}
