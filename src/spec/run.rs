//! Running a spec: the pipelines under paused time, one step after the other, up to the first that fails.

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
use crate::config::Location;
use crate::otlp::Batch;
use crate::pipeline::graph::{self, Environment, Graph, RunningGraph};
use crate::pipeline::status::StatusBoard;
use crate::pipeline::{Clock, ComponentId, InFlightBytes, Refusal, Workers};
use crate::telemetry::Telemetry;

/// How long a stop may take, in virtual time.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// What a spec expected and did not find. Shown as one sentence or more, the first with its place.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(String);

impl Failure {
    fn at(location: &Location, message: impl std::fmt::Display) -> Self {
        Self(format!("{location}: {message}"))
    }
}

/// Runs `spec` on a runtime of its own, so the caller must not be on one.
///
/// # Errors
///
/// The first thing that is not as the spec says.
pub fn run(spec: Spec) -> Result<(), Failure> {
    let idle = Idle::default();
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(true);
    idle.watch(&mut builder);
    let runtime = builder.build().map_err(|error| Failure(format!("cannot start a runtime: {error}")))?;
    let ends = Ends::default();
    let built = {
        let _inside = runtime.enter();
        build(&spec, &ends)
    };
    let path = spec.path.display().to_string();
    let graph = match (built, &spec.expect_config_error) {
        (Ok(graph), None) => graph,
        (Err(error), None) => return Err(Failure(error)),
        (Err(error), Some(expected)) if error.contains(expected) => return Ok(()),
        (found, Some(expected)) => {
            let found = found.err().unwrap_or_else(|| "nothing wrong".to_owned());
            return Err(Failure(format!("{path}: expect_config_error: {expected:?} is not in\n{found}")));
        }
    };
    let leniency = Leniency { fields: spec.ignore, attributes: spec.ignore_attributes };
    let script = Script { idle, ends, leniency, pending: Vec::new() };
    let steps = runtime.spawn(script.run(graph, spec.steps));
    let result = runtime.block_on(steps);
    result.unwrap_or_else(|error| Err(Failure(format!("{path}: {error}"))))
}

/// Everything up to the start; the error is what the user would see.
fn build(spec: &Spec, ends: &Ends) -> Result<Graph, String> {
    let mut configuration = configuration_of(spec).map_err(|errors| errors.to_string())?;
    ends.replace(&mut configuration);
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
}

struct Sending {
    location: Location,
    refused: Option<String>,
    answer: JoinHandle<Result<(), Refusal>>,
}

impl Script {
    async fn run(mut self, graph: Graph, steps: Vec<Step>) -> Result<(), Failure> {
        let graph = graph.start(STOP_PATIENCE).await.map_err(|error| Failure(error.to_string()))?;
        let mut running = Some(graph);
        let mut result = Ok(());
        for step in steps {
            result = self.step(step, &mut running).await;
            if result.is_err() {
                break;
            }
        }
        self.stop(&mut running).await;
        self.idle.reached().await;
        result?;
        self.check_answers().await?;
        match self.pending.first() {
            None => Ok(()),
            Some(sending) => Err(Failure::at(&sending.location, "send: it was never answered")),
        }
    }

    async fn step(&mut self, step: Step, running: &mut Option<RunningGraph>) -> Result<(), Failure> {
        match step.action {
            Action::Send { batches, into, refused } => {
                self.send(&step.location, batches, into.as_ref(), refused.as_deref())?;
            }
            Action::Advance(duration) => sleep(duration).await,
            Action::Stop => self.stop(running).await,
            Action::Expect { batches, at } => {
                let arrived = self.ends.take_recorded(at.as_ref());
                if let Some(difference) = difference(&batches, &arrived, &self.leniency) {
                    return Err(Failure::at(&step.location, format!("expect:\n{difference}")));
                }
            }
        }
        self.idle.reached().await;
        self.check_answers().await
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
    async fn check_answers(&mut self) -> Result<(), Failure> {
        let (answered, pending): (Vec<_>, Vec<_>) =
            self.pending.drain(..).partition(|sending| sending.answer.is_finished());
        self.pending = pending;
        for Sending { location, refused, answer } in answered {
            let answer = answer.await.map_err(|error| Failure::at(&location, format!("send: {error}")))?;
            match (answer, refused) {
                (Ok(()), None) => {}
                (Err(refusal), Some(expected)) if refusal.rpc_message().contains(&expected) => {}
                (Err(refusal), None) => {
                    let message = format!("send: it was refused: {}", refusal.rpc_message());
                    return Err(Failure::at(&location, message));
                }
                (Ok(()), Some(expected)) => {
                    let message = format!("send: expected a refusal with {expected:?}, it was taken");
                    return Err(Failure::at(&location, message));
                }
                (Err(refusal), Some(expected)) => {
                    let found = refusal.rpc_message();
                    let message = format!("send: expected a refusal with {expected:?}, got {found:?}");
                    return Err(Failure::at(&location, message));
                }
            }
        }
        Ok(())
    }
}
