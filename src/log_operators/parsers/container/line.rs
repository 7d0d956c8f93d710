//! The lines of the Kubernetes container runtime interface: `time stream tag text`.

use super::Format;
use crate::log_operators::OperatorError;

/// A line taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CriLine<'t> {
    /// When it was written.
    pub time: &'t str,
    /// `stdout` or `stderr`.
    pub stream: &'t str,
    /// `F` for a full line or the last part of one, `P` for a part that is not the last.
    pub logtag: &'t str,
    /// The text, which is the end of the line.
    pub log: &'t str,
}

/// Who wrote a line, as far as it shows.
pub fn format_of(text: &str) -> Option<Format> {
    if text.starts_with('{') {
        return Some(Format::Docker);
    }
    [Format::Crio, Format::Containerd].into_iter().find(|format| CriLine::read(text, *format).is_some())
}

impl<'t> CriLine<'t> {
    /// Takes a line apart.
    ///
    /// # Errors
    ///
    /// It is none of that runtime.
    pub fn parse(text: &'t str, format: Format) -> Result<Self, OperatorError> {
        Self::read(text, format).ok_or_else(|| OperatorError::failed("regex pattern does not match"))
    }

    fn read(text: &'t str, format: Format) -> Option<Self> {
        let (time, rest) = text.split_once(' ')?;
        if !is_time_of(time, format) {
            return None;
        }
        let (stream, rest) = rest.split_once(' ')?;
        if !matches!(stream, "stdout" | "stderr") {
            return None;
        }
        let (logtag, log) = rest.split_once(' ').unwrap_or((rest, ""));
        (!log.contains('\n')).then_some(Self { time, stream, logtag, log })
    }
}

/// Containerd's times end in `Z`, CRI-O's have none.
fn is_time_of(time: &str, format: Format) -> bool {
    match format {
        Format::Crio => !time.is_empty() && !time.contains('Z'),
        _ => time.strip_suffix('Z').is_some_and(|time| !time.is_empty() && !time.contains(['Z', '^'])),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::compile_go_regexp;
    use crate::log_operators::parsers::regex::NamedGroups;
    use crate::log_operators::{Value, ValueMap};

    /// What the Collector documents the lines to be.
    const CONTAINERD: &str = "^(?P<time>[^ ^Z]+Z) (?P<stream>stdout|stderr) (?P<logtag>[^ ]*) ?(?P<log>.*)$";
    const CRIO: &str = "^(?P<time>[^ Z]+) (?P<stream>stdout|stderr) (?P<logtag>[^ ]*) ?(?P<log>.*)$";

    proptest! {
        #[test]
        fn lines_are_those_of_the_documented_expressions(
            text in "([0-9TZ^]{0,3}|\\PC{0,3})[ ]?(stdout|stderr|std)?[ ]?(F|P|\n|\\PC)?([ ]|\\PC){0,4}\n?x?",
        ) {
            for (format, regex) in [(Format::Containerd, CONTAINERD), (Format::Crio, CRIO)] {
                let groups = NamedGroups::new(compile_go_regexp(regex).unwrap());
                let read = CriLine::read(&text, format).map(|line| -> ValueMap {
                    let pairs = [line.time, line.stream, line.logtag, line.log].map(Value::from);
                    ["time", "stream", "logtag", "log"].into_iter().zip(pairs).collect()
                });
                prop_assert_eq!(read, groups.of(&text).ok());
            }
        }
    }
}
