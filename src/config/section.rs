//! Sections: the structs users write, declared once with fields, defaults and reference text.

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use super::{Checking, ConfigValue, Decoding, Node, NodeValue, Secrets, TypeDocs};

/// A struct declared with [`config_section!`](crate::config::config_section).
pub trait Section: ConfigValue + Default + Send + Sync + 'static {
    /// Takes the value of one key; false where the section has no such key.
    fn update_key(&mut self, key: &str, node: &Node, decoding: &mut Decoding) -> bool;

    /// Every key of the section, flattened ones included, in the order declared.
    fn keys() -> Vec<&'static str>;

    /// The entries of the printed form.
    fn append_yaml(&self, secrets: Secrets, mapping: &mut serde_yaml::Mapping);

    /// The reference: the section's own text and one row a field.
    fn docs() -> SectionDocs;
}

/// A decoded component section whose type only its factory knows.
pub trait AnySection: Send + Sync {
    /// Notes what is wrong with the section.
    fn check_section(&self, checking: &mut Checking);
    /// The section as it would be written.
    fn section_to_yaml(&self, secrets: Secrets) -> serde_yaml::Value;
    /// The way back to the type.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<T: Section> AnySection for T {
    fn check_section(&self, checking: &mut Checking) {
        self.check(checking);
    }

    fn section_to_yaml(&self, secrets: Secrets) -> serde_yaml::Value {
        self.to_yaml(secrets)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// The reference of one section.
#[derive(Debug, Clone)]
pub struct SectionDocs {
    /// The doc comment of the struct.
    pub text: &'static str,
    /// The fields in the order declared.
    pub fields: Vec<FieldDocs>,
}

/// The reference of one field.
#[derive(Debug, Clone)]
pub struct FieldDocs {
    /// The key.
    pub name: &'static str,
    /// The doc comment.
    pub text: Cow<'static, str>,
    /// The type.
    pub kind: TypeDocs,
    /// The default as [`Secrets::Documented`] shows it.
    pub default: serde_yaml::Value,
}

/// Decodes the body of a section: every key of the mapping in turn, unknown ones refused together.
pub fn update_section<T: Section>(section: &mut T, node: &Node, decoding: &mut Decoding) {
    let entries = match &node.value {
        NodeValue::Null => return,
        NodeValue::Map(entries) => entries,
        _ => {
            let message =
                format!("'{}' expected a map or struct, got {:?}", decoding.dotted_path(), node.go_type());
            decoding.error(&node.location, message, Some(format!("valid keys: {}", T::keys().join(", "))));
            return;
        }
    };
    for entry in entries {
        let known = decoding
            .within(entry.key.clone(), |decoding| section.update_key(&entry.key, &entry.value, decoding));
        if !known {
            let message = format!("'{}' has invalid keys: {}", decoding.dotted_path(), entry.key);
            decoding.error(&entry.key_location, message, Some(unknown_key_hint(&entry.key, &T::keys())));
        }
    }
}

/// "did you mean", where a known word is near, and the list of what is valid.
pub fn unknown_key_hint(found: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return "it has no keys".to_owned();
    }
    let valid = format!("valid keys: {}", known.join(", "));
    match nearest(found, known) {
        Some(word) => format!("did you mean {word:?}? {valid}"),
        None => valid,
    }
}

/// The known word most like `found`, where one is close enough to be meant.
pub fn nearest<'a>(found: &str, known: &[&'a str]) -> Option<&'a str> {
    let scored = known.iter().map(|word| (strsim::normalized_damerau_levenshtein(found, word), *word));
    let best = scored.max_by(|left, right| left.0.total_cmp(&right.0))?;
    (best.0 >= 0.6).then_some(best.1)
}

