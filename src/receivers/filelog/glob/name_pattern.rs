//! The pattern of one name, between two slashes.

use super::InvalidGlob;

/// The pattern of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// This character.
    Literal(char),
    /// `?`: any character.
    AnyCharacter,
    /// `*`: any number of any characters.
    AnyText,
    /// `[a-z]`, or all but these: pairs of first and last.
    Class { is_negated: bool, ranges: Vec<(char, char)> },
}

impl NamePattern {
    /// Reads a pattern without slashes and braces.
    pub fn parse(text: &str) -> Result<Self, InvalidGlob> {
        let mut parts = Vec::new();
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let part = match character {
                '*' => Part::AnyText,
                '?' => Part::AnyCharacter,
                '\\' => Part::Literal(characters.next().ok_or(InvalidGlob)?),
                '[' => parse_class(&mut characters)?,
                other => Part::Literal(other),
            };
            if part != Part::AnyText || parts.last() != Some(&Part::AnyText) {
                parts.push(part);
            }
        }
        Ok(Self { parts })
    }

    /// The name, where the pattern is but a name.
    pub fn literal(&self) -> Option<String> {
        let literal = |part: &Part| if let Part::Literal(character) = part { Some(*character) } else { None };
        self.parts.iter().map(literal).collect()
    }

    /// True where the pattern matches the whole name.
    pub fn matches(&self, name: &str) -> bool {
        // Where to go on when what follows the last `*` does not match: one character later.
        let mut retry: Option<(usize, &str)> = None;
        let (mut at, mut rest) = (0, name);
        loop {
            let mut following = rest.chars();
            let next = following.next();
            match (self.parts.get(at), next) {
                (Some(Part::AnyText), _) => {
                    retry = Some((at + 1, rest));
                    at += 1;
                    continue;
                }
                (None, None) => return true,
                (Some(part), Some(character)) if part.matches(character) => {
                    at += 1;
                    rest = following.as_str();
                    continue;
                }
                _ => {}
            }
            let Some((retry_at, retry_rest)) = retry else { return false };
            let mut shorter = retry_rest.chars();
            if shorter.next().is_none() {
                return false;
            }
            retry = Some((retry_at, shorter.as_str()));
            (at, rest) = (retry_at, shorter.as_str());
        }
    }
}

impl Part {
    fn matches(&self, character: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == character,
            Self::AnyCharacter => true,
            Self::AnyText => false,
            Self::Class { is_negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&character)) != *is_negated
            }
        }
    }
}

fn parse_class(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Part, InvalidGlob> {
    let is_negated = characters.next_if(|character| matches!(character, '!' | '^')).is_some();
    let mut ranges = Vec::new();
    loop {
        let first = match characters.next().ok_or(InvalidGlob)? {
            ']' if ranges.is_empty() => return Err(InvalidGlob),
            ']' => return Ok(Part::Class { is_negated, ranges }),
            '\\' => characters.next().ok_or(InvalidGlob)?,
            other => other,
        };
        let mut ahead = characters.clone();
        let is_range = ahead.next() == Some('-') && ahead.peek().is_some_and(|last| *last != ']');
        let last = if is_range {
            characters.next();
            match characters.next().ok_or(InvalidGlob)? {
                '\\' => characters.next().ok_or(InvalidGlob)?,
                other => other,
            }
        } else {
            first
        };
        ranges.push((first, last));
    }
}
