//! Running a spec: the pipelines under paused time, one step after the other, up to the first that fails.

#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::difference::difference;
use super::ends::Ends;
use super::file::{Action, Spec, Step};
use super::idle::Idle;
use super::records::Leniency;
use super::setup::configuration_of;
use crate::config::{Configuration, Location};
use crate::otlp::json::encode_json;
use crate::otlp::{Batch, Signal};
use crate::pipeline::graph::{self, Environment, Graph, RunningGraph};
use crate::pipeline::status::StatusBoard;
use crate::pipeline::{Clock, ComponentId, InFlightBytes, Refusal, Workers};
use crate::telemetry::Telemetry;

/// How long a stop may take, in virtual time.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// What came of a spec.
#[derive(Debug)]
pub struct Outcome {
    /// The first thing that was not as the spec says.
    pub failure: Option<Failure>,
    /// What arrived before each `expect` that was reached.
    pub arrivals: Vec<Arrival>,
}

/// Everything that arrived before an `expect`.
#[derive(Debug)]
pub struct Arrival {
    /// Where the step is written.
    pub location: Location,
    batches: Vec<Batch>,
}

impl Arrival {
    /// The telemetry as a step could expect it, in YAML.
    pub fn to_yaml(&self) -> String {
        let mut document = serde_yaml::Mapping::new();
        for signal in Signal::ALL {
            let mut all = Batch::empty(signal);
            self.batches
                .iter()
                .filter(|batch| batch.signal() == signal)
                .for_each(|batch| all.merge(batch.clone()));
            if !all.parts().is_empty() {
                // JSON is YAML; what the encoder writes cannot fail to be read.
                let request: serde_yaml::Value =
                    serde_yaml::from_slice(&encode_json(&all)).unwrap_or_default();
                document.insert(signal.name().into(), request);
            }
        }
        serde_yaml::to_string(&document).unwrap_or_default()
    }
}

/// What a spec expected and did not find. Shown as one sentence or more, the first with its place.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(String);

impl Failure {
    fn at(location: &Location, message: impl std::fmt::Display) -> Self {
        Self(format!("{location}: {message}"))
    }
}

impl Outcome {
    /// The outcome of a spec whose pipelines did not start.
    fn without_steps(failure: Option<Failure>) -> Self {
        Self { failure, arrivals: Vec::new() }
    }
}

/// Runs `spec` on a runtime of its own, so the caller must not be on one.
pub fn run(spec: Spec) -> Outcome {
    run_adjusted(spec, |_| {})
}

/// As [`run`], with the loaded configuration as `adjust` leaves it.
fn run_adjusted(spec: Spec, adjust: fn(&mut Configuration)) -> Outcome {
    let idle = Idle::default();
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(true);
    idle.watch(&mut builder);
    let runtime = match builder.build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return Outcome::without_steps(Some(Failure(format!("cannot start a runtime: {error}"))));
        }
    };
    let ends = Ends::default();
    let built = {
        let _inside = runtime.enter();
        build(&spec, &ends, adjust)
    };
    let path = spec.path.display().to_string();
    let graph = match (built, &spec.expect_config_error) {
        (Ok(graph), None) => graph,
        (Err(error), None) => return Outcome::without_steps(Some(Failure(error))),
        (Err(error), Some(expected)) if error.contains(expected) => return Outcome::without_steps(None),
        (found, Some(expected)) => {
            let found = found.err().unwrap_or_else(|| "nothing wrong".to_owned());
            let message = format!("{path}: expect_config_error: expected {expected:?}, got\n{found}");
            return Outcome::without_steps(Some(Failure(message)));
        }
    };
    let leniency = Leniency { fields: spec.ignore, attributes: spec.ignore_attributes };
    let outcome = Outcome { failure: None, arrivals: Vec::new() };
    let script = Script { idle, ends, leniency, pending: Vec::new(), outcome };
    let steps = runtime.spawn(script.run(graph, spec.steps));
    runtime.block_on(steps).unwrap_or_else(|error| {
        Outcome::without_steps(Some(Failure(format!("{path}: a step did not come to its end: {error}"))))
    })
}

/// Everything up to the start; the error is what the user would see.
fn build(spec: &Spec, ends: &Ends, adjust: fn(&mut Configuration)) -> Result<Graph, String> {
    let mut configuration = configuration_of(spec).map_err(|errors| errors.to_string())?;
    ends.replace(&mut configuration);
    adjust(&mut configuration);
    let environment = Environment {
        telemetry: Telemetry::default(),
        workers: Workers::of_current_runtime(),
        control: Handle::current(),
        clock: Clock::starting_at(spec.start_time),
        status: StatusBoard::default(),
        in_flight: InFlightBytes::default(),
    };
    graph::build(&configuration, &environment)
        .map_err(|error| format!("{}: failed to build pipelines: {error}", spec.path.display()))
}

