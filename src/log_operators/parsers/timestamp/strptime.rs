//! Time layouts in the notation of `strptime`, as the Collector has it: each directive is an element of a Go
//! layout, and texts may have spaces before numbers, numbers without leading zeros and any form of offset.

use super::go_layout::{GoLayout, MismatchedTime, TimeFields};

/// A layout with what it last turned out to mean.
#[derive(Debug)]
pub struct Strptime {
    text: String,
    pieces: Vec<Piece>,
    tail: String,
    /// The Go layout that the last text was read by, since lines of one source look alike.
    last: Option<GoLayout>,
}

#[derive(Debug)]
struct Piece {
    literal: String,
    directive: String,
    alternatives: &'static [&'static [&'static str]],
}

/// A layout that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStrptime {
    /// Digits would be taken for elements.
    #[error("format string should not contain decimals")]
    Decimals,
    /// A fraction has to follow a point or comma.
    #[error("invalid fractional seconds directive: '{0}'. must be preceded with '.' or ','")]
    Fraction(String),
    /// There is no such directive.
    #[error("invalid strptime format: [{0}]")]
    Directives(String),
}

impl Strptime {
    /// Takes a layout apart.
    ///
    /// # Errors
    ///
    /// [`InvalidStrptime`].
    pub fn new(text: &str) -> Result<Self, InvalidStrptime> {
        if text.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(InvalidStrptime::Decimals);
        }
        let (mut pieces, mut unknown, mut literal) = (Vec::new(), Vec::new(), String::new());
        let mut before = None;
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let letter = if character == '%' { characters.clone().next() } else { None };
            // A percent sign before a line's end, or at the end, is itself.
            let Some(letter) = letter.filter(|letter| *letter != '\n') else {
                literal.push(character);
                before = Some(character);
                continue;
            };
            characters.next();
            let directive = format!("%{letter}");
            if matches!(letter, 'L' | 'f' | 's')
                && let Some(before) = before.filter(|before| !matches!(before, '.' | ','))
            {
                return Err(InvalidStrptime::Fraction(format!("{before}{directive}")));
            }
            before = Some(letter);
            match alternatives(letter) {
                Some(alternatives) => {
                    pieces.push(Piece { literal: std::mem::take(&mut literal), directive, alternatives });
                }
                None => unknown.push(format!("unsupported ctimefmt.toNative() directive: {directive}")),
            }
        }
        if !unknown.is_empty() {
            return Err(InvalidStrptime::Directives(unknown.join(" ")));
        }
        Ok(Self { text: text.to_owned(), pieces, tail: literal, last: None })
    }

    /// Reads a text.
    ///
    /// # Errors
    ///
    /// [`MismatchedTime`] with the directive that does not fit.
    pub fn parse<'v>(&mut self, value: &'v str) -> Result<TimeFields<'v>, Box<MismatchedTime>> {
        if let Some(fields) = self.last.as_ref().and_then(|last| last.parse(value).ok()) {
            return Ok(fields);
        }
        let mut choices: Vec<Choice> = self.pieces.iter().map(Choice::first).collect();
        loop {
            let layout = GoLayout::new(&self.layout_of(&choices));
            match layout.parse(value) {
                Ok(fields) => {
                    self.last = Some(layout);
                    return Ok(fields);
                }
                Err(mut mismatch) => {
                    if self.choose_again(&mut choices, &mut mismatch) {
                        continue;
                    }
                    mismatch.layout.clone_from(&self.text);
                    return Err(mismatch);
                }
            }
        }
    }

    fn layout_of(&self, choices: &[Choice]) -> String {
        let mut layout = String::new();
        for (piece, choice) in self.pieces.iter().zip(choices) {
            layout.push_str(&piece.literal);
            choice.elements.iter().for_each(|element| layout.push_str(element));
        }
        layout.push_str(&self.tail);
        layout
    }

    /// Whether the directive whose element did not fit can mean something else.
    fn choose_again(&self, choices: &mut [Choice], mismatch: &mut MismatchedTime) -> bool {
        if mismatch.element.is_empty() {
            return false;
        }
        let owner =
            choices.iter_mut().zip(&self.pieces).enumerate().rev().find_map(|(at, (choice, piece))| {
                let element = choice.elements.iter().position(|element| *element == mismatch.element)?;
                Some((at, choice, piece, element))
            });
        let Some((at, choice, piece, element)) = owner else {
            return false;
        };
        if !choice.passes_spaces(element, &mismatch.remainder) && !choice.next_alternative(piece) {
            mismatch.element.clone_from(&piece.directive);
            return false;
        }
        for (choice, piece) in choices.iter_mut().zip(&self.pieces).skip(at + 1) {
            *choice = Choice::first(piece);
        }
        true
    }
}

