//! Operator `container`: the log files of container runtimes, as Kubernetes keeps them.

mod docker;
mod line;
mod partial_lines;
mod pod;

use tokio::time::Instant;

use crate::config::{ByteSize, config_section, config_word};
use crate::log_operators::{
    BuildContext, Fate, Field, InvalidOperator, LogEntry, Operator, OperatorError, OperatorSection, Outlet,
    ParserFields, ParserFrame, Value, ValueMap, WriterFields,
};

use self::line::CriLine;
use self::partial_lines::PartialLines;
use self::pod::pod_of_path;
use super::timestamp::FixedLayoutTimes;

config_section! {
    /// Reads lines that a container runtime wrote. The text becomes the body and its time the entry's; the attribute
    /// `log.iostream` says whether it was `stdout` or `stderr`. Lines that containerd or CRI-O cut in parts are put
    /// together again, by file; their attribute `logtag` is that of the first part.
    ///
    /// The pod and container come from the path of the file, in the attribute `log.file.path`, as attributes
    /// `k8s.namespace.name`, `k8s.pod.name`, `k8s.pod.uid`, `k8s.container.name` and `k8s.container.restart_count`
    /// of the resource.
    pub struct ContainerConfig {
        /// What every parser has.
        pub [flatten] parser: ParserFields = ParserFields::default(),
        /// The runtime: `docker`, `crio` or `containerd`. Empty finds it out of each line.
        pub format: Format = Format::Detected,
        /// Whether pod and container are read from the path; files must then be read with
        /// `include_file_path: true`.
        pub add_metadata_from_filepath: bool = true,
        /// The most bytes of a line put together from parts; 0 for no limit. A longer one is sent on in pieces.
        pub max_log_size: ByteSize = ByteSize(1_048_576),
    }
}

config_word! {
    /// Who wrote the lines.
    pub enum Format {
        /// Whoever a line looks like.
        Detected = "",
        /// Docker's `json-file`.
        Docker = "docker",
        /// CRI-O, whose times have an offset.
        Crio = "crio",
        /// Containerd, whose times are in UTC.
        Containerd = "containerd",
    }
    refused(text) {
        format!("operator config has an invalid `format` field: {text:?}")
    }
}

impl OperatorSection for ContainerConfig {
    const TYPE: &'static str = "container";

    fn writer(&self) -> &WriterFields {
        &self.parser.transformer.writer
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Operator>, InvalidOperator> {
        let is_plain = self.parser.parse_from.is_body()
            && self.parser.parse_to.0 == Field::attributes()
            && self.parser.body.is_none()
            && !self.parser.has_blocks();
        Ok(Box::new(Container {
            frame: self.parser.frame(context)?,
            is_plain,
            format: self.format,
            has_pod: self.add_metadata_from_filepath,
            id: if self.writer().id.is_empty() { Self::TYPE.to_owned() } else { self.writer().id.clone() },
            utc_times: FixedLayoutTimes::new("2006-01-02T15:04:05.999Z", context.clock),
            offset_times: FixedLayoutTimes::new("2006-01-02T15:04:05.999999999Z07:00", context.clock),
            partial_lines: PartialLines::new(self.max_log_size.bytes()),
        }))
    }
}

struct Container {
    frame: ParserFrame,
    /// Whether a line goes from the body to the attributes and nothing else reads it on the way.
    is_plain: bool,
    format: Format,
    has_pod: bool,
    id: String,
    utc_times: FixedLayoutTimes,
    offset_times: FixedLayoutTimes,
    partial_lines: PartialLines,
}

impl Operator for Container {
    fn process(&mut self, entry: &mut LogEntry, outlet: &mut Outlet<'_>) -> Fate {
        if let Some(fate) = self.frame.transformer().pass_by(entry, outlet) {
            return fate;
        }
        match self.read(entry) {
            Ok(Format::Docker) => Fate::GoesOn,
            Ok(_) => self.partial_lines.put(entry, outlet),
            Err(error) => self.frame.transformer().fail(&error, outlet),
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.partial_lines.next_deadline()
    }

    fn tick(&mut self, outlet: &mut Outlet<'_>) {
        self.partial_lines.flush_due(outlet);
    }

    fn flush(&mut self, outlet: &mut Outlet<'_>) {
        self.partial_lines.flush(outlet);
    }
}

impl Container {
    /// Makes an entry of a line what it tells of, and says who wrote it.
    fn read(&mut self, entry: &mut LogEntry) -> Result<Format, OperatorError> {
        let format = self.format_of(entry)?;
        if !self.is_plain || !self.read_in_place(entry, format)? {
            self.frame.parse_with(entry, |value| parsed(value, format))?;
            self.move_attributes(entry, format)?;
        }
        if self.has_pod {
            self.put_pod(entry)?;
        }
        Ok(format)
    }

