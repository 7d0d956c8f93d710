//! From an action as written to a step of the plan, with the Collector's words for what is wrong.

use regex::bytes::Regex;

use super::ActionConfig;
use super::client_value::ClientValue;
use super::plan::{Affected, ConvertedType, KeyId, PutCondition, Step, ValueSource};
use crate::config::compile_go_regexp;
use crate::processors::written_value::encoded_value;

/// Why an action is refused, and the field that has to change.
#[derive(Debug)]
pub(super) struct InvalidAction {
    pub(super) field: &'static str,
    pub(super) message: String,
}

/// The keys that actions name, each once.
#[derive(Debug, Default)]
pub(super) struct KeyTable {
    keys: Vec<Box<[u8]>>,
    /// A bit for each length a key has, longer ones than 63 bytes at bit 63: most keys met are none of
    /// these, and most of those are told by their length.
    lengths: u64,
}

impl KeyTable {
    /// The id of `key`, which is added where it is new.
    fn add(&mut self, key: &str) -> KeyId {
        if let Some(id) = self.find(key.as_bytes()) {
            return id;
        }
        self.lengths |= 1 << key.len().min(63);
        self.keys.push(Box::from(key.as_bytes()));
        self.keys.len() - 1
    }

    /// The id of a key met in telemetry.
    #[inline]
    pub(super) fn find(&self, key: &[u8]) -> Option<KeyId> {
        if self.lengths & 1 << key.len().min(63) == 0 {
            return None;
        }
        self.keys.iter().position(|known| **known == *key)
    }

    /// The key with this id.
    pub(super) fn key(&self, id: KeyId) -> &[u8] {
        self.keys.get(id).map_or(&[], AsRef::as_ref)
    }
}

/// Compiles the action at `index` of its list, and adds the keys it names to `keys`.
pub(super) fn compile_action(
    index: usize,
    config: &ActionConfig,
    keys: &mut KeyTable,
) -> Result<Step, InvalidAction> {
    let action = config.action.to_lowercase();
    let takes_pattern_for_key = matches!(action.as_str(), "delete" | "hash");
    if takes_pattern_for_key && config.key.is_empty() && config.pattern.is_empty() {
        return Err(InvalidAction {
            field: "action",
            message: format!(
                "error creating AttrProc due to missing required field (at least one of \"key\" and \
                 \"pattern\" have to be used) at the {index}-th action"
            ),
        });
    }
    if !takes_pattern_for_key && config.key.is_empty() {
        let message =
            format!("error creating AttrProc due to missing required field \"key\" at the {index}-th action");
        return Err(InvalidAction { field: "key", message });
    }
    let compiling = Compiling { index, action: &action, config };
    match action.as_str() {
        "insert" => compiling.put(PutCondition::Absent, keys),
        "update" => compiling.put(PutCondition::Present, keys),
        "upsert" => compiling.put(PutCondition::Always, keys),
        "delete" => Ok(Step::Delete(compiling.affected(keys)?)),
        "hash" => Ok(Step::Hash(compiling.affected(keys)?)),
        "extract" => compiling.extract(keys),
        "convert" => compiling.convert(keys),
        _ => Err(compiling.invalid("action", format!(" due to unsupported action {action:?}"))),
    }
}

struct Compiling<'a> {
    index: usize,
    /// In lower case.
    action: &'a str,
    config: &'a ActionConfig,
}

