//! Which connector leads from which pipelines to which, and whether that makes sense.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Configuration;
use crate::otlp::Signal;
use crate::pipeline::{BuildError, ComponentId, PipelineId};

/// The uses of connectors as exporters and as receivers.
pub struct Connections {
    /// Pipelines that end in each connector.
    sources: BTreeMap<ComponentId, Vec<PipelineId>>,
    /// Pipelines that begin with each connector.
    targets: BTreeMap<ComponentId, Vec<PipelineId>>,
    /// What each connector type can make of each signal.
    pairs: BTreeMap<ComponentId, Vec<(Signal, Signal)>>,
}

impl Connections {
    /// Reads the uses off the pipelines and checks that each leads somewhere.
    pub fn of(configuration: &Configuration) -> Result<Self, BuildError> {
        let mut connections =
            Self { sources: BTreeMap::new(), targets: BTreeMap::new(), pairs: BTreeMap::new() };
        for (id, section) in &configuration.connectors {
            let pairs = section.factory.info.pairs.iter().map(|(taken, produced, _)| (*taken, *produced));
            connections.pairs.insert(id.clone(), pairs.collect());
        }
        for (pipeline, section) in &configuration.service.pipelines {
            let is_connector = |id: &&ComponentId| configuration.connectors.contains_key(*id);
            for id in section.exporters.iter().filter(is_connector) {
                connections.sources.entry(id.clone()).or_default().push(pipeline.clone());
            }
            for id in section.receivers.iter().filter(is_connector) {
                connections.targets.entry(id.clone()).or_default().push(pipeline.clone());
            }
        }
        connections.refuse_dead_ends()?;
        Ok(connections)
    }

    /// The signals that connector `id`, fed with `taken`, produces for some pipeline.
    pub fn produced_by(&self, id: &ComponentId, taken: Signal) -> BTreeSet<Signal> {
        let targets = self.targets.get(id).into_iter().flatten();
        targets.map(|target| target.signal).filter(|produced| self.can(id, taken, *produced)).collect()
    }

    /// The pipelines of `signal` that begin with connector `id`.
    pub fn pipelines_fed_by(&self, id: &ComponentId, signal: Signal) -> Vec<PipelineId> {
        let targets = self.targets.get(id).into_iter().flatten();
        targets.filter(|target| target.signal == signal).cloned().collect()
    }

    /// The receivers in use, each with the pipelines it feeds.
    pub fn receivers(&self, configuration: &Configuration) -> BTreeMap<ComponentId, Vec<PipelineId>> {
        let mut receivers: BTreeMap<ComponentId, Vec<PipelineId>> = BTreeMap::new();
        for (pipeline, section) in &configuration.service.pipelines {
            for id in section.receivers.iter().filter(|id| !self.pairs.contains_key(*id)) {
                receivers.entry(id.clone()).or_default().push(pipeline.clone());
            }
        }
        receivers
    }

    /// Refuses connectors that lead from a pipeline back to it.
    pub fn refuse_cycles(&self, configuration: &Configuration) -> Result<(), BuildError> {
        let mut finished = BTreeSet::new();
        for pipeline in configuration.service.pipelines.keys() {
            self.follow(configuration, pipeline, &mut Vec::new(), &mut finished)?;
        }
        Ok(())
    }

    /// Walks on from `pipeline`; `path` holds the pipelines walked and the connector after each.
    fn follow(
        &self,
        configuration: &Configuration,
        pipeline: &PipelineId,
        path: &mut Vec<(PipelineId, ComponentId, Signal)>,
        finished: &mut BTreeSet<PipelineId>,
    ) -> Result<(), BuildError> {
        if let Some(start) = path.iter().position(|(walked, ..)| walked == pipeline) {
            return Err(cycle_error(configuration, path.get(start..).unwrap_or_default()));
        }
        if finished.contains(pipeline) {
            return Ok(());
        }
        let exits = configuration.service.pipelines.get(pipeline).map(|section| section.exporters.as_slice());
        for id in exits.unwrap_or_default().iter().filter(|id| self.pairs.contains_key(*id)) {
            for produced in self.produced_by(id, pipeline.signal) {
                path.push((pipeline.clone(), id.clone(), produced));
                for target in self.pipelines_fed_by(id, produced) {
                    self.follow(configuration, &target, path, finished)?;
                }
                path.pop();
            }
        }
        finished.insert(pipeline.clone());
        Ok(())
    }

    fn refuse_dead_ends(&self) -> Result<(), BuildError> {
        for id in self.pairs.keys() {
            let signals = |pipelines: Option<&Vec<PipelineId>>| -> BTreeSet<Signal> {
                pipelines.into_iter().flatten().map(|pipeline| pipeline.signal).collect()
            };
            let (taken, produced) = (signals(self.sources.get(id)), signals(self.targets.get(id)));
            for signal in &taken {
                if !produced.iter().any(|produced| self.can(id, *signal, *produced)) {
                    return Err(dead_end(id, "exporter", *signal, "receiver"));
                }
            }
            for signal in &produced {
                if !taken.iter().any(|taken| self.can(id, *taken, *signal)) {
                    return Err(dead_end(id, "receiver", *signal, "exporter"));
                }
            }
        }
        Ok(())
    }

    fn can(&self, id: &ComponentId, taken: Signal, produced: Signal) -> bool {
        self.pairs.get(id).is_some_and(|pairs| pairs.contains(&(taken, produced)))
    }
}

fn dead_end(id: &ComponentId, used_as: &str, signal: Signal, not_used_as: &str) -> BuildError {
    BuildError(format!(
        "connector \"{id}\" used as {used_as} in [{signal}] pipeline but not used in any supported {not_used_as} \
         pipeline"
    ))
}

/// The cycle in the Collector's words: each connector, and each processor behind it, up to where it began.
fn cycle_error(configuration: &Configuration, cycle: &[(PipelineId, ComponentId, Signal)]) -> BuildError {
    let connector = |(pipeline, id, produced): &(PipelineId, ComponentId, Signal)| {
        format!("connector \"{id}\" ({} to {produced})", pipeline.signal)
    };
    let mut steps: Vec<String> = Vec::new();
    for (index, step) in cycle.iter().enumerate() {
        steps.push(connector(step));
        let following = cycle.get(index + 1).or(cycle.first());
        if let Some((pipeline, ..)) = following
            && let Some(section) = configuration.service.pipelines.get(pipeline)
        {
            let processors = section.processors.iter();
            steps.extend(processors.map(|id| format!("processor \"{id}\" in pipeline \"{pipeline}\"")));
        }
    }
    steps.extend(cycle.first().map(connector));
    BuildError(format!("cycle detected: {}", steps.join(" -> ")))
}
