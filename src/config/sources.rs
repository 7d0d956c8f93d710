//! Where configurations and references read from: `file:`, `env:`, `yaml:`, `http:` and `https:`.

mod http;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use super::merge::nest_keys;
use super::yaml::LARGEST_TEXT_BYTES;
use super::{ConfigError, Location, Node, NodeValue, parse_yaml};

/// The schemes there are, as messages list them.
const SCHEMES: [&str; 5] = ["env", "file", "http", "https", "yaml"];

/// The scheme of a reference that names none.
const DEFAULT_SCHEME: &str = "env";

/// The surroundings that URIs read from.
#[derive(Debug, Clone, Default)]
pub enum Sources {
    /// This process's environment, the file system and the network.
    #[default]
    Process,
    /// The same, save that these variables hide those of the process's environment.
    ProcessWith(BTreeMap<String, String>),
    /// These variables, no file and no network: what is read is the same on every machine.
    Fixed(BTreeMap<String, String>),
}

/// A URI in its two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Uri {
    scheme: String,
    opaque: String,
}

/// The text that a URI stands for.
#[derive(Debug, Clone)]
pub(super) struct Retrieved {
    /// The text, as inline references show it.
    pub(super) text: Arc<str>,
    /// What the text is called in positions, where positions in it mean something to the user.
    document: Option<Arc<str>>,
    /// True where an empty text is a text, not null.
    empty_is_text: bool,
    /// A variable that is not set.
    pub(super) unset_variable: Option<String>,
}

impl Uri {
    /// The URI of a `--config` flag; what has no scheme is the path of a file.
    pub(super) fn of_flag(flag: &str) -> Result<Self, String> {
        let is_drive = matches!(flag.as_bytes(), [b'A'..=b'z', b':', ..]);
        if is_drive || !flag.contains(':') {
            return Ok(Self { scheme: "file".to_owned(), opaque: flag.to_owned() });
        }
        Self::parse(flag)
    }

    /// The URI between the braces of a reference; what has no scheme is an environment variable.
    pub(super) fn of_reference(reference: &str) -> Result<Self, String> {
        let uri = match reference.contains(':') {
            true => Self::parse(reference)?,
            false => Self { scheme: DEFAULT_SCHEME.to_owned(), opaque: reference.to_owned() },
        };
        if uri.opaque.contains('$') {
            return Err(format!(
                "the uri \"{}:{}\" contains unsupported characters ('$')",
                uri.scheme, uri.opaque
            ));
        }
        Ok(uri)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (scheme, opaque) = text.split_once(':').unwrap_or(("", text));
        let is_scheme = scheme.len() >= 2
            && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.chars().all(|character| character.is_ascii_alphanumeric() || "+.-".contains(character));
        let hint = match opaque.strip_prefix('-') {
            Some(_) => format!("write ${{env:{text}}} for a variable with a default"),
            None => format!("one of {}", SCHEMES.join(", ")),
        };
        if !is_scheme {
            return Err(format!("invalid uri: {text:?} ({hint})"));
        }
        if !SCHEMES.contains(&scheme) {
            return Err(format!("scheme {scheme:?} is not supported for uri {text:?} ({hint})"));
        }
        Ok(Self { scheme: scheme.to_owned(), opaque: opaque.to_owned() })
    }

    /// How positions in the text are introduced: a file by its path, all else by the start of its URI.
    pub(super) fn label(&self) -> String {
        if self.scheme == "file" {
            return self.opaque.clone();
        }
        let first_line = self.opaque.lines().next().unwrap_or_default();
        let shortened: String = first_line.chars().take(60).collect();
        let dots = if shortened.len() < self.opaque.len() { "..." } else { "" };
        format!("{}:{shortened}{dots}", self.scheme)
    }
}

impl Sources {
    /// Reads what `uri` stands for. The error is a sentence.
    pub(super) fn retrieve(&self, uri: &Uri) -> Result<Retrieved, String> {
        let opaque = uri.opaque.as_str();
        match uri.scheme.as_str() {
            "env" => return self.variable(opaque),
            "yaml" => return Ok(Retrieved::inline(opaque)),
            _ => {}
        }
        if let Self::Fixed(_) = self {
            return Err(format!("{}: cannot be read here", uri.label()));
        }
        let text = match uri.scheme.as_str() {
            "file" => read_file(opaque)
                .map_err(|error| format!("unable to read the file file:{opaque}: {error}"))?,
            _ => http::get(&format!("{}:{opaque}", uri.scheme))?,
        };
        Ok(Retrieved { document: Some(Arc::from(uri.label())), ..Retrieved::inline(&text) })
    }

