//! Verbosity `detailed`: every field on a line of its own. Tools of others search this text, so its words
//! and its spacing are the Collector's.

use std::fmt::{Arguments, Write as _};

use super::metric_text::append_metric;
use super::value_text::{id_text, typed_text};
use crate::otlp::{
    Batch, EntityRefView, EventView, KeyValueView, LinkView, List, LogRecordView, ResourceGroup, ScopeGroup,
    Signal, SpanView,
};
use crate::telemetry::UtcTime;

/// Text that grows by lines.
#[derive(Default)]
pub struct Lines(String);

impl Lines {
    /// Appends a line.
    pub fn add(&mut self, line: Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{line}");
    }

    /// Appends a header with a line for each attribute below it; nothing where there are none.
    pub fn add_attributes(&mut self, header: &str, attributes: List<'_, KeyValueView<'_>>) {
        if attributes.is_empty() {
            return;
        }
        self.add(format_args!("{header}:"));
        // Below a header that is itself an entry, attributes stand further in.
        let indentation = header.split_once("->").map_or("", |(indentation, _)| indentation);
        for attribute in attributes.iter() {
            let value = typed_text(attribute.value());
            self.add(format_args!("{indentation}     -> {}: {value}", attribute.key));
        }
    }
}

/// The text of `batch`.
pub fn text(batch: &Batch) -> String {
    let (resource_title, scope_title) = match batch.signal() {
        Signal::Traces => ("ResourceSpans", "ScopeSpans"),
        Signal::Metrics => ("ResourceMetrics", "ScopeMetrics"),
        Signal::Logs => ("ResourceLog", "ScopeLogs"),
    };
    let mut lines = Lines::default();
    for (index, resource_group) in batch.resource_groups().enumerate() {
        lines.add(format_args!("{resource_title} #{index}"));
        append_resource(&mut lines, &resource_group);
        for (index, scope_group) in resource_group.scope_groups.iter().enumerate() {
            lines.add(format_args!("{scope_title} #{index}"));
            lines.add(format_args!("{scope_title} SchemaURL: {}", scope_group.schema_url));
            append_scope(&mut lines, &scope_group);
            append_items(&mut lines, batch.signal(), scope_group);
        }
    }
    lines.0
}

fn append_resource(lines: &mut Lines, resource_group: &ResourceGroup<'_>) {
    lines.add(format_args!("Resource SchemaURL: {}", resource_group.schema_url));
    lines.add_attributes("Resource attributes", resource_group.resource.attributes);
    let entity_refs = resource_group.resource.entity_refs;
    if !entity_refs.is_empty() {
        lines.add(format_args!("Resource entity refs:"));
        for (index, entity_ref) in entity_refs.iter().enumerate() {
            append_entity_ref(lines, index, &entity_ref);
        }
    }
}

fn append_entity_ref(lines: &mut Lines, index: usize, entity_ref: &EntityRefView<'_>) {
    lines.add(format_args!("     -> Entity ref #{index}:"));
    lines.add(format_args!("          -> Type: {}", entity_ref.kind));
    if !entity_ref.schema_url.is_empty() {
        lines.add(format_args!("          -> Schema URL: {}", entity_ref.schema_url));
    }
    for (header, keys) in [("ID keys", entity_ref.id_keys), ("Description keys", entity_ref.description_keys)]
    {
        if !keys.is_empty() {
            lines.add(format_args!("          -> {header}:"));
            keys.iter().for_each(|key| lines.add(format_args!("               -> {key}")));
        }
    }
}

fn append_scope(lines: &mut Lines, scope_group: &ScopeGroup<'_>) {
    let scope = scope_group.scope;
    lines.add(format_args!("InstrumentationScope {} {}", scope.name, scope.version));
    lines.add_attributes("InstrumentationScope attributes", scope.attributes);
}

fn append_items(lines: &mut Lines, signal: Signal, scope_group: ScopeGroup<'_>) {
    match signal {
        Signal::Traces => {
            scope_group.spans().enumerate().for_each(|(index, span)| append_span(lines, index, &span));
        }
        Signal::Metrics => {
            scope_group
                .metrics()
                .enumerate()
                .for_each(|(index, metric)| append_metric(lines, index, &metric));
        }
        Signal::Logs => scope_group
            .log_records()
            .enumerate()
            .for_each(|(index, log_record)| append_log_record(lines, index, &log_record)),
    }
}

