//! From the characters of a query to its conditions, not yet understood.

use std::iter::Peekable;
use std::str::Chars;

use super::QueryTextError;

/// One condition as written.
#[derive(Debug)]
pub struct Token {
    /// Where it begins, in characters from 1.
    pub column: usize,
    /// Whether `-` or `NOT` stood before it.
    pub negated: bool,
    /// The key; none for words.
    pub key: Option<Written>,
    /// What stands between key and value.
    pub comparison: Comparison,
    /// The value, or the word.
    pub value: Written,
}

/// A key, a value or a word.
#[derive(Debug)]
pub struct Written {
    /// Without its quotes.
    pub text: String,
    /// Whether it had quotes.
    pub is_quoted: bool,
    /// Where it begins, in characters from 1.
    pub column: usize,
}

/// What stands between key and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `:`
    Equal,
    /// `~`
    Contains,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

/// Reads a query from left to right.
pub struct Reader<'text> {
    characters: Peekable<Chars<'text>>,
    /// Of the next character, from 1.
    column: usize,
}

/// True for characters that end a key.
pub const fn is_comparison(character: char) -> bool {
    matches!(character, ':' | '~' | '<' | '>')
}

impl<'text> Reader<'text> {
    pub fn new(text: &'text str) -> Self {
        Self { characters: text.chars().peekable(), column: 1 }
    }

    /// The next condition; none at the end of the text.
    pub fn next_token(&mut self) -> Result<Option<Token>, QueryTextError> {
        let mut negated = false;
        loop {
            self.skip_blanks();
            let column = self.column;
            if self.characters.peek().is_none() {
                return if negated { Err(error(column, "NOT stands before nothing")) } else { Ok(None) };
            }
            let has_dash = self.take_if('-');
            let first = self.written(is_comparison)?;
            let Some(comparison) = self.comparison() else {
                match (first.is_quoted || has_dash, first.text.as_str()) {
                    (false, "AND") => continue,
                    (false, "NOT") => {
                        negated = !negated;
                        continue;
                    }
                    (false, "OR") => {
                        let sentence = "OR is not understood: all conditions must hold; for the word itself write \"OR\"";
                        return Err(error(column, sentence));
                    }
                    (_, "") if !first.is_quoted => return Err(error(column, "- stands before nothing")),
                    _ => {
                        let comparison = Comparison::Contains;
                        let negated = negated != has_dash;
                        return Ok(Some(Token { column, negated, key: None, comparison, value: first }));
                    }
                }
            };
            if first.text.is_empty() && !first.is_quoted {
                return Err(error(column, "there is no key before the comparison; write text in \"quotes\""));
            }
            let value = self.written(|_| false)?;
            if value.text.is_empty() && !value.is_quoted {
                let sentence = format!(
                    "there is no value; write {}:* for everything that has the key, or a value",
                    first.text
                );
                return Err(error(value.column, sentence));
            }
            let key = Some(first);
            return Ok(Some(Token { column, negated: negated != has_dash, key, comparison, value }));
        }
    }

    /// The text as nothing but a key.
    pub fn only_key(&mut self) -> Result<Written, QueryTextError> {
        self.skip_blanks();
        let key = self.written(is_comparison)?;
        self.skip_blanks();
        match self.characters.peek() {
            Some(_) => Err(error(self.column, "only a key is expected here")),
            None if key.text.is_empty() && !key.is_quoted => Err(error(key.column, "a key is missing here")),
            None => Ok(key),
        }
    }

    /// Quoted text, or everything up to a blank or a character that ends it.
    fn written(&mut self, ends: impl Fn(char) -> bool) -> Result<Written, QueryTextError> {
        let column = self.column;
        if self.take_if('"') {
            return Ok(Written { text: self.quoted(column)?, is_quoted: true, column });
        }
        let mut text = String::new();
        while let Some(character) = self.characters.peek().copied() {
            if character.is_whitespace() || ends(character) {
                break;
            }
            if character == '"' {
                let sentence =
                    "a quote stands within a word; put the whole of it in quotes and write \\\" there";
                return Err(error(self.column, sentence));
            }
            text.push(character);
            self.advance();
        }
        Ok(Written { text, is_quoted: false, column })
    }

    fn quoted(&mut self, opened: usize) -> Result<String, QueryTextError> {
        let mut text = String::new();
        loop {
            match self.advance() {
                None => return Err(error(opened, "the quote that opens here is never closed")),
                Some('"') => break,
                Some('\\') => match self.advance() {
                    Some(escaped @ ('"' | '\\')) => text.push(escaped),
                    _ => {
                        let sentence = "within quotes a backslash stands before \" or \\ only";
                        return Err(error(self.column - 1, sentence));
                    }
                },
                Some(character) => text.push(character),
            }
        }
        match self.characters.peek() {
            Some(next) if !next.is_whitespace() && !is_comparison(*next) => {
                Err(error(self.column, "a blank is missing after the closing quote"))
            }
            _ => Ok(text),
        }
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let comparison = match self.characters.peek()? {
            ':' => Comparison::Equal,
            '~' => Comparison::Contains,
            '<' => Comparison::Below,
            '>' => Comparison::Above,
            _ => return None,
        };
        self.advance();
        Some(match comparison {
            Comparison::Below if self.take_if('=') => Comparison::AtMost,
            Comparison::Above if self.take_if('=') => Comparison::AtLeast,
            comparison => comparison,
        })
    }

    fn skip_blanks(&mut self) {
        while self.characters.peek().is_some_and(|character| character.is_whitespace()) {
            self.advance();
        }
    }

    fn take_if(&mut self, character: char) -> bool {
        let is_next = self.characters.peek() == Some(&character);
        if is_next {
            self.advance();
        }
        is_next
    }

    fn advance(&mut self) -> Option<char> {
        let next = self.characters.next();
        // Past the end columns stand still.
        self.column += usize::from(next.is_some());
        next
    }
}

fn error(column: usize, sentence: impl Into<String>) -> QueryTextError {
    QueryTextError { column, sentence: sentence.into() }
}
