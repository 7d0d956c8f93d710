//! What is wrong with a JSON document, and where: the field's path, the line and the column.

use std::fmt;

/// A body that is not a document of the expected OTLP message.
///
/// Reads like `resourceSpans[0].scopeSpans[0].spans[3].traceId: expected 32 hex digits, found "xyz"
/// (line 4, column 17)`. Lines and columns count from 1, columns in characters; they point at the
/// first character of what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidJson {
    path: String,
    problem: String,
    line: usize,
    column: usize,
}

impl InvalidJson {
    /// The field that is wrong, as `resourceSpans[0].scopeSpans`; empty for the document as a whole.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong with it.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// The line, counted from 1.
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, counted from 1.
    pub const fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for InvalidJson {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(formatter, "{}: ", self.path)?;
        }
        write!(formatter, "{} (line {}, column {})", self.problem, self.line, self.column)
    }
}

/// A failure on its way out of the nested messages: each one adds its step, innermost first, so that
/// a document without faults never pays for paths.
#[derive(Debug)]
pub(crate) struct Failure {
    offset: usize,
    problem: String,
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Field(&'static str),
    Index(usize),
}

/// Boxed to keep the results of the hot path two words wide.
pub(crate) type Result<T> = std::result::Result<T, Box<Failure>>;

impl Failure {
    pub(super) fn new(offset: usize, problem: impl Into<String>) -> Box<Self> {
        Box::new(Self { offset, problem: problem.into(), steps: Vec::new() })
    }

    pub(super) fn in_field(mut self: Box<Self>, name: &'static str) -> Box<Self> {
        self.steps.push(Step::Field(name));
        self
    }

    pub(super) fn at_index(mut self: Box<Self>, index: usize) -> Box<Self> {
        self.steps.push(Step::Index(index));
        self
    }

    /// The failure with its place in `body`.
    pub(super) fn locate(&self, body: &[u8]) -> InvalidJson {
        let before = body.get(..self.offset).unwrap_or(body);
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column = before.get(line_start..).map_or(0, count_characters) + 1;
        InvalidJson { path: self.path(), problem: self.problem.clone(), line, column }
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Index(index) => path.push_str(&format!("[{index}]")),
                Step::Field(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) => {
                    path.push('.');
                    path.push_str(name);
                }
            }
        }
        path
    }
}

fn count_characters(line: &[u8]) -> usize {
    const CONTINUATION_MARK: u8 = 0b1100_0000;
    line.iter().filter(|&&byte| byte & CONTINUATION_MARK != 0b1000_0000).count()
}