    /// The value of `NAME`, or of `NAME:-default` where the variable is not set.
    fn variable(&self, opaque: &str) -> Result<Retrieved, String> {
        let (name, default) = match opaque.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (opaque, None),
        };
        let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !starts_well
            || !name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
        {
            return Err(format!(
                "environment variable {name:?} has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$"
            ));
        }
        match (self.environment(name)?, default) {
            (Some(value), _) => Ok(Retrieved::inline(&value)),
            (None, Some(default)) => Ok(Retrieved { empty_is_text: true, ..Retrieved::inline(default) }),
            (None, None) => Ok(Retrieved { unset_variable: Some(name.to_owned()), ..Retrieved::inline("") }),
        }
    }

    fn environment(&self, name: &str) -> Result<Option<String>, String> {
        match self {
            Self::Fixed(variables) => Ok(variables.get(name).cloned()),
            Self::ProcessWith(variables) => match variables.get(name) {
                Some(value) => Ok(Some(value.clone())),
                None => Self::Process.environment(name),
            },
            Self::Process => match std::env::var(name) {
                Ok(value) => Ok(Some(value)),
                Err(std::env::VarError::NotPresent) => Ok(None),
                Err(std::env::VarError::NotUnicode(_)) => {
                    Err(format!("environment variable {name:?} is not valid UTF-8"))
                }
            },
        }
    }
}

impl Retrieved {
    fn inline(text: &str) -> Self {
        Self { text: Arc::from(text), document: None, empty_is_text: false, unset_variable: None }
    }

    /// The text as a whole configuration: it must be YAML. `label` names it in positions.
    pub(super) fn as_document(&self, label: &Arc<str>) -> Result<Node, ConfigError> {
        nest_keys(parse_yaml(&self.text, label)?)
    }

    /// The text as a value in the place of a reference at `location`: what is no YAML, or YAML for a
    /// text, is the text itself.
    pub(super) fn as_value(&self, location: &Location) -> Node {
        let as_text = || NodeValue::String(self.text.to_string());
        let value = if self.text.is_empty() && self.empty_is_text {
            as_text()
        } else {
            let document = self.document.clone().unwrap_or_else(|| Arc::clone(&location.source));
            let parsed = parse_yaml(&self.text, &document).and_then(nest_keys);
            match parsed.map(|node| node.value) {
                Ok(NodeValue::String(_)) | Err(_) => as_text(),
                Ok(value) => value,
            }
        };
        let original = Some(Arc::clone(&self.text));
        let mut node = Node { value, location: location.clone(), original };
        if self.document.is_none() {
            relocate(&mut node, location);
        }
        node
    }
}

/// Positions in a variable or an inline text mean nothing; the place of the reference does.
fn relocate(node: &mut Node, location: &Location) {
    node.location.clone_from(location);
    match &mut node.value {
        NodeValue::List(items) => items.iter_mut().for_each(|item| relocate(item, location)),
        NodeValue::Map(entries) => {
            for entry in entries {
                entry.key_location.clone_from(location);
                relocate(&mut entry.value, location);
            }
        }
        _ => {}
    }
}

fn read_file(path: &str) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let limit = LARGEST_TEXT_BYTES as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() > LARGEST_TEXT_BYTES {
        return Err(format!("it is larger than {LARGEST_TEXT_BYTES} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not valid UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_scheme_is_a_file_or_a_variable() {
        let uri = |scheme: &str, opaque: &str| Ok(Uri { scheme: scheme.into(), opaque: opaque.into() });
        assert_eq!(Uri::of_flag("config.yaml"), uri("file", "config.yaml"));
        assert_eq!(Uri::of_flag("C:\\config.yaml"), uri("file", "C:\\config.yaml"));
        assert_eq!(Uri::of_flag("yaml:a::b: 1\nc: 2"), uri("yaml", "a::b: 1\nc: 2"));
        assert_eq!(Uri::of_reference("HOME"), uri("env", "HOME"));
        assert_eq!(Uri::of_reference("file:a:b"), uri("file", "a:b"));
    }

    #[test]
    fn bad_uris_are_refused_in_the_collectors_words() {
        for (uri, message) in [
            ("1x:y", "invalid uri: \"1x:y\" (one of env, file, http, https, yaml)"),
            (
                "s3:bucket",
                "scheme \"s3\" is not supported for uri \"s3:bucket\" (one of env, file, http, https, yaml)",
            ),
            (
                "HOST:-localhost",
                "scheme \"HOST\" is not supported for uri \"HOST:-localhost\" (write ${env:HOST:-localhost} for \
                 a variable with a default)",
            ),
            ("env:A$B", "the uri \"env:A$B\" contains unsupported characters ('$')"),
        ] {
            assert_eq!(Uri::of_reference(uri), Err(message.to_owned()));
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let uri = Uri::of_flag("no/such/file.yaml").unwrap();
        assert_eq!(
            Sources::Process.retrieve(&uri).unwrap_err(),
            "unable to read the file file:no/such/file.yaml: No such file or directory (os error 2)"
        );
    }

    #[test]
    fn labels_are_short() {
        let uri = Uri::of_flag("yaml:receivers:\n  nop:\n").unwrap();
        assert_eq!(uri.label(), "yaml:receivers:...");
    }
}
