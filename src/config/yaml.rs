//! YAML text to a tree of [`Node`]s: the dialect of the Collector's parser (go-yaml 3), with positions.

mod scalar;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput};

use self::scalar::resolve;
use super::{ConfigError, Entry, Location, Node, NodeValue};

/// The largest text that is read as one document.
pub const LARGEST_TEXT_BYTES: usize = 16 * 1024 * 1024;

/// How deep collections may be nested, so that walking a tree cannot exhaust the stack.
pub const DEEPEST_NESTING: usize = 100;

/// What aliases may add to a document, each node counted with [`NODE_WEIGHT_BYTES`] and its text.
const LARGEST_EXPANSION_BYTES: usize = 32 * 1024 * 1024;

/// About what a node takes in memory.
const NODE_WEIGHT_BYTES: usize = 128;

/// Reads one document. `source` is the name of the text in positions.
///
/// Plain scalars are typed as go-yaml types them, save that timestamps stay text. Aliases are copied,
/// `<<` is merged, duplicate keys are an error, and a key that is no text is taken as it is written.
pub fn parse_yaml(text: &str, source: &Arc<str>) -> Result<Node, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let start = Location { source: Arc::clone(source), line: 1, column: 1 };
    if text.len() > LARGEST_TEXT_BYTES {
        return Err(error(
            start,
            format!("{} bytes of YAML are more than the {LARGEST_TEXT_BYTES} that are read", text.len()),
        ));
    }
    let mut builder = TreeBuilder {
        text,
        parser: Parser::new_from_str(text),
        source,
        anchors: BTreeMap::new(),
        alias_budget: LARGEST_EXPANSION_BYTES,
    };
    builder.document(start)
}

struct TreeBuilder<'text> {
    text: &'text str,
    parser: Parser<'text, StrInput<'text>>,
    source: &'text Arc<str>,
    /// The finished nodes that have an anchor.
    anchors: BTreeMap<usize, Anchored>,
    alias_budget: usize,
}

/// What an alias may stand for.
struct Anchored {
    node: Node,
    /// About what a copy takes, in bytes.
    weight: usize,
    /// How many levels of collections it has.
    levels: usize,
}

impl<'text> TreeBuilder<'text> {
    fn document(&mut self, start: Location) -> Result<Node, ConfigError> {
        let mut document = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
                content => {
                    let location = self.location(span.start);
                    let node = self.node(content, span, DEEPEST_NESTING)?;
                    if document.is_none() {
                        document = Some(node);
                    } else if !node.is_null() {
                        return Err(error(location, "a second YAML document begins here; only one is read"));
                    }
                }
            }
        }
        Ok(document.unwrap_or(Node { value: NodeValue::Null, location: start, original: None }))
    }

    fn next(&mut self) -> Result<(Event<'text>, Span), ConfigError> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(scan_error)) => Err(self.syntax_error(&scan_error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'text>, span: Span, levels_left: usize) -> Result<Node, ConfigError> {
        let location = self.location(span.start);
        if levels_left == 0 {
            return Err(nested_too_deep(location));
        }
        let (anchor, value) = match event {
            Event::Alias(anchor) => return self.aliased(anchor, location, levels_left),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let tag = tag.filter(|tag| tag.is_yaml_core_schema());
                (anchor, resolve(&text, plain, tag.as_ref().map(|tag| tag.suffix.as_str())))
            }
            Event::SequenceStart(anchor, _) => (anchor, self.sequence(levels_left)?),
            Event::MappingStart(anchor, _) => (anchor, self.mapping(levels_left)?),
            _ => return Err(error(location, "a value is missing here")),
        };
        let node = Node { value, location, original: None };
        if anchor != 0 {
            let anchored = Anchored { node: node.clone(), weight: weight(&node), levels: levels(&node) };
            self.anchors.insert(anchor, anchored);
        }
        Ok(node)
    }

    /// A copy of the anchored node that keeps its positions: what is wrong is wrong where it was written.
    fn aliased(
        &mut self,
        anchor: usize,
        location: Location,
        levels_left: usize,
    ) -> Result<Node, ConfigError> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(error(location, "anchor value contains itself"));
        };
        if anchored.levels > levels_left {
            return Err(nested_too_deep(location));
        }
        let Some(left) = self.alias_budget.checked_sub(anchored.weight) else {
            return Err(error(location, "document contains excessive aliasing"));
        };
        self.alias_budget = left;
        Ok(anchored.node.clone())
    }

    fn sequence(&mut self, levels_left: usize) -> Result<NodeValue, ConfigError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(NodeValue::List(items)),
                (event, span) => items.push(self.node(event, span, levels_left - 1)?),
            }
        }
    }

    fn mapping(&mut self, levels_left: usize) -> Result<NodeValue, ConfigError> {
        let mut mapping = Mapping::default();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(NodeValue::Map(mapping.finish()));
            }
            let key_location = self.location(span.start);
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = self.key(event, span)?;
            let (event, span) = self.next()?;
            let is_written =
                !matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text.is_empty());
            let mut value = self.node(event, span, levels_left - 1)?;
            if is_merge {
                mapping.merge(value)?;
                continue;
            }
            if !is_written {
                value.location = key_location.clone();
            }
            mapping.insert(Entry { key, key_location, value })?;
        }
    }

    fn key(&mut self, event: Event<'text>, span: Span) -> Result<String, ConfigError> {
        let location = self.location(span.start);
        match event {
            Event::Scalar(text, ..) => Ok(text.into_owned()),
            Event::Alias(anchor) => match self.aliased(anchor, location.clone(), 1)?.value {
                NodeValue::String(text) => Ok(text),
                _ => Err(error(location, "a key must be a text")),
            },
            _ => Err(error(location, "a key must be a text, not a list or a map")),
        }
    }

    fn location(&self, marker: Marker) -> Location {
        Location {
            source: Arc::clone(self.source),
            line: marker.line().max(1),
            column: marker.col().saturating_add(1),
        }
    }

    /// An error at the end of the text is placed on the last line there is.
    fn syntax_error(&self, scan_error: &ScanError) -> ConfigError {
        let mut location = self.location(*scan_error.marker());
        let lines = self.text.lines().count();
        if location.line > lines {
            let last_line = self.text.lines().next_back().unwrap_or_default();
            location.line = lines.max(1);
            location.column = last_line.chars().count() + 1;
        }
        error(location, format!("invalid YAML: {}", scan_error.info()))
    }
}

