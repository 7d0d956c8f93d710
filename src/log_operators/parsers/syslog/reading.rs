//! Reading a message from its start, with the column that errors tell of.

use super::message::Priority;
use crate::log_operators::parsers::timestamp::{GoLayout, TimeFields};

/// What is expected and not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} [col {column}]")]
pub struct SyslogError {
    /// What is wrong.
    pub what: String,
    /// Octets before the place where it is wrong.
    pub column: usize,
}

/// A message and how far it is read.
pub struct Reading<'t> {
    text: &'t str,
    rest: &'t str,
}

impl<'t> Reading<'t> {
    /// A message that is yet to be read.
    pub const fn new(text: &'t str) -> Self {
        Self { text, rest: text }
    }

    /// What is not read yet.
    pub const fn rest(&self) -> &'t str {
        self.rest
    }

    /// The error that `what` is wrong `behind` octets further on.
    pub fn error(&self, what: impl Into<String>, behind: usize) -> SyslogError {
        SyslogError { what: what.into(), column: self.text.len() - self.rest.len() + behind }
    }

    /// Passes a character.
    pub fn expect(&mut self, character: char, what: &str) -> Result<(), SyslogError> {
        self.rest = self.rest.strip_prefix(character).ok_or_else(|| self.error(what, 0))?;
        Ok(())
    }

    /// Passes a character if it is there.
    pub fn passes(&mut self, character: char) -> bool {
        let behind = self.rest.strip_prefix(character);
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    /// Passes all spaces.
    pub fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    /// How many octets from here on `is` so, `most` at most.
    pub fn count(&self, most: usize, is: impl Fn(u8) -> bool) -> usize {
        self.rest.bytes().take(most).take_while(|byte| is(*byte)).count()
    }

    /// Takes so many octets; an error where there are fewer, or a character ends elsewhere.
    pub fn take(&mut self, octets: usize, what: &str) -> Result<&'t str, SyslogError> {
        let (taken, rest) =
            self.rest.split_at_checked(octets).ok_or_else(|| self.error(what, self.rest.len()))?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes one to `most` visible characters of ASCII.
    pub fn graphic(&mut self, most: usize, what: &str) -> Result<&'t str, SyslogError> {
        match self.count(most, |byte| byte.is_ascii_graphic()) {
            0 => Err(self.error(what, 0)),
            octets => self.take(octets, what),
        }
    }

    /// Takes a priority in angle brackets.
    pub fn priority(&mut self) -> Result<Priority, SyslogError> {
        self.expect('<', "expecting a priority value within angle brackets")?;
        let out_of_range = "expecting a priority value in the range 1-191 or equal to 0";
        let digits = self.count(3, |byte| byte.is_ascii_digit());
        let start = self.error(out_of_range, digits);
        let digits = self.take(digits, out_of_range)?;
        let has_leading_zero = digits.len() > 1 && digits.starts_with('0');
        let priority =
            digits.parse().ok().filter(|_| !has_leading_zero).and_then(Priority::new).ok_or(start)?;
        self.expect('>', out_of_range)?;
        Ok(priority)
    }

    /// Takes a time of so many octets.
    pub fn time(
        &mut self,
        octets: usize,
        layout: &GoLayout,
        what: &str,
    ) -> Result<TimeFields<'t>, SyslogError> {
        let text = self.take(octets, what)?;
        layout.parse(text).map_err(|mismatch| {
            if mismatch.detail.is_empty() {
                return self.error(what, 0);
            }
            self.error(mismatch.to_string(), 0)
        })
    }
}
