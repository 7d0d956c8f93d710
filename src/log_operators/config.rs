//! The list under `operators`: `type` picks the section that the rest is decoded as.

use std::fmt;
use std::sync::Arc;

use super::graph::OperatorGraph;
use super::operator::{BuildContext, InvalidOperator, Operator, OperatorSection, Way};
use super::parsers::container::ContainerConfig;
use super::parsers::csv::CsvParserConfig;
use super::parsers::json::JsonParserConfig;
use super::parsers::json_array::JsonArrayParserConfig;
use super::parsers::key_value::KeyValueParserConfig;
use super::parsers::regex::RegexParserConfig;
use super::parsers::scope_name::ScopeNameParserConfig;
use super::parsers::severity::SeverityParserConfig;
use super::parsers::syslog::SyslogParserConfig;
use super::parsers::timestamp::TimeParserConfig;
use super::parsers::trace::TraceParserConfig;
use super::parsers::uri::UriParserConfig;
use super::transformers::add::AddConfig;
use super::transformers::assign_keys::AssignKeysConfig;
use super::transformers::copy::CopyConfig;
use super::transformers::filter::FilterConfig;
use super::transformers::flatten::FlattenConfig;
use super::transformers::r#move::MoveConfig;
use super::transformers::noop::NoopConfig;
use super::transformers::recombine::RecombineConfig;
use super::transformers::regex_replace::RegexReplaceConfig;
use super::transformers::remove::RemoveConfig;
use super::transformers::retain::RetainConfig;
use super::transformers::router::RouterConfig;
use super::transformers::sanitize_utf8::SanitizeUtf8Config;
use super::transformers::unquote::UnquoteConfig;
use crate::config::{
    Checking, ConfigValue, Decoding, Node, NodeValue, Secrets, SectionDocs, TypeDocs, typed_section,
};

/// Every type of operator. Adding one is one line here.
pub static OPERATORS: &[OperatorType] = &[
    OperatorType::of::<JsonParserConfig>(),
    OperatorType::of::<JsonArrayParserConfig>(),
    OperatorType::of::<RegexParserConfig>(),
    OperatorType::of::<CsvParserConfig>(),
    OperatorType::of::<KeyValueParserConfig>(),
    OperatorType::of::<SyslogParserConfig>(),
    OperatorType::of::<UriParserConfig>(),
    OperatorType::of::<ContainerConfig>(),
    OperatorType::of::<TimeParserConfig>(),
    OperatorType::of::<SeverityParserConfig>(),
    OperatorType::of::<TraceParserConfig>(),
    OperatorType::of::<ScopeNameParserConfig>(),
    OperatorType::of::<AddConfig>(),
    OperatorType::of::<AssignKeysConfig>(),
    OperatorType::of::<CopyConfig>(),
    OperatorType::of::<FilterConfig>(),
    OperatorType::of::<FlattenConfig>(),
    OperatorType::of::<MoveConfig>(),
    OperatorType::of::<NoopConfig>(),
    OperatorType::of::<RecombineConfig>(),
    OperatorType::of::<RegexReplaceConfig>(),
    OperatorType::of::<RemoveConfig>(),
    OperatorType::of::<RetainConfig>(),
    OperatorType::of::<RouterConfig>(),
    OperatorType::of::<SanitizeUtf8Config>(),
    OperatorType::of::<UnquoteConfig>(),
];

/// What is known of a type of operator without its section.
pub struct OperatorType {
    /// The word under `type`.
    pub type_name: &'static str,
    /// The reference of the section.
    pub docs: fn() -> SectionDocs,
    decode: fn(&Node, &mut Decoding) -> Arc<dyn AnyOperatorSection>,
}

impl OperatorType {
    /// The type that `T` is the section of.
    pub const fn of<T: OperatorSection>() -> Self {
        Self { type_name: T::TYPE, docs: T::docs, decode: decode_section::<T> }
    }
}

/// The operators of a receiver, in the order written.
#[derive(Debug, Clone, Default)]
pub struct Operators(Vec<Arc<dyn AnyOperatorSection>>);

impl Operators {
    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn sections(&self) -> &[Arc<dyn AnyOperatorSection>] {
        &self.0
    }
}

/// A section whose type only its operator knows.
pub(super) trait AnyOperatorSection: fmt::Debug + Send + Sync {
    fn type_name(&self) -> &'static str;
    fn id(&self) -> &str;
    fn ways(&self) -> Vec<Way>;
    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator>;
    fn check(&self, checking: &mut Checking);
    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value;
}

impl<T: OperatorSection> AnyOperatorSection for T {
    fn type_name(&self) -> &'static str {
        T::TYPE
    }

    fn id(&self) -> &str {
        &self.writer().id
    }

    fn ways(&self) -> Vec<Way> {
        OperatorSection::ways(self)
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        OperatorSection::build(self, context)
    }

    fn check(&self, checking: &mut Checking) {
        ConfigValue::check(self, checking);
    }

    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        let mut mapping = serde_yaml::Mapping::new();
        mapping.insert("type".into(), T::TYPE.into());
        self.append_yaml(secrets, &mut mapping);
        serde_yaml::Value::Mapping(mapping)
    }
}

fn decode_section<T: OperatorSection>(node: &Node, decoding: &mut Decoding) -> Arc<dyn AnyOperatorSection> {
    let mut section = T::default();
    section.update(node, decoding);
    Arc::new(section)
}

impl ConfigValue for Operators {
    fn update(&mut self, node: &Node, decoding: &mut Decoding) {
        let items = match &node.value {
            NodeValue::Null => return,
            NodeValue::List(items) => items,
            _ => return decoding.wrong_type(node, "slice", Some("write a list of operators".to_owned())),
        };
        self.0.clear();
        for (index, item) in items.iter().enumerate() {
            let section = decoding.within(format!("[{index}]"), |decoding| decode_operator(item, decoding));
            self.0.extend(section);
        }
    }

    fn check(&self, checking: &mut Checking) {
        let mut all_are_valid = true;
        for (index, section) in self.0.iter().enumerate() {
            checking.within(format!("[{index}]"), |checking| {
                section.check(checking);
                if let Err(invalid) = section.build(&BuildContext::default()) {
                    all_are_valid = false;
                    note(&invalid, checking);
                }
            });
        }
        if all_are_valid && let Err((index, invalid)) = OperatorGraph::connect(&self.0) {
            checking.within(format!("[{index}]"), |checking| note(&invalid, checking));
        }
    }

    fn to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        serde_yaml::Value::Sequence(self.0.iter().map(|section| section.to_yaml(secrets)).collect())
    }

    fn type_docs() -> TypeDocs {
        TypeDocs::Scalar("list of operators")
    }
}

/// The section of one operator; none where its type is not known.
fn decode_operator(node: &Node, decoding: &mut Decoding) -> Option<Arc<dyn AnyOperatorSection>> {
    let known: Vec<&str> = OPERATORS.iter().map(|operator| operator.type_name).collect();
    let (type_name, body) =
        typed_section(node, decoding, &known, "an operator, such as `type: json_parser`")?;
    let operator = OPERATORS.iter().find(|operator| operator.type_name == type_name)?;
    Some((operator.decode)(&body, decoding))
}

/// Notes what is wrong at the key it is wrong with.
fn note(invalid: &InvalidOperator, checking: &mut Checking) {
    fn descend(path: &[String], message: &str, checking: &mut Checking) {
        match path {
            [] => checking.error(message),
            [field] => checking.error_at(field, message),
            [key, below @ ..] => checking.within(key, |checking| descend(below, message, checking)),
        }
    }
    descend(&invalid.path, &invalid.message, checking);
}
