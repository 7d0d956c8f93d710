//! Which attributes say what process it is, and which of their values are reported.

use crate::config::{
    Checking, ConfigValue, Decoding, FieldDocs, Node, Secrets, SectionDocs, TypeDocs, compile_go_regexp,
};
use crate::config_section;
use crate::otlp::wire::put_message;
use crate::processors::record_filter::TextCondition;
use crate::receivers::hostmetrics::metric_recorder::{put_int_attribute, put_text_attribute};
use crate::receivers::hostmetrics::metric_selection::update_named;

/// An attribute of the resource of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResourceAttribute {
    Cgroup,
    Command,
    CommandLine,
    ExecutableName,
    ExecutablePath,
    LinuxCgroup,
    Owner,
    ParentPid,
    Pid,
}

/// Key, whether it is on by default, and meaning of each, in the order of [`ResourceAttribute`].
const ATTRIBUTES: [(&str, bool, &str); 9] = [
    ("process.cgroup", false, "The control groups of the process."),
    ("process.command", true, "The first word of the command line."),
    ("process.command_line", true, "The whole command line."),
    ("process.executable.name", true, "The name of the program."),
    ("process.executable.path", true, "The path of the program."),
    ("process.linux.cgroup", false, "The control groups of the process."),
    ("process.owner", true, "The name of the user it runs as."),
    ("process.parent_pid", true, "The number of the process that began it."),
    ("process.pid", true, "The number of the process."),
];

config_section! {
    /// An attribute of the resource.
    pub struct ResourceAttributeConfig {
        /// Whether the resource has it.
        pub enabled: bool = false,
        /// Only processes with one of these values are reported; all where none is written.
        pub metrics_include: Vec<ValueConfig> = Vec::new(),
        /// Processes with one of these values are not reported.
        pub metrics_exclude: Vec<ValueConfig> = Vec::new(),
    }
}

config_section! {
    /// Values of an attribute.
    pub struct ValueConfig {
        /// The value.
        pub strict: String = String::new(),
        /// A regular expression found in the value.
        pub regexp: String = String::new(),
    }
    check(section, checking) {
        match (section.strict.is_empty(), section.regexp.is_empty()) {
            (true, true) => checking.error("must specify either strict or regex"),
            (false, false) => checking.error("strict and regex cannot be used together"),
            _ => {}
        }
        if let Err(invalid) = compile_go_regexp(&section.regexp) {
            checking.error_at("regexp", invalid.to_string());
        }
    }
}

/// The settings of all attributes, by key.
#[derive(Debug, Clone)]
pub struct ResourceAttributeSelection {
    /// In the order of [`ATTRIBUTES`].
    settings: [ResourceAttributeConfig; ATTRIBUTES.len()],
}

impl Default for ResourceAttributeSelection {
    fn default() -> Self {
        let settings = ATTRIBUTES
            .map(|(_, enabled, _)| ResourceAttributeConfig { enabled, ..ResourceAttributeConfig::default() });
        Self { settings }
    }
}

impl ConfigValue for ResourceAttributeSelection {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        let keys = ATTRIBUTES.map(|(key, ..)| key);
        update_named(&keys, &mut self.settings, node, decoding, |_, setting, node, decoding| {
            setting.update(node, decoding);
        });
    }

    fn check(&self, checking: &mut Checking) {
        for ((key, ..), setting) in ATTRIBUTES.iter().zip(&self.settings) {
            checking.within(*key, |checking| setting.check(checking));
        }
    }

    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        let settings = ATTRIBUTES.iter().zip(&self.settings);
        let entries = settings.map(|((key, ..), setting)| ((*key).into(), setting.to_yaml(secrets)));
        serde_yaml::Value::Mapping(entries.collect())
    }

    fn type_docs() -> TypeDocs {
        let field = |(key, is_on, text): &(&'static str, bool, &'static str)| FieldDocs {
            name: key,
            text: (*text).into(),
            kind: TypeDocs::Scalar("attribute"),
            default: if *is_on { "on" } else { "off" }.into(),
        };
        TypeDocs::Section(SectionDocs {
            text: "Which attributes say what process it is.",
            fields: ATTRIBUTES.iter().map(field).collect(),
        })
    }
}

/// Writes the resource of one process after the other.
#[derive(Debug)]
pub(super) struct ResourceWriter {
    attributes: Vec<AttributeFilter>,
    encoded: Vec<u8>,
    is_wanted: bool,
}

/// One attribute that may be written, and which of its values are reported.
#[derive(Debug)]
struct AttributeFilter {
    is_on: bool,
    include: Option<[TextCondition; 2]>,
    exclude: Option<[TextCondition; 2]>,
}

impl ResourceWriter {
    /// A writer of the attributes that are selected.
    ///
    /// # Errors
    /// A pattern that is none.
    pub fn new(selection: &ResourceAttributeSelection) -> Result<Self, String> {
        let filter = |setting: &ResourceAttributeConfig| {
            Ok(AttributeFilter {
                is_on: setting.enabled,
                include: conditions(&setting.metrics_include)?,
                exclude: conditions(&setting.metrics_exclude)?,
            })
        };
        let attributes = selection.settings.iter().map(filter).collect::<Result<_, String>>()?;
        Ok(Self { attributes, encoded: Vec::new(), is_wanted: true })
    }

    pub fn is_on(&self, attribute: ResourceAttribute) -> bool {
        self.attributes.get(attribute as usize).is_some_and(|attribute| attribute.is_on)
    }

    /// Begins the resource of the next process.
    pub fn begin(&mut self) {
        self.encoded.clear();
        self.is_wanted = true;
    }

    pub fn put_text(&mut self, attribute: ResourceAttribute, value: &str) {
        if self.accept(attribute, value) {
            put_message(&mut self.encoded, 1, |out| put_text_attribute(out, key_of(attribute), value));
        }
    }

    pub fn put_number(&mut self, attribute: ResourceAttribute, value: u32) {
        if self.accept(attribute, &value.to_string()) {
            put_message(&mut self.encoded, 1, |out| put_int_attribute(out, key_of(attribute), value.into()));
        }
    }

    /// Whether the values put since [`begin`](Self::begin) are those of a process to report.
    pub const fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// The encoded `Resource`.
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// Whether the attribute is written; notes whether its value is of a process to report.
    fn accept(&mut self, attribute: ResourceAttribute, value: &str) -> bool {
        let Some(filter) = self.attributes.get(attribute as usize).filter(|filter| filter.is_on) else {
            return false;
        };
        let has =
            |conditions: &[TextCondition; 2]| conditions.iter().any(|one| one.matches(value.as_bytes()));
        self.is_wanted &=
            filter.include.as_ref().is_none_or(has) && !filter.exclude.as_ref().is_some_and(has);
        true
    }
}

fn key_of(attribute: ResourceAttribute) -> &'static str {
    ATTRIBUTES.get(attribute as usize).map_or("", |(key, ..)| key)
}

/// The values and the patterns of a list; none for an empty one.
fn conditions(values: &[ValueConfig]) -> Result<Option<[TextCondition; 2]>, String> {
    if values.is_empty() {
        return Ok(None);
    }
    let texts = |text: fn(&ValueConfig) -> &String| {
        values.iter().map(text).filter(|text| !text.is_empty()).collect::<Vec<_>>()
    };
    let exact = TextCondition::compile("strict", &texts(|value| &value.strict))?;
    let patterns = TextCondition::compile("regexp", &texts(|value| &value.regexp))?;
    Ok(Some([exact, patterns]))
}