/// Which alternative of a directive is tried, with the spaces put into it.
struct Choice {
    alternative: usize,
    elements: Vec<String>,
}

impl Choice {
    fn first(piece: &Piece) -> Self {
        Self { alternative: 0, elements: elements_of(piece, 0).unwrap_or_default() }
    }

    /// Puts the spaces that the text has before a number into the layout; false where it has none.
    fn passes_spaces(&mut self, element: usize, remainder: &str) -> bool {
        let is_numeric = self
            .elements
            .get(element)
            .is_some_and(|element| element.starts_with(|first: char| first.is_ascii_digit() || first == 'Z'));
        let is_space = |character: char| matches!(character, ' ' | '\t' | '\n' | '\r' | '\x0c');
        let spaces = remainder.len() - remainder.trim_start_matches(is_space).len();
        if !is_numeric || spaces == 0 || self.elements.len() > MOST_ELEMENTS {
            return false;
        }
        self.elements.insert(element, remainder.chars().take(spaces).collect());
        true
    }

    fn next_alternative(&mut self, piece: &Piece) -> bool {
        match elements_of(piece, self.alternative + 1) {
            Some(elements) => {
                *self = Self { alternative: self.alternative + 1, elements };
                true
            }
            None => false,
        }
    }
}

/// More than any directive has with a space before each of its numbers.
const MOST_ELEMENTS: usize = 32;

fn elements_of(piece: &Piece, alternative: usize) -> Option<Vec<String>> {
    Some(piece.alternatives.get(alternative)?.iter().map(|element| (*element).to_owned()).collect())
}

/// The elements that a directive may stand for, the first choice first.
fn alternatives(letter: char) -> Option<&'static [&'static [&'static str]]> {
    Some(match letter {
        'Y' => &[&["2006"]],
        'y' => &[&["06"]],
        'm' | 'o' | 'q' => &[&["1"]],
        'b' | 'h' => &[&["Jan"]],
        'B' => &[&["January"]],
        'd' | 'e' | 'g' => &[&["2"]],
        'a' => &[&["Mon"]],
        'A' => &[&["Monday"]],
        'H' => &[&["15"]],
        'l' | 'I' => &[&["3"]],
        'p' => &[&["PM"]],
        'P' => &[&["pm"]],
        'M' => &[&["4"]],
        'S' => &[&["5"]],
        'L' => &[&["999"]],
        'f' => &[&["999999"]],
        's' => &[&["999999999"]],
        'Z' => &[&["MST"]],
        'z' => &[&["Z0700"], &["Z07:00"], &["Z07"]],
        'w' => &[&["-070000"]],
        'i' => &[&["-07"]],
        'j' => &[&["-07:00"]],
        'k' => &[&["-07:00:00"]],
        'D' | 'x' => &[&["1", "/", "2", "/", "2006"], &["1", "/", "2", "/", "06"]],
        'F' => &[&["2006", "-", "1", "-", "2"]],
        'T' | 'X' => &[&["15", ":", "4", ":", "5"]],
        'r' => &[&["3", ":", "4", ":", "5", " ", "pm"]],
        'R' => &[&["15", ":", "4"]],
        'n' => &[&["\n"]],
        't' => &[&["\t"]],
        '%' => &[&["%"]],
        'c' => &[&["Mon", " ", "Jan", " ", "2", " ", "15", ":", "4", ":", "5", " ", "2006"]],
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