/// A mapping being read: its own keys, then those that `<<` brought and none of its own overrides.
#[derive(Default)]
struct Mapping {
    entries: Vec<Entry>,
    /// Where each own key stands in `entries`.
    index: BTreeMap<String, usize>,
    merged: Vec<Entry>,
}

impl Mapping {
    fn insert(&mut self, entry: Entry) -> Result<(), ConfigError> {
        if let Some(earlier) = self.index.get(&entry.key).and_then(|index| self.entries.get(*index)) {
            let message =
                format!("mapping key {:?} already defined at line {}", entry.key, earlier.key_location.line);
            return Err(error(entry.key_location, message));
        }
        self.index.insert(entry.key.clone(), self.entries.len());
        self.entries.push(entry);
        Ok(())
    }

    fn merge(&mut self, value: Node) -> Result<(), ConfigError> {
        match value.value {
            NodeValue::Map(entries) => self.merged.extend(entries),
            NodeValue::List(items) if items.iter().all(|item| matches!(item.value, NodeValue::Map(_))) => {
                for item in items {
                    self.merge(item)?;
                }
            }
            _ => {
                return Err(error(value.location, "map merge requires map or sequence of maps as the value"));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<Entry> {
        for entry in self.merged {
            if !self.index.contains_key(&entry.key) {
                self.index.insert(entry.key.clone(), self.entries.len());
                self.entries.push(entry);
            }
        }
        self.entries
    }
}

fn weight(node: &Node) -> usize {
    let content = match &node.value {
        NodeValue::String(text) => text.len(),
        NodeValue::List(items) => items.iter().map(weight).sum(),
        NodeValue::Map(entries) => {
            entries.iter().map(|entry| entry.key.len() + NODE_WEIGHT_BYTES + weight(&entry.value)).sum()
        }
        _ => 0,
    };
    NODE_WEIGHT_BYTES + content
}

/// How many levels of values a tree has; a scalar is one.
pub(super) fn levels(node: &Node) -> usize {
    let below = match &node.value {
        NodeValue::List(items) => items.iter().map(levels).max(),
        NodeValue::Map(entries) => entries.iter().map(|entry| levels(&entry.value)).max(),
        _ => None,
    };
    1 + below.unwrap_or(0)
}

/// The refusal of a tree with more than [`DEEPEST_NESTING`] levels.
pub(super) fn nested_too_deep(location: Location) -> ConfigError {
    error(location, format!("nested deeper than {DEEPEST_NESTING} levels"))
}

fn error(location: Location, message: impl Into<String>) -> ConfigError {
    ConfigError {
        path: Vec::new(),
        field: None,
        location: Some(location),
        message: message.into(),
        hint: None,
    }
}
