//! The configuration of a spec: loaded as ever, with pipelines made up where it has no `service`.

use std::collections::BTreeSet;

use super::file::{Action, ConfigSource, Spec};
use crate::components::{CONNECTORS, PROCESSORS};
use crate::config::{
    ConfigErrors, Configuration, Entry, LoadOptions, Node, NodeValue, Resolved, Sources, decode_document,
    resolve, resolve_document,
};
use crate::otlp::Signal;
use crate::pipeline::ComponentId;
use crate::pipeline::factory::Factory;

/// The ids of the ends of made-up pipelines; their types exist in every build.
const INPUT: &str = "nop/input";
const OUTPUT: &str = "nop/output";

/// Loads and checks the configuration of `spec`. Extensions are checked and then left out: specs bind nothing.
pub fn configuration_of(spec: &Spec) -> Result<Configuration, ConfigErrors> {
    let sources = Sources::ProcessWith(spec.environment.clone());
    let Resolved { mut document, expansion_errors, .. } = match &spec.config {
        ConfigSource::Inline(node) => resolve_document(node.clone(), &sources),
        ConfigSource::File(path) => {
            let options =
                LoadOptions { sources: vec![format!("file:{}", path.display())], ..LoadOptions::default() };
            resolve(&options, &sources)?
        }
    };
    if document.get("service").is_none() {
        make_pipelines(&mut document, &sent_signals(spec))?;
    }
    let mut configuration = decode_document(&document, expansion_errors)?;
    configuration.service.extensions.clear();
    Ok(configuration)
}

fn sent_signals(spec: &Spec) -> BTreeSet<Signal> {
    let sent = spec.steps.iter().filter_map(|step| match &step.action {
        Action::Send { batches, .. } => Some(batches),
        _ => None,
    });
    sent.flatten().map(|batch| batch.signal()).collect()
}

/// Adds input → processors in the order written → output, or input → connector → output, for the signals
/// that are sent; where none is, for those that the components take.
fn make_pipelines(document: &mut Node, sent: &BTreeSet<Signal>) -> Result<(), ConfigErrors> {
    let location = document.location.clone();
    let processors = keys(document.get("processors"));
    let connectors = keys(document.get("connectors"));
    let pipelines = match (processors.as_slice(), connectors.as_slice()) {
        (_, []) => {
            let signals = signals_or(sent, |signal| processors.iter().all(|id| processor_takes(id, signal)));
            let processors: Vec<&str> = processors.iter().map(String::as_str).collect();
            let pipeline =
                |signal: Signal| (signal.to_string(), [vec![INPUT], processors.clone(), vec![OUTPUT]]);
            signals.into_iter().map(pipeline).collect()
        }
        ([], [connector]) => connector_pipelines(connector, sent),
        _ => {
            return Err(ConfigErrors::from_message(format!(
                "{location}: pipelines can only be made up for processors or for one connector; write a service \
                 section for what is more"
            )));
        }
    };
    let NodeValue::Map(entries) = &mut document.value else {
        return Ok(());
    };
    let node = |value| Node { value, location: location.clone(), original: None };
    let entry = |key: &str, value| Entry { key: key.to_owned(), key_location: location.clone(), value };
    let map = |entries| node(NodeValue::Map(entries));
    for (kind, id) in [("receivers", INPUT), ("exporters", OUTPUT)] {
        let end = entry(id, node(NodeValue::Null));
        match entries.iter_mut().find(|entry| entry.key == kind) {
            Some(Entry { value: Node { value: NodeValue::Map(defined), .. }, .. }) => defined.push(end),
            Some(_) => {}
            None => entries.push(entry(kind, map(vec![end]))),
        }
    }
    let ids = |ids: Vec<&str>| {
        node(NodeValue::List(ids.into_iter().map(|id| node(NodeValue::String(id.to_owned()))).collect()))
    };
    let pipeline = |(id, [receivers, processors, exporters]): (String, [Vec<&str>; 3])| {
        let lists = vec![
            entry("receivers", ids(receivers)),
            entry("processors", ids(processors)),
            entry("exporters", ids(exporters)),
        ];
        entry(&id, map(lists))
    };
    let pipelines: Vec<(String, [Vec<&str>; 3])> = pipelines;
    let pipelines = map(pipelines.into_iter().map(pipeline).collect());
    entries.push(entry("service", map(vec![entry("pipelines", pipelines)])));
    Ok(())
}

fn connector_pipelines<'a>(connector: &'a str, sent: &BTreeSet<Signal>) -> Vec<(String, [Vec<&'a str>; 3])> {
    let pairs = factory_of(CONNECTORS, connector).map_or(&[][..], |factory| factory.info.pairs);
    let taken = signals_or(sent, |signal| pairs.iter().any(|(taken, ..)| *taken == signal));
    let produced: BTreeSet<Signal> =
        pairs.iter().filter(|(from, ..)| taken.contains(from)).map(|(_, produced, _)| *produced).collect();
    let into =
        taken.iter().map(|signal| (format!("{signal}/input"), [vec![INPUT], Vec::new(), vec![connector]]));
    let out = produced
        .iter()
        .map(|signal| (format!("{signal}/output"), [vec![connector], Vec::new(), vec![OUTPUT]]));
    into.chain(out).collect()
}

fn signals_or(sent: &BTreeSet<Signal>, is_taken: impl Fn(Signal) -> bool) -> BTreeSet<Signal> {
    match sent.is_empty() {
        true => Signal::ALL.into_iter().filter(|signal| is_taken(*signal)).collect(),
        false => sent.clone(),
    }
}

/// Of what is not known every signal is thought to be taken: loading says what is wrong with it.
fn processor_takes(id: &str, signal: Signal) -> bool {
    factory_of(PROCESSORS, id).is_none_or(|factory| factory.info.serves(signal))
}

fn factory_of<F: Factory>(factories: &'static [F], id: &str) -> Option<&'static F> {
    let id = ComponentId::parse(id).ok()?;
    factories.iter().find(|factory| factory.info().is_called(&id.type_name))
}

fn keys(section: Option<&Node>) -> Vec<String> {
    match section {
        Some(Node { value: NodeValue::Map(entries), .. }) => {
            entries.iter().map(|entry| entry.key.clone()).collect()
        }
        _ => Vec::new(),
    }
}
