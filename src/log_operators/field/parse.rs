//! Reading the notation of fields: keys behind dots, or quoted in brackets.

use super::{EntryPart, Field};

/// Why a text names no field, in the Collector's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidField {
    /// A bracket holds something that is not quoted.
    #[error("splitting field: strings in brackets must be surrounded by quotes")]
    Unquoted,
    /// Something stands between the quote's end and the bracket's.
    #[error("splitting field: found characters between closed quote and closing bracket")]
    AfterQuote,
    /// Behind a bracket comes neither a dot nor another bracket.
    #[error("splitting field: bracketed access must be followed by a dot or another bracketed access")]
    AfterBracket,
    /// A bracket is not closed.
    #[error("splitting field: found unclosed left bracket")]
    UnclosedBracket,
    /// A `"` is not closed.
    #[error("splitting field: found unclosed double quote")]
    UnclosedDoubleQuote,
    /// A `'` is not closed.
    #[error("splitting field: found unclosed single quote")]
    UnclosedSingleQuote,
    /// There is nothing.
    #[error("splitting field: fields size is 0")]
    Empty,
    /// The first key is none of `body`, `attributes` and `resource`.
    #[error("unrecognized prefix")]
    Prefix,
    /// All attributes, where one is wanted.
    #[error("attributes cannot be referenced without subfield")]
    AllAttributes,
    /// The resource as a whole, where one of its attributes is wanted.
    #[error("resource cannot be referenced without subfield")]
    WholeResource,
}

impl Field {
    /// Reads a field; of attributes and resource one under a key only.
    ///
    /// # Errors
    ///
    /// [`InvalidField`]
    pub fn parse(text: &str) -> Result<Self, InvalidField> {
        let field = Self::parse_rootable(text)?;
        match field.part {
            EntryPart::Attributes if field.is_root() => Err(InvalidField::AllAttributes),
            EntryPart::Resource if field.is_root() => Err(InvalidField::WholeResource),
            _ => Ok(field),
        }
    }

    /// Reads a field, which may be all attributes or the resource as a whole.
    ///
    /// # Errors
    ///
    /// [`InvalidField`]
    pub fn parse_rootable(text: &str) -> Result<Self, InvalidField> {
        let mut keys = split(text)?.into_iter();
        let part = match keys.next() {
            Some("body") => EntryPart::Body,
            Some("attributes") => EntryPart::Attributes,
            Some("resource") => EntryPart::Resource,
            Some(_) => return Err(InvalidField::Prefix),
            None => return Err(InvalidField::Empty),
        };
        Ok(Self { part, keys: keys.map(Box::from).collect() })
    }
}

/// The keys of the notation, the first one included.
fn split(text: &str) -> Result<Vec<&str>, InvalidField> {
    let mut keys = Vec::new();
    let mut rest = text;
    // Behind a bracket a dot must come, behind a dot or at the beginning a key may.
    while !rest.is_empty() {
        match rest.strip_prefix('[') {
            Some(inside) => {
                let (key, behind) = bracketed(inside)?;
                keys.push(key);
                rest = match behind.strip_prefix('.') {
                    Some(behind) => {
                        let (key, behind) = until_separator(behind);
                        keys.push(key);
                        behind
                    }
                    None if behind.is_empty() || behind.starts_with('[') => behind,
                    None => return Err(InvalidField::AfterBracket),
                };
            }
            None => {
                let (key, behind) = until_separator(rest.strip_prefix('.').unwrap_or(rest));
                if rest.starts_with('.') && keys.is_empty() {
                    keys.push("");
                }
                keys.push(key);
                rest = behind;
            }
        }
    }
    Ok(keys)
}

/// The key up to a dot or a bracket, and the rest from there.
fn until_separator(text: &str) -> (&str, &str) {
    text.split_at(text.find(['.', '[']).unwrap_or(text.len()))
}

/// The key in a bracket whose `[` is taken off, and what is behind its `]`.
fn bracketed(inside: &str) -> Result<(&str, &str), InvalidField> {
    let (quote, unclosed) = match inside.chars().next() {
        Some('"') => ('"', InvalidField::UnclosedDoubleQuote),
        Some('\'') => ('\'', InvalidField::UnclosedSingleQuote),
        Some(_) => return Err(InvalidField::Unquoted),
        None => return Err(InvalidField::UnclosedBracket),
    };
    let quoted = inside.strip_prefix(quote).unwrap_or(inside);
    let (key, behind) = quoted.split_once(quote).ok_or(unclosed)?;
    match behind.strip_prefix(']') {
        Some(behind) => Ok((key, behind)),
        None if behind.is_empty() => Err(InvalidField::UnclosedBracket),
        None => Err(InvalidField::AfterQuote),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_behind_dots_or_in_brackets() {
        for (text, keys) in [
            ("body", &["body"][..]),
            ("body.a.b", &["body", "a", "b"]),
            ("body['a.b'].c", &["body", "a.b", "c"]),
            ("body.a['b']['c'].d", &["body", "a", "b", "c", "d"]),
            (r#"["attributes"]["it's"]"#, &["attributes", "it's"]),
            ("body.", &["body", ""]),
            (".a", &["", "a"]),
            ("body['a'].", &["body", "a", ""]),
        ] {
            assert_eq!(split(text).unwrap(), keys, "{text}");
        }
    }

    #[test]
    fn what_names_no_field_is_refused() {
        for (text, error) in [
            ("", InvalidField::Empty),
            ("message", InvalidField::Prefix),
            ("$body.a", InvalidField::Prefix),
            ("attributes", InvalidField::AllAttributes),
            ("resource", InvalidField::WholeResource),
            ("body[a]", InvalidField::Unquoted),
            ("body[", InvalidField::UnclosedBracket),
            ("body['a'", InvalidField::UnclosedBracket),
            ("body['a", InvalidField::UnclosedSingleQuote),
            ("body[\"a", InvalidField::UnclosedDoubleQuote),
            ("body['a'x]", InvalidField::AfterQuote),
            ("body['a']b", InvalidField::AfterBracket),
        ] {
            assert_eq!(Field::parse(text), Err(error), "{text}");
        }
        assert_eq!(Field::parse_rootable("attributes"), Ok(Field::attributes()));
    }
}
