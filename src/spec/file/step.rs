//! The steps of a spec file.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Written, beside, text_of};
use crate::config::{
    ConfigError, ConfigValue, Decoding, GoDuration, Location, Node, NodeValue, unknown_key_hint,
};
use crate::config_section;
use crate::otlp::{Batch, ClientInfo, Signal};
use crate::pipeline::ComponentId;
use crate::spec::payload::{batch_of, batch_of_json, error_at};

/// One step and where it is written.
#[derive(Debug)]
pub(in crate::spec) struct Step {
    pub(in crate::spec) location: Location,
    pub(in crate::spec) action: Action,
}

/// What a step does.
#[derive(Debug)]
pub(in crate::spec) enum Action {
    Send { batches: Vec<Batch>, into: Option<ComponentId>, refused: Option<String> },
    Advance(Duration),
    Stop,
    Expect { batches: Vec<Batch>, at: Option<ComponentId> },
}

config_section! {
    /// One step.
    pub struct StepSection {
        /// Telemetry that enters.
        pub send: Written = Written::default(),
        /// The receiver it enters by.
        pub into: Written = Written::default(),
        /// The text that the refusal of the telemetry contains.
        pub refused: Option<String> = None,
        /// The metadata of the client.
        pub metadata: BTreeMap<String, Vec<String>> = BTreeMap::new(),
        /// The address of the client.
        pub client_address: Written = Written::default(),
        /// How much time passes.
        pub advance: Written = Written::default(),
        /// The pipelines stop.
        pub stop: Written = Written::default(),
        /// What reached the exporters since the last expectation.
        pub expect: Written = Written::default(),
        /// The exporter that is meant, where it is not all of them.
        pub at: Written = Written::default(),
    }
}

/// The sections of all steps and where they are written; what is wrong goes to `decoding`.
pub(super) fn step_sections(steps: &Written, decoding: &mut Decoding) -> Vec<(Location, StepSection)> {
    let items = match &steps.0 {
        None | Some(Node { value: NodeValue::Null, .. }) => return Vec::new(),
        Some(Node { value: NodeValue::List(items), .. }) => items,
        Some(other) => {
            decoding.within("steps", |decoding| decoding.wrong_type(other, "slice", None));
            return Vec::new();
        }
    };
    let mut sections = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mut section = StepSection::default();
        decoding.within("steps", |decoding| {
            decoding.within(format!("[{index}]"), |decoding| section.update(item, decoding));
        });
        sections.push((item.location.clone(), section));
    }
    sections
}

/// What a step does.
///
/// # Errors
///
/// What does not fit together, or a payload that is no OTLP.
pub(super) fn action_of(
    section: StepSection,
    location: &Location,
    path: &Path,
) -> Result<Action, ConfigError> {
    let has_client = !section.metadata.is_empty() || section.client_address.0.is_some();
    let (into, at) = (component_id(&section.into, "into")?, component_id(&section.at, "at")?);
    let is_send = section.send.0.is_some();
    if !is_send && (has_client || into.is_some() || section.refused.is_some()) {
        let message = "into, refused, metadata and client_address belong to a step with send";
        return Err(error_at(location, message.to_owned(), None));
    }
    if at.is_some() && section.expect.0.is_none() {
        return Err(error_at(location, "at belongs to a step with expect".to_owned(), None));
    }
    match (section.send.0, section.advance.0, section.stop.0, section.expect.0) {
        (Some(node), None, None, None) => {
            let client = client(section.metadata, &section.client_address)?.map(Arc::new);
            let batches = batches(&node, path)?;
            if batches.is_empty() {
                return Err(error_at(location, "send: give traces, metrics or logs".to_owned(), None));
            }
            let batches = batches.into_iter().map(|batch| batch.with_client(client.clone())).collect();
            Ok(Action::Send { batches, into, refused: section.refused })
        }
        (None, Some(node), None, None) => Ok(Action::Advance(duration(&node)?)),
        (None, None, Some(_), None) => Ok(Action::Stop),
        (None, None, None, Some(node)) => Ok(Action::Expect { batches: batches(&node, path)?, at }),
        _ => {
            let message = "a step has exactly one of send, advance, stop and expect";
            Err(error_at(location, message.to_owned(), None))
        }
    }
}