fn append_span(lines: &mut Lines, index: usize, span: &SpanView<'_>) {
    lines.add(format_args!("Span #{index}"));
    let mut field = |name: &str, value: &dyn std::fmt::Display| {
        lines.add(format_args!("    {name:<15}: {value}"));
    };
    field("Trace ID", &id_text(span.trace_id));
    field("Parent ID", &id_text(span.parent_span_id));
    field("ID", &id_text(span.span_id));
    field("Name", &span.name);
    field("Kind", &span_kind(span.kind));
    if !span.trace_state.is_empty() {
        field("TraceState", &span.trace_state);
    }
    field("Start time", &UtcTime::from_unix_nano(span.start_time_unix_nano));
    field("End time", &UtcTime::from_unix_nano(span.end_time_unix_nano));
    field("Status code", &status_code(span.status.code));
    field("Status message", &span.status.message);
    field("DroppedAttributesCount", &span.dropped_attributes_count);
    field("DroppedEventsCount", &span.dropped_events_count);
    field("DroppedLinksCount", &span.dropped_links_count);
    lines.add_attributes("Attributes", span.attributes);
    append_events(lines, span.events);
    append_links(lines, span.links);
}

fn append_events(lines: &mut Lines, events: List<'_, EventView<'_>>) {
    if events.is_empty() {
        return;
    }
    lines.add(format_args!("Events:"));
    for (index, event) in events.iter().enumerate() {
        lines.add(format_args!("SpanEvent #{index}"));
        lines.add(format_args!("     -> Name: {}", event.name));
        lines.add(format_args!("     -> Timestamp: {}", UtcTime::from_unix_nano(event.time_unix_nano)));
        lines.add(format_args!("     -> DroppedAttributesCount: {}", event.dropped_attributes_count));
        lines.add_attributes("     -> Attributes:", event.attributes);
    }
}

fn append_links(lines: &mut Lines, links: List<'_, LinkView<'_>>) {
    if links.is_empty() {
        return;
    }
    lines.add(format_args!("Links:"));
    for (index, link) in links.iter().enumerate() {
        lines.add(format_args!("SpanLink #{index}"));
        lines.add(format_args!("     -> Trace ID: {}", id_text(link.trace_id)));
        lines.add(format_args!("     -> ID: {}", id_text(link.span_id)));
        lines.add(format_args!("     -> TraceState: {}", link.trace_state));
        lines.add(format_args!("     -> DroppedAttributesCount: {}", link.dropped_attributes_count));
        lines.add_attributes("     -> Attributes:", link.attributes);
    }
}

fn append_log_record(lines: &mut Lines, index: usize, log_record: &LogRecordView<'_>) {
    let severity = severity_name(log_record.severity_number);
    lines.add(format_args!("LogRecord #{index}"));
    lines.add(format_args!(
        "ObservedTimestamp: {}",
        UtcTime::from_unix_nano(log_record.observed_time_unix_nano)
    ));
    lines.add(format_args!("Timestamp: {}", UtcTime::from_unix_nano(log_record.time_unix_nano)));
    lines.add(format_args!("SeverityText: {}", log_record.severity_text));
    lines.add(format_args!("SeverityNumber: {severity}({})", log_record.severity_number));
    if !log_record.event_name.is_empty() {
        lines.add(format_args!("EventName: {}", log_record.event_name));
    }
    lines.add(format_args!("Body: {}", typed_text(log_record.body)));
    lines.add_attributes("Attributes", log_record.attributes);
    lines.add(format_args!("Trace ID: {}", id_text(log_record.trace_id)));
    lines.add(format_args!("Span ID: {}", id_text(log_record.span_id)));
    lines.add(format_args!("Flags: {}", log_record.flags));
}

fn span_kind(kind: i32) -> &'static str {
    match kind {
        0 => "Unspecified",
        1 => "Internal",
        2 => "Server",
        3 => "Client",
        4 => "Producer",
        5 => "Consumer",
        _ => "",
    }
}

fn status_code(code: i32) -> &'static str {
    match code {
        0 => "Unset",
        1 => "Ok",
        2 => "Error",
        _ => "",
    }
}

/// Four steps of each severity: `Info`, `Info2`, `Info3`, `Info4`.
fn severity_name(number: i32) -> String {
    let names = ["Trace", "Debug", "Info", "Warn", "Error", "Fatal"];
    match number {
        0 => "Unspecified".to_owned(),
        1..=24 => {
            let name = usize::try_from((number - 1) / 4).ok().and_then(|index| names.get(index));
            let step = (number - 1) % 4 + 1;
            let step = if step == 1 { String::new() } else { step.to_string() };
            format!("{}{step}", name.copied().unwrap_or_default())
        }
        _ => String::new(),
    }
}