/// The key of a field: its name, without the mark of those that are words of Rust, such as `r#if`.
pub const fn key_of(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

/// Declares a section: the struct, its defaults, strict decoding, checks, printing and reference.
///
/// Every field has a doc comment (its reference text), a type that is a
/// [`ConfigValue`](crate::config::ConfigValue) and a default. A field marked `[flatten]` is another
/// section whose keys stand among this one's. An optional `check` clause notes what is wrong with
/// the values taken together.
///
/// ```
/// weir::config::config_section! {
///     /// Collects items into larger requests.
///     pub struct Example {
///         /// How long to wait before an incomplete batch goes out.
///         pub timeout: weir::config::GoDuration = weir::config::GoDuration::from_millis(200),
///         /// How many items make a batch.
///         pub send_batch_size: u64 = 8192,
///     }
///     check(section, checking) {
///         if section.timeout.is_negative() {
///             checking.error_at("timeout", "'timeout' must be non-negative");
///         }
///     }
/// }
/// ```
#[macro_export]
macro_rules! config_section {
    (
        $(#[doc = $text:literal])*
        pub struct $name:ident {
            $(
                $(#[doc = $field_text:literal])*
                pub $([$flatten:ident])? $field:ident : $type:ty = $default:expr
            ),* $(,)?
        }
        $(check($section:ident, $checking:ident) $check:block)?
    ) => {
        $(#[doc = $text])*
        #[derive(Debug, Clone)]
        pub struct $name {
            $( $(#[doc = $field_text])* pub $field: $type, )*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )* }
            }
        }

        impl $crate::config::Section for $name {
            fn update_key(
                &mut self,
                key: &str,
                node: &$crate::config::Node,
                decoding: &mut $crate::config::Decoding,
            ) -> bool {
                $( $crate::config_section!(@update [$($flatten)?] self, $field, key, node, decoding); )*
                let _ = (key, node, decoding);
                false
            }

            #[allow(clippy::vec_init_then_push, reason = "flattened sections extend the list in between")]
            fn keys() -> Vec<&'static str> {
                #[allow(unused_mut, reason = "a section may have no field")]
                let mut keys = Vec::new();
                $( $crate::config_section!(@keys [$($flatten)?] keys, $field, $type); )*
                keys
            }

            fn append_yaml(&self, secrets: $crate::config::Secrets, mapping: &mut serde_yaml::Mapping) {
                let _ = (secrets, &mapping);
                $( $crate::config_section!(@yaml [$($flatten)?] self, $field, secrets, mapping); )*
            }

            #[allow(clippy::vec_init_then_push, reason = "flattened sections extend the list in between")]
            fn docs() -> $crate::config::SectionDocs {
                #[allow(unused_mut, reason = "a section may have no field")]
                let mut fields = Vec::new();
                let defaults = Self::default();
                let _ = &defaults;
                $( $crate::config_section!(
                    @docs [$($flatten)?] fields, $field, $type, defaults, concat!($($field_text, "\n"),*)
                ); )*
                $crate::config::SectionDocs { text: concat!($($text, "\n"),*), fields }
            }
        }

        impl $crate::config::ConfigValue for $name {
            fn update(&mut self, node: &$crate::config::Node, decoding: &mut $crate::config::Decoding) {
                $crate::config::update_section(self, node, decoding);
            }

            fn check(&self, checking: &mut $crate::config::Checking) {
                $( $crate::config_section!(@check [$($flatten)?] self, $field, checking); )*
                $( { let ($section, $checking) = (self, &mut *checking); $check } )?
                let _ = checking;
            }

            fn to_yaml(&self, secrets: $crate::config::Secrets) -> serde_yaml::Value {
                let mut mapping = serde_yaml::Mapping::new();
                $crate::config::Section::append_yaml(self, secrets, &mut mapping);
                serde_yaml::Value::Mapping(mapping)
            }

            fn type_docs() -> $crate::config::TypeDocs {
                $crate::config::TypeDocs::Section(<Self as $crate::config::Section>::docs())
            }
        }
    };
    (@update [] $self:ident, $field:ident, $key:ident, $node:ident, $decoding:ident) => {
        if $key == $crate::config::key_of(stringify!($field)) {
            $crate::config::ConfigValue::update(&mut $self.$field, $node, $decoding);
            return true;
        }
    };
    (@update [flatten] $self:ident, $field:ident, $key:ident, $node:ident, $decoding:ident) => {
        if $crate::config::Section::update_key(&mut $self.$field, $key, $node, $decoding) {
            return true;
        }
    };
    (@keys [] $keys:ident, $field:ident, $type:ty) => {
        $keys.push($crate::config::key_of(stringify!($field)));
    };
    (@keys [flatten] $keys:ident, $field:ident, $type:ty) => {
        $keys.extend(<$type as $crate::config::Section>::keys());
    };
    (@yaml [] $self:ident, $field:ident, $secrets:ident, $mapping:ident) => {
        $mapping.insert(
            $crate::config::key_of(stringify!($field)).into(),
            $crate::config::ConfigValue::to_yaml(&$self.$field, $secrets),
        );
    };
    (@yaml [flatten] $self:ident, $field:ident, $secrets:ident, $mapping:ident) => {
        $crate::config::Section::append_yaml(&$self.$field, $secrets, $mapping);
    };
    (@docs [] $fields:ident, $field:ident, $type:ty, $defaults:ident, $text:expr) => {
        $fields.push($crate::config::FieldDocs {
            name: $crate::config::key_of(stringify!($field)),
            text: std::borrow::Cow::Borrowed($text),
            kind: <$type as $crate::config::ConfigValue>::type_docs(),
            default: $crate::config::ConfigValue::to_yaml(&$defaults.$field, $crate::config::Secrets::Documented),
        });
    };
    (@docs [flatten] $fields:ident, $field:ident, $type:ty, $defaults:ident, $text:expr) => {
        $fields.extend(<$type as $crate::config::Section>::docs().fields);
    };
    (@check [] $self:ident, $field:ident, $checking:ident) => {
        $checking.within($crate::config::key_of(stringify!($field)), |checking| {
            $crate::config::ConfigValue::check(&$self.$field, checking)
        });
    };
    (@check [flatten] $self:ident, $field:ident, $checking:ident) => {
        $crate::config::ConfigValue::check(&$self.$field, $checking);
    };
}

pub use config_section;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Entry, GoDuration, Location, Optional};

    config_section! {
        /// Where to listen.
        pub struct Listening {
            /// The address.
            pub endpoint: String = "localhost:1".to_owned(),
        }
    }

    config_section! {
        /// An example.
        pub struct Example {
            pub [flatten] listening: Listening = Listening::default(),
            /// How long.
            pub timeout: GoDuration = GoDuration::from_secs(5),
            /// When at all.
            pub r#if: String = String::new(),
            /// A part that may be off.
            pub part: Optional<Listening> = Optional::off(Listening::default()),
        }
        check(section, checking) {
            if section.timeout.is_negative() {
                checking.error_at("timeout", "'timeout' must be non-negative");
            }
        }
    }

    fn map(entries: Vec<(&str, NodeValue)>) -> NodeValue {
        let entry = |(key, value): (&str, NodeValue)| Entry {
            key: key.to_owned(),
            key_location: Location::unknown(),
            value: Node::anonymous(value),
        };
        NodeValue::Map(entries.into_iter().map(entry).collect())
    }

    fn decode(value: NodeValue) -> (Example, Vec<String>) {
        let mut example = Example::default();
        let mut decoding = Decoding::default();
        example.update(&Node::anonymous(value), &mut decoding);
        (example, decoding.into_errors().into_iter().map(|error| error.message).collect())
    }

    #[test]
    fn what_is_not_written_keeps_its_default() {
        let (example, errors) = decode(map(vec![
            ("endpoint", NodeValue::String("localhost:2".into())),
            ("if", NodeValue::String("always".into())),
            ("part", NodeValue::Null),
        ]));
        assert_eq!(errors, Vec::<String>::new());
        assert_eq!(example.listening.endpoint, "localhost:2");
        assert_eq!(example.timeout, GoDuration::from_secs(5));
        assert_eq!(example.part.get().unwrap().endpoint, "localhost:1");
        assert_eq!(example.r#if, "always");
        assert_eq!(Example::keys(), ["endpoint", "timeout", "if", "part"]);
    }

    #[test]
    fn every_error_is_reported_at_once() {
        let (_, errors) = decode(map(vec![
            ("endpoint", NodeValue::Integer(5)),
            ("timeot", NodeValue::String("5s".into())),
            ("part", map(vec![("port", NodeValue::Integer(5))])),
        ]));
        assert_eq!(
            errors,
            [
                "'endpoint' expected type 'string', got unconvertible type 'int', value: 5",
                "'' has invalid keys: timeot",
                "'part' has invalid keys: port",
            ]
        );
    }

    #[test]
    fn checks_name_the_field() {
        let (example, _) = decode(map(vec![("timeout", NodeValue::String("-1s".into()))]));
        let mut checking = Checking::default();
        example.check(&mut checking);
        let errors = checking.into_errors();
        assert_eq!(errors[0].field.as_deref(), Some("timeout"));
        assert_eq!(errors[0].message, "'timeout' must be non-negative");
    }
}