    fn format_of(&self, entry: &LogEntry) -> Result<Format, OperatorError> {
        if self.format != Format::Detected {
            return Ok(self.format);
        }
        let failed = |what: String| {
            OperatorError::failed(format!("failed to detect a valid container log format: {what}"))
        };
        let value = self.frame.parse_from().get(entry);
        match value.as_deref() {
            Some(Value::String(text)) => line::format_of(text)
                .ok_or_else(|| failed(format!("entry cannot be parsed as container logs: {text}"))),
            Some(other) => {
                Err(failed(format!("type '{}' cannot be parsed as container logs", other.go_type())))
            }
            None => Err(failed("entry cannot be parsed as container logs".to_owned())),
        }
    }

    /// The short way for a line in the body: nothing passes through attributes that does not stay there. False
    /// where it has to go the long way.
    fn read_in_place(&mut self, entry: &mut LogEntry, format: Format) -> Result<bool, OperatorError> {
        let Value::String(text) = &mut entry.body else {
            return Ok(false);
        };
        if format == Format::Docker {
            let Some(line) = docker::parse(text)? else {
                return Ok(false);
            };
            let time = self.times(format).moment(&line.time);
            entry.time_unix_nano = Some(time.map_err(|error| error.within("failed to parse time"))?);
            entry.attributes.insert("log.iostream", line.stream.into_owned().into());
            entry.attributes.merge(line.others);
            entry.body = line.log.into_owned().into();
            return Ok(true);
        }
        let line = CriLine::parse(text, format)?;
        let time =
            self.times(format).moment(line.time).map_err(|error| error.within("failed to parse time"))?;
        entry.time_unix_nano = Some(time);
        entry.attributes.insert("log.iostream", line.stream.into());
        entry.attributes.insert("logtag", line.logtag.into());
        let start = text.len() - line.log.len();
        drop(text.drain(..start));
        Ok(true)
    }

    /// The long way: what was read is in the attributes and goes from there where it belongs.
    fn move_attributes(&mut self, entry: &mut LogEntry, format: Format) -> Result<(), OperatorError> {
        let missing =
            |key: &str| OperatorError::failed(format!("move: field attributes.{key} does not exist"));
        let time = match entry.attributes.get("time") {
            Some(Value::String(time)) => self.times(format).moment(time),
            Some(other) => {
                Err(OperatorError::failed(format!("type {} cannot be parsed as a time", other.go_type())))
            }
            None => Err(OperatorError::failed("failed to get the time from the attributes")),
        };
        entry.time_unix_nano = Some(time.map_err(|error| error.within("failed to parse time"))?);
        entry.attributes.remove("time");
        entry.body = entry.attributes.remove("log").ok_or_else(|| missing("log"))?;
        let stream = entry.attributes.remove("stream").ok_or_else(|| missing("stream"))?;
        entry.attributes.insert("log.iostream", stream);
        Ok(())
    }

    const fn times(&mut self, format: Format) -> &mut FixedLayoutTimes {
        match format {
            Format::Crio => &mut self.offset_times,
            _ => &mut self.utc_times,
        }
    }

    fn put_pod(&self, entry: &mut LogEntry) -> Result<(), OperatorError> {
        let path = match entry.attributes.get(FILE_PATH) {
            Some(Value::String(path)) => path,
            Some(other) => {
                let message = format!("type '{}' cannot be parsed as log path field", other.go_type());
                return Err(OperatorError::failed(message));
            }
            None => {
                return Err(OperatorError::failed(format!(
                    "operator '{}' has 'add_metadata_from_filepath' enabled, but the log record attribute \
                     '{FILE_PATH}' is missing. Perhaps enable the 'include_file_path' option?",
                    self.id
                )));
            }
        };
        let pod =
            pod_of_path(path).ok_or_else(|| OperatorError::failed("failed to detect a valid log path"))?;
        for (key, value) in [
            ("k8s.container.name", pod.container_name),
            ("k8s.namespace.name", pod.namespace),
            ("k8s.pod.name", pod.name),
            ("k8s.container.restart_count", pod.restart_count),
            ("k8s.pod.uid", pod.uid),
        ] {
            entry.resource.insert(key, value.into());
        }
        Ok(())
    }
}

/// The attribute with the file's path.
const FILE_PATH: &str = "log.file.path";

/// The line as the map that it passes through the attributes as.
fn parsed(value: &Value, format: Format) -> Result<Value, OperatorError> {
    let what = match format {
        Format::Docker => "docker container",
        Format::Crio => "cri-o container",
        _ => "containerd",
    };
    let Value::String(text) = value else {
        let message = format!("type '{}' cannot be parsed as {what} logs", value.go_type());
        return Err(OperatorError::failed(message));
    };
    if format == Format::Docker {
        return super::json::parse_object(text, crate::log_operators::JsonNumbers::Doubles);
    }
    let line = CriLine::parse(text, format)?;
    let entries = [("time", line.time), ("stream", line.stream), ("logtag", line.logtag), ("log", line.log)];
    Ok(Value::Map(entries.into_iter().collect::<ValueMap>()))
}

#[cfg(test)]
mod tests;