impl Compiling<'_> {
    fn put(self, condition: PutCondition, keys: &mut KeyTable) -> Result<Step, InvalidAction> {
        let config = self.config;
        let sources = self.value_sources();
        if sources == 0 && config.default_value.0.is_null() {
            let message = ". Either field \"value\", \"from_attribute\", \"from_context\", or \
                           \"default_value\" must be specified";
            return Err(self.invalid("key", message.to_owned()));
        }
        if sources > 1 {
            return Err(self.invalid("key", " due to multiple value sources being set".to_owned()));
        }
        self.refuse_field("pattern", &config.pattern)?;
        self.refuse_field("converted_type", &config.converted_type)?;
        let source = if !config.value.0.is_null() {
            ValueSource::Constant(encoded_value(&config.value.0))
        } else if !config.from_context.is_empty() {
            ValueSource::Client(ClientValue::parse(&config.from_context))
        } else if !config.from_attribute.is_empty() {
            ValueSource::Attribute(keys.add(&config.from_attribute))
        } else {
            ValueSource::Nothing
        };
        let default_value = &config.default_value.0;
        let fallback = (!default_value.is_null()).then(|| encoded_value(default_value));
        Ok(Step::Put { key: keys.add(&config.key), source, fallback, condition })
    }

    fn affected(self, keys: &mut KeyTable) -> Result<Affected, InvalidAction> {
        let config = self.config;
        if !config.value.0.is_null() || !config.from_attribute.is_empty() {
            let field = if config.value.0.is_null() { "from_attribute" } else { "value" };
            return Err(self.unused(
                field,
                "does not use \"value\" or \"from_attribute\" field. These must not be specified",
            ));
        }
        self.refuse_field("converted_type", &config.converted_type)?;
        let pattern = if config.pattern.is_empty() { None } else { Some(self.pattern()?) };
        let key = (!config.key.is_empty()).then(|| keys.add(&config.key));
        Ok(Affected { key, pattern })
    }

    fn extract(self, keys: &mut KeyTable) -> Result<Step, InvalidAction> {
        let config = self.config;
        if self.value_sources() > 0 {
            let message = "does not use a value source field. These must not be specified";
            return Err(self.unused("key", message));
        }
        if config.pattern.is_empty() {
            return Err(self.missing("pattern"));
        }
        self.refuse_field("converted_type", &config.converted_type)?;
        let pattern = self.pattern()?;
        let mut targets = Vec::new();
        for name in pattern.capture_names().skip(1) {
            let Some(name) = name else {
                let message = ". Field \"pattern\" contains at least one unnamed matcher group";
                return Err(self.invalid("pattern", message.to_owned()));
            };
            targets.push(keys.add(name));
        }
        if targets.is_empty() {
            let message = ". Field \"pattern\" contains no named matcher groups";
            return Err(self.invalid("pattern", message.to_owned()));
        }
        Ok(Step::Extract { key: keys.add(&config.key), pattern, targets })
    }

    fn convert(self, keys: &mut KeyTable) -> Result<Step, InvalidAction> {
        let config = self.config;
        if self.value_sources() > 0 || !config.pattern.is_empty() {
            let field = if config.pattern.is_empty() { "key" } else { "pattern" };
            let message = "does not use value sources or \"pattern\" field. These must not be specified";
            return Err(self.unused(field, message));
        }
        let to = match config.converted_type.as_str() {
            "int" => ConvertedType::Int,
            "double" => ConvertedType::Double,
            "string" => ConvertedType::String,
            "" => return Err(self.missing("converted_type")),
            other => {
                let message = format!(
                    " due to invalid value \"{other}\" in field \"converted_type\" for action \"{}\"",
                    self.action
                );
                return Err(self.invalid("converted_type", message));
            }
        };
        Ok(Step::Convert { key: keys.add(&config.key), to })
    }

    fn value_sources(&self) -> usize {
        let config = self.config;
        let written =
            [!config.value.0.is_null(), !config.from_attribute.is_empty(), !config.from_context.is_empty()];
        written.into_iter().filter(|is_written| *is_written).count()
    }

    fn pattern(&self) -> Result<Regex, InvalidAction> {
        compile_go_regexp(&self.config.pattern).map_err(|_| {
            let message = format!(". Field \"pattern\" has invalid pattern: \"{}\"", self.config.pattern);
            self.invalid("pattern", message)
        })
    }

    fn refuse_field(&self, field: &'static str, written: &str) -> Result<(), InvalidAction> {
        if written.is_empty() {
            return Ok(());
        }
        let message = format!("does not use the \"{field}\" field. This must not be specified");
        Err(self.unused(field, &message))
    }

    fn missing(&self, field: &'static str) -> InvalidAction {
        let message = format!(" due to missing required field \"{field}\" for action \"{}\"", self.action);
        self.invalid(field, message)
    }

    fn unused(&self, field: &'static str, message: &str) -> InvalidAction {
        self.invalid(field, format!(". Action \"{}\" {message}", self.action))
    }

    fn invalid(&self, field: &'static str, message: String) -> InvalidAction {
        let (key, index) = (&self.config.key, self.index);
        let message = format!("error with key {key:?} ({index}-th action): error creating AttrProc{message}");
        InvalidAction { field, message }
    }
}
