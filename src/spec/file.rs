//! The spec file: what users write, decoded and checked as strictly as a configuration.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::payload::{batch_of, batch_of_json, error_at};
use crate::config::{
    ConfigError, ConfigErrors, ConfigValue, Decoding, GoDuration, Location, Node, NodeValue, Secrets,
    TypeDocs, parse_yaml, unknown_key_hint,
};
use crate::config_section;
use crate::otlp::{Batch, ClientInfo, Signal};
use crate::pipeline::ComponentId;
use crate::telemetry::UtcTime;

/// A spec that was read and checked.
#[derive(Debug)]
pub struct Spec {
    /// Where it was read from; other files it names are relative to this.
    pub path: PathBuf,
    /// What it shows.
    pub description: String,
    pub(super) config: ConfigSource,
    pub(super) environment: BTreeMap<String, String>,
    /// Nanoseconds since 1970.
    pub(super) start_time: u64,
    pub(super) ignore: Vec<String>,
    pub(super) ignore_attributes: Vec<String>,
    pub(super) steps: Vec<Step>,
    pub(super) expect_config_error: Option<String>,
}

/// Where the configuration is.
#[derive(Debug)]
pub(super) enum ConfigSource {
    Inline(Node),
    File(PathBuf),
}

/// One step and where it is written.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) location: Location,
    pub(super) action: Action,
}

#[derive(Debug)]
pub(super) enum Action {
    Send { batches: Vec<Batch>, into: Option<ComponentId>, refused: Option<String> },
    Advance(Duration),
    Stop,
    Expect { batches: Vec<Batch>, at: Option<ComponentId> },
}

config_section! {
    /// A spec.
    pub struct SpecSection {
        /// What the spec shows, in a sentence.
        pub description: String = String::new(),
        /// The configuration.
        pub config: Written = Written::default(),
        /// The file that holds the configuration, relative to the spec.
        pub config_file: Written = Written::default(),
        /// Environment variables for references in the configuration, before those of the process.
        pub environment: BTreeMap<String, String> = BTreeMap::new(),
        /// The time of day at which the pipelines start.
        pub start_time: Written = Written::default(),
        /// Names of fields that are left out of the comparison.
        pub ignore: Vec<String> = Vec::new(),
        /// Keys of attributes that are left out of the comparison.
        pub ignore_attributes: Vec<String> = Vec::new(),
        /// What happens, in order.
        pub steps: Written = Written::default(),
        /// The text that the refusal of the configuration contains.
        pub expect_config_error: Option<String> = None,
    }
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

/// A value as it was written, with its place; none where it was not.
#[derive(Debug, Clone, Default)]
pub struct Written(Option<Node>);

impl ConfigValue for Written {
    fn update(&mut self, node: &Node, _decoding: &mut Decoding) {
        self.0 = Some(node.clone());
    }

    fn to_yaml(&self, _secrets: Secrets) -> serde_yaml::Value {
        self.0.as_ref().map_or(serde_yaml::Value::Null, Node::to_yaml)
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("any")
    }
}

/// The time of day at which pipelines start where the spec does not say: 2026-01-01T00:00:00Z.
const DEFAULT_START_TIME: u64 = 1_767_225_600_000_000_000;

impl Spec {
    /// Reads the spec at `path`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file, with positions. The configuration in it is checked when
    /// the spec runs.
    pub fn read(path: &Path) -> Result<Self, ConfigErrors> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigErrors::from_message(format!("{}: {error}", path.display())))?;
        Self::parse(&text, path)
    }

    /// As [`read`](Self::read), from the text of the file.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigErrors> {
        let source: Arc<str> = Arc::from(path.to_string_lossy());
        let document = parse_yaml(text, &source).map_err(one)?;
        let mut section = SpecSection::default();
        let mut decoding = Decoding::default();
        section.update(&document, &mut decoding);
        let steps = step_sections(&section.steps, &mut decoding);
        let errors = decoding.into_errors();
        if !errors.is_empty() {
            return Err(ConfigErrors(errors));
        }
        check(section, steps, &document.location, path).map_err(one)
    }
}

fn one(error: ConfigError) -> ConfigErrors {
    ConfigErrors(vec![error])
}

fn step_sections(steps: &Written, decoding: &mut Decoding) -> Vec<(Location, StepSection)> {
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

fn check(
    section: SpecSection,
    steps: Vec<(Location, StepSection)>,
    start: &Location,
    path: &Path,
) -> Result<Spec, ConfigError> {
    if section.description.is_empty() {
        return Err(error_at(start, "description: say what the spec shows".to_owned(), None));
    }
    let config = match (section.config.0, text_of(&section.config_file, "config_file")?) {
        (Some(node), None) => ConfigSource::Inline(node),
        (None, Some((file, _))) => ConfigSource::File(beside(path, &file)),
        _ => return Err(error_at(start, "give either config or config_file".to_owned(), None)),
    };
    let start_time = match text_of(&section.start_time, "start_time")? {
        None => DEFAULT_START_TIME,
        Some((text, location)) => {
            UtcTime::parse_rfc3339(&text).and_then(UtcTime::unix_nano).ok_or_else(|| {
                let message = format!("start_time: {text:?} is no time");
                error_at(&location, message, Some("write it as 2026-01-01T00:00:00Z".to_owned()))
            })?
        }
    };
    let steps: Vec<Step> = steps
        .into_iter()
        .map(|(location, section)| action(section, &location, path).map(|action| Step { location, action }))
        .collect::<Result<_, _>>()?;
    let expects_something = steps
        .iter()
        .any(|step| matches!(step.action, Action::Expect { .. } | Action::Send { refused: Some(_), .. }));
    if expects_something == section.expect_config_error.is_some() {
        let message = "a spec has either steps, one of them with expect or refused, or expect_config_error";
        return Err(error_at(start, message.to_owned(), None));
    }
    Ok(Spec {
        path: path.to_owned(),
        description: section.description,
        config,
        environment: section.environment,
        start_time,
        ignore: section.ignore,
        ignore_attributes: section.ignore_attributes,
        steps,
        expect_config_error: section.expect_config_error,
    })
}

fn action(section: StepSection, location: &Location, path: &Path) -> Result<Action, ConfigError> {
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
            return Err(error_at(&entry.key_location, message, Some(unknown_key_hint(&entry.key, &KEYS))));
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

/// The file called `name`, seen from the spec at `path`.
fn beside(path: &Path, name: &str) -> PathBuf {
    path.parent().map_or_else(|| PathBuf::from(name), |folder| folder.join(name))
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

fn text_of(written: &Written, key: &str) -> Result<Option<(String, Location)>, ConfigError> {
    match &written.0 {
        None => Ok(None),
        Some(Node { value: NodeValue::String(text), location, .. }) => {
            Ok(Some((text.clone(), location.clone())))
        }
        Some(other) => {
            let message = format!("{key}: expected a text, found {}", other.value);
            Err(error_at(&other.location, message, None))
        }
    }
}