/// The batches under `traces`, `metrics` and `logs`, or in the files under `traces_file` and so on.
fn batches(node: &Node, path: &Path) -> Result<Vec<Batch>, ConfigError> {
    const KEYS: [&str; 6] = ["traces", "metrics", "logs", "traces_file", "metrics_file", "logs_file"];
    let entries = match &node.value {
        NodeValue::Null => return Ok(Vec::new()),
        NodeValue::Map(entries) => entries,
        _ => return Err(error_at(&node.location, format!("expected a map, found {}", node.value), None)),
    };
    let mut batches = Vec::new();
    for entry in entries {
        let (name, is_file) = match entry.key.strip_suffix("_file") {
            Some(name) => (name, true),
            None => (entry.key.as_str(), false),
        };
        let Some(signal) = Signal::from_name(name) else {
            let message = format!("unknown key {:?}", entry.key);
            let hint = match entry.key.as_str() {
                "into" | "at" | "refused" | "metadata" | "client_address" => {
                    "write it beside send or expect, as a key of the step".to_owned()
                }
                key => unknown_key_hint(key, &KEYS),
            };
            return Err(error_at(&entry.key_location, message, Some(hint)));
        };
        batches.push(match is_file {
            true => batch_of_file(signal, &entry.value, path)?,
            false => batch_of(signal, &entry.value)?,
        });
    }
    Ok(batches)
}

fn batch_of_file(signal: Signal, node: &Node, path: &Path) -> Result<Batch, ConfigError> {
    let NodeValue::String(name) = &node.value else {
        return Err(error_at(&node.location, "expected the path of a JSON file".to_owned(), None));
    };
    let file = beside(path, name);
    let wrong = |error: String| error_at(&node.location, format!("{}: {error}", file.display()), None);
    let json = std::fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
    batch_of_json(signal, &json).map_err(|error| wrong(error.to_string()))
}

fn client(
    metadata: BTreeMap<String, Vec<String>>,
    address: &Written,
) -> Result<Option<ClientInfo>, ConfigError> {
    let address = match text_of(address, "client_address")? {
        None if metadata.is_empty() => return Ok(None),
        None => None,
        Some((text, location)) => {
            let parsed = text.parse::<SocketAddr>();
            let parsed = parsed.or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 0)));
            let wrong = || error_at(&location, format!("client_address: {text:?} is no IP address"), None);
            Some(parsed.map_err(|_| wrong())?)
        }
    };
    let metadata = metadata.into_iter().map(|(name, values)| (name.to_lowercase(), values)).collect();
    Ok(Some(ClientInfo { address, metadata, ..ClientInfo::default() }))
}

/// Timers have the grain of a millisecond, and so has time in specs.
fn duration(node: &Node) -> Result<Duration, ConfigError> {
    let mut duration = GoDuration::ZERO;
    let mut decoding = Decoding::default();
    decoding.within("advance", |decoding| duration.update(node, decoding));
    if let Some(error) = decoding.into_errors().into_iter().next() {
        return Err(error);
    }
    let whole = duration.limit().filter(|duration| duration.as_nanos().is_multiple_of(1_000_000));
    whole.ok_or_else(|| {
        error_at(&node.location, "advance: write whole milliseconds, at least one".to_owned(), None)
    })
}

fn component_id(written: &Written, key: &str) -> Result<Option<ComponentId>, ConfigError> {
    let Some((text, location)) = text_of(written, key)? else {
        return Ok(None);
    };
    let id =
        ComponentId::parse(&text).map_err(|error| error_at(&location, format!("{key}: {error}"), None))?;
    Ok(Some(id))
}
