//! Words: the types whose values are a few fixed names.

use super::{Decoding, Node, NodeValue};

/// A type declared with [`config_word!`](crate::config::config_word).
pub trait Word: Copy + PartialEq + 'static {
    /// Every value with the word for it, in the order declared.
    const WORDS: &'static [(&'static str, Self)];
    /// Whether capital letters are small ones.
    const FOLD_CASE: bool;

    /// The sentence for a text that is none of the words, without where it stands.
    fn refusal(text: &str) -> String;
}

/// Takes the word written in `node`.
pub fn update_word<W: Word>(value: &mut W, node: &Node, decoding: &mut Decoding) {
    let hint = || Some(format!("one of {}", words::<W>().join(", ")));
    let text = match &node.value {
        NodeValue::Null => return,
        NodeValue::String(text) => text,
        _ => return decoding.wrong_type(node, "string", hint()),
    };
    let folded = if W::FOLD_CASE { text.to_lowercase() } else { text.clone() };
    match W::WORDS.iter().find(|(word, _)| *word == folded) {
        Some((_, found)) => *value = *found,
        None => {
            let message = format!("'{}' {}", decoding.dotted_path(), W::refusal(&folded));
            decoding.error(&node.location, message, hint());
        }
    }
}

/// The word for `value`.
pub fn word_of<W: Word>(value: W) -> &'static str {
    W::WORDS.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| word)
}

/// Every word.
pub fn words<W: Word>() -> Vec<&'static str> {
    W::WORDS.iter().map(|(word, _)| *word).collect()
}

/// Declares a type whose values are words: the enum, strict decoding, printing and reference.
///
/// `[fold_case]` takes capital letters for small ones. A `refused` clause makes the sentence for any other
/// text; without one that is `unknown value "text"`. The enum is `Copy`, and has a `word()`.
///
/// ```
/// weir::config::config_word! {
///     /// How much is said.
///     #[derive(Default)]
///     pub enum Verbosity [fold_case] {
///         /// What matters.
///         #[default]
///         Brief = "brief",
///         /// Everything.
///         Full = "full",
///     }
///     refused(text) { format!("unknown verbosity {text:?}") }
/// }
///
/// assert_eq!(Verbosity::default().word(), "brief");
/// ```
#[macro_export]
macro_rules! config_word {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident $([$fold_case:ident])? {
            $($(#[$variant_attribute:meta])* $variant:ident = $word:literal),* $(,)?
        }
        $(refused($text:ident) $refusal:block)?
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_attribute])* $variant,)*
        }

        impl $name {
            /// The word as it is written.
            pub fn word(self) -> &'static str {
                $crate::config::word_of(self)
            }
        }

        impl $crate::config::Word for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),*];
            const FOLD_CASE: bool = $crate::config_word!(@is_there $($fold_case)?);

            fn refusal(text: &str) -> String {
                $crate::config_word!(@refusal text $(, $text $refusal)?)
            }
        }

        impl $crate::config::ConfigValue for $name {
            fn update(&mut self, node: &$crate::config::Node, decoding: &mut $crate::config::Decoding) {
                $crate::config::update_word(self, node, decoding);
            }

            fn to_yaml(&self, _secrets: $crate::config::Secrets) -> serde_yaml::Value {
                self.word().into()
            }

            fn type_docs() -> $crate::config::TypeDocs {
                $crate::config::TypeDocs::OneOf($crate::config::words::<Self>())
            }
        }
    };
    (@is_there) => { false };
    (@is_there fold_case) => { true };
    (@refusal $found:ident) => { format!("unknown value {:?}", $found) };
    (@refusal $found:ident, $text:ident $refusal:block) => {{
        let $text = $found;
        $refusal
    }};
}

pub use config_word;

#[cfg(test)]
mod tests {
    use crate::config::{ConfigValue, Decoding, Node, NodeValue, Secrets};

    config_word! {
        /// A size.
        #[derive(Default)]
        pub enum Size [fold_case] {
            /// Little.
            #[default]
            Small = "small",
            /// Much.
            Large = "large",
        }
    }

    config_word! {
        /// A colour.
        pub enum Colour {
            /// Red.
            Red = "red",
        }
        refused(text) { format!("is no colour: {text}") }
    }

    fn update(value: &mut impl ConfigValue, written: NodeValue) -> Vec<String> {
        let mut decoding = Decoding::default();
        let node = Node::anonymous(written);
        decoding.within("field", |decoding| value.update(&node, decoding));
        decoding
            .into_errors()
            .into_iter()
            .map(|error| format!("{} {:?}", error.message, error.hint))
            .collect()
    }

    fn text(text: &str) -> NodeValue {
        NodeValue::String(text.to_owned())
    }

    #[test]
    fn a_word_is_taken_and_written_back() {
        let mut size = Size::default();
        assert!(update(&mut size, text("LARGE")).is_empty());
        assert_eq!((size, size.to_yaml(Secrets::Documented)), (Size::Large, "large".into()));
        assert!(update(&mut size, NodeValue::Null).is_empty());
        assert_eq!(size, Size::Large);
    }

    #[test]
    fn any_other_text_is_refused_with_the_words_there_are() {
        let refused = update(&mut Size::default(), text("huge"));
        assert_eq!(refused, ["'field' unknown value \"huge\" Some(\"one of small, large\")"]);
        let refused = update(&mut Colour::Red, text("Red"));
        assert_eq!(refused, ["'field' is no colour: Red Some(\"one of red\")"]);
        let refused = update(&mut Colour::Red, NodeValue::Bool(true));
        assert_eq!(refused.len(), 1);
    }
}