/// The steps of a spec as they run.
struct Script {
    idle: Idle,
    ends: Ends,
    leniency: Leniency,
    /// Batches that were handed over and not yet answered.
    pending: Vec<Sending>,
    outcome: Outcome,
}

struct Sending {
    location: Location,
    refused: Option<String>,
    answer: JoinHandle<Result<(), Refusal>>,
}

impl Script {
    async fn run(mut self, graph: Graph, steps: Vec<Step>) -> Outcome {
        let mut running = match graph.start(STOP_PATIENCE).await {
            Ok(graph) => Some(graph),
            Err(error) => {
                self.note(Err(Failure(error.to_string())));
                None
            }
        };
        for step in steps {
            self.step(step, &mut running).await;
        }
        self.stop(&mut running).await;
        self.idle.reached().await;
        self.check_answers().await;
        if let Some(sending) = self.pending.first() {
            let failure = Failure::at(&sending.location, "send: it was never answered");
            self.note(Err(failure));
        }
        self.outcome
    }

    /// Keeps the first failure; those after it mostly follow from it.
    fn note(&mut self, result: Result<(), Failure>) {
        self.outcome.failure = self.outcome.failure.take().or(result.err());
    }

    async fn step(&mut self, step: Step, running: &mut Option<RunningGraph>) {
        match step.action {
            Action::Send { batches, into, refused } => {
                let sent = self.send(&step.location, batches, into.as_ref(), refused.as_deref());
                self.note(sent);
            }
            Action::Advance(duration) => sleep(duration).await,
            Action::Stop => self.stop(running).await,
            Action::Expect { batches, at } => self.compare(step.location, &batches, at.as_ref()),
        }
        self.idle.reached().await;
        self.check_answers().await;
    }

    fn compare(&mut self, location: Location, expected: &[Batch], at: Option<&ComponentId>) {
        let batches = match self.ends.take_recorded(at) {
            Ok(batches) => batches,
            Err(message) => return self.note(Err(Failure::at(&location, format!("expect: {message}")))),
        };
        if let Some(difference) = difference(expected, &batches, &self.leniency) {
            self.note(Err(Failure::at(&location, format!("expect:\n{difference}"))));
        }
        self.outcome.arrivals.push(Arrival { location, batches });
    }

    /// Hands the batches over as tasks: one that waits for time must not keep the next step from coming.
    fn send(
        &mut self,
        location: &Location,
        batches: Vec<Batch>,
        into: Option<&ComponentId>,
        refused: Option<&str>,
    ) -> Result<(), Failure> {
        for batch in batches {
            let injection = self.ends.injection(batch.signal(), into);
            let injection = injection.map_err(|message| Failure::at(location, format!("send: {message}")))?;
            let answer = tokio::spawn(async move { injection.consume(batch).await });
            let refused = refused.map(str::to_owned);
            self.pending.push(Sending { location: location.clone(), refused, answer });
        }
        Ok(())
    }

    async fn stop(&mut self, running: &mut Option<RunningGraph>) {
        if let Some(graph) = running.take() {
            graph.shutdown(Instant::now() + STOP_PATIENCE).await;
            self.ends.close();
        }
    }

    /// Compares the answers that are there with what was expected of them.
    async fn check_answers(&mut self) {
        let (answered, pending): (Vec<_>, Vec<_>) =
            self.pending.drain(..).partition(|sending| sending.answer.is_finished());
        self.pending = pending;
        for Sending { location, refused, answer } in answered {
            let wrong = match answer.await {
                Ok(answer) => wrong_answer(answer, refused.as_deref()),
                Err(error) => Some(error.to_string()),
            };
            if let Some(wrong) = wrong {
                self.note(Err(Failure::at(&location, format!("send: {wrong}"))));
            }
        }
    }
}

/// What is wrong with an answer; none where it is as expected.
fn wrong_answer(answer: Result<(), Refusal>, refused: Option<&str>) -> Option<String> {
    match (answer.map_err(|refusal| refusal.rpc_message()), refused) {
        (Ok(()), None) => None,
        (Err(message), Some(expected)) if message.contains(expected) => None,
        (Ok(()), Some(expected)) => Some(format!("expected a refusal with {expected:?}, it was taken")),
        (Err(message), None) => Some(format!("it was refused: {message}")),
        (Err(message), Some(expected)) => {
            Some(format!("expected a refusal with {expected:?}, got {message:?}"))
        }
    }
}
