//! The spec file: what users write, decoded and checked as strictly as a configuration.

mod step;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use self::step::{Action, Step};
use self::step::{StepSection, action_of, step_sections};
use super::payload::error_at;
use crate::config::{
    ConfigError, ConfigErrors, ConfigValue, Decoding, Location, Node, NodeValue, Secrets, TypeDocs,
    parse_yaml,
};
use crate::config_section;
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

/// The spec at `path`, or all below it, sorted.
///
/// # Errors
///
/// A sentence where there is none.
pub fn spec_files(path: &Path) -> Result<Vec<PathBuf>, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
    if !path.metadata().map_err(wrong)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let path = entry.path();
            if entry.file_type().map_err(wrong)?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                files.push(path);
            }
        }
    }
    if files.is_empty() {
        return Err(format!("{}: no *.yaml is below this folder", path.display()));
    }
    files.sort();
    Ok(files)
}

fn one(error: ConfigError) -> ConfigErrors {
    ConfigErrors(vec![error])
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
        .map(|(location, section)| {
            action_of(section, &location, path).map(|action| Step { location, action })
        })
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

/// The file called `name`, seen from the spec at `path`.
fn beside(path: &Path, name: &str) -> PathBuf {
    path.parent().map_or_else(|| PathBuf::from(name), |folder| folder.join(name))
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
