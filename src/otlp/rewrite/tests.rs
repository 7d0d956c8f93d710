//! Edits of small requests, compared with the same edit made on decoded structs.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use super::{AttributeList, AttributeVerdict, Context, Editor, MessageKind, Verdict, rewrite};
use crate::otlp::{AnyValueView, Batch, KeyValueView, NumberDataPointView, Signal, SpanView, Text, View};

fn text(key: &str, value: &str) -> KeyValue {
    let value = any_value::Value::StringValue(value.into());
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..Default::default() }
}

fn span(name: &str, attributes: Vec<KeyValue>) -> Span {
    Span { name: name.into(), attributes, ..Default::default() }
}

/// A request with one resource group and one scope group per list of spans.
fn trace_request(scopes: Vec<Vec<Span>>) -> ExportTraceServiceRequest {
    let scope_spans = scopes.into_iter().map(|spans| ScopeSpans { spans, ..Default::default() }).collect();
    ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { scope_spans, ..Default::default() }] }
}

fn batch_of(request: &ExportTraceServiceRequest) -> Batch {
    Batch::from_untrusted_part(Signal::Traces, Bytes::from(request.encode_to_vec())).unwrap()
}

fn decoded(batch: &Batch) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(Bytes::from(batch.parts().concat())).unwrap()
}

/// Renames the attribute `old`, deletes `gone` and appends `new`, in spans.
struct EditAttributes;

impl Editor for EditAttributes {
    fn message(&mut self, kind: MessageKind, _: &[u8], _: &Context<'_>) -> Verdict {
        match kind {
            MessageKind::ResourceGroup | MessageKind::ScopeGroup | MessageKind::Span => Verdict::Enter,
            _ => Verdict::Keep,
        }
    }

    fn attribute(
        &mut self,
        _: MessageKind,
        attribute: KeyValueView<'_>,
        list: &mut AttributeList<'_, '_>,
    ) -> AttributeVerdict {
        if attribute.key == "old" {
            list.push_encoded_value("renamed", attribute.encoded_value);
        }
        if attribute.key == "old" || attribute.key == "gone" {
            return AttributeVerdict::Delete;
        }
        AttributeVerdict::Keep
    }

    fn end_of_attributes(&mut self, owner: MessageKind, list: &mut AttributeList<'_, '_>) {
        if owner == MessageKind::Span {
            list.push("new", AnyValueView::String(Text::new(b"value")));
        }
    }
}

#[test]
fn attributes_are_renamed_deleted_and_appended_in_place() {
    let attributes = vec![text("a", "1"), text("old", "2"), text("gone", "3"), text("b", "4")];
    let request = trace_request(vec![vec![span("first", attributes), span("second", vec![])]]);
    let expected = vec![text("a", "1"), text("renamed", "2"), text("b", "4"), text("new", "value")];

    let edited = batch_of(&request).rewrite(&mut EditAttributes);
    assert_eq!(edited.items(), 2);
    assert_eq!(
        decoded(&edited),
        trace_request(vec![vec![span("first", expected), span("second", vec![text("new", "value")])]])
    );
}

#[test]
fn lengths_are_put_right_when_they_take_fewer_or_more_bytes() {
    for length in 90..150 {
        let name = "n".repeat(length);
        let gone = text("gone", &"g".repeat(30));
        let request = trace_request(vec![vec![span(&name, vec![gone])], vec![span(&name, vec![])]]);
        let expected = span(&name, vec![text("new", "value")]);
        let edited = batch_of(&request).rewrite(&mut EditAttributes);
        assert_eq!(decoded(&edited), trace_request(vec![vec![expected.clone()], vec![expected]]));
    }
}

#[test]
fn unknown_fields_survive_an_edit() {
    let mut encoded_span = span("known", vec![text("gone", "x")]).encode_to_vec();
    encoded_span.extend_from_slice(b"\xa2\x7d\x05later");
    let mut body = encoded_span;
    for number in [2, 2, 1] {
        let mut outer = Vec::new();
        crate::otlp::wire::put_length_delimited(&mut outer, number, &body);
        body = outer;
    }
    let batch = Batch::from_untrusted_part(Signal::Traces, Bytes::from(body)).unwrap();
    let edited = batch.rewrite(&mut EditAttributes);
    let part = &edited.parts()[0];
    assert!(part.windows(8).any(|window| window == b"\xa2\x7d\x05later"));
    assert_eq!(decoded(&edited), trace_request(vec![vec![span("known", vec![text("new", "value")])]]));
}

/// Drops spans and data points that a condition picks, and the parents that leaves empty if told to.
struct DropIf<F> {
    condition: F,
    removes_empty_parents: bool,
}

impl<F: Fn(MessageKind, &[u8]) -> bool> Editor for DropIf<F> {
    fn message(&mut self, kind: MessageKind, message: &[u8], _: &Context<'_>) -> Verdict {
        match kind {
            MessageKind::ResourceGroup | MessageKind::ScopeGroup | MessageKind::Metric => Verdict::Enter,
            _ if (self.condition)(kind, message) => Verdict::Drop,
            _ => Verdict::Keep,
        }
    }

    fn removes_empty_parents(&self) -> bool {
        self.removes_empty_parents
    }
}

fn is_noise(kind: MessageKind, message: &[u8]) -> bool {
    kind == MessageKind::Span && SpanView::parse(message).name == "noise"
}

#[test]
fn dropped_spans_leave_their_empty_groups_or_take_them_along() {
    let noise = || span("noise", vec![]);
    let request =
        trace_request(vec![vec![noise()], vec![noise(), span("a", vec![]), noise()], vec![noise()]]);
    for (removes_empty_parents, expected) in [
        (false, trace_request(vec![vec![], vec![span("a", vec![])], vec![]])),
        (true, trace_request(vec![vec![span("a", vec![])]])),
    ] {
        let edited = batch_of(&request).rewrite(&mut DropIf { condition: is_noise, removes_empty_parents });
        assert_eq!(edited.items(), 1);
        assert_eq!(decoded(&edited), expected);
    }
}

#[test]
fn a_batch_of_which_nothing_is_left_has_no_part() {
    let request = trace_request(vec![vec![span("noise", vec![])], vec![]]);
    let edited = batch_of(&request).rewrite(&mut DropIf { condition: is_noise, removes_empty_parents: true });
    assert_eq!((edited.items(), edited.bytes(), edited.parts().len()), (0, 0, 0));
}

#[test]
fn an_edit_of_nothing_keeps_the_very_bytes() {
    let batch = batch_of(&trace_request(vec![vec![span("a", vec![text("b", "c")])]]));
    let part = batch.parts()[0].clone();
    let rewritten =
        rewrite(Signal::Traces, &part, &mut DropIf { condition: is_noise, removes_empty_parents: true });
    assert_eq!(rewritten.part.as_ptr(), part.as_ptr());
    assert_eq!((rewritten.items_removed, rewritten.items_added), (0, 0));
}

#[test]
fn data_points_are_dropped_and_a_metric_without_any_goes_along() {
    let point = |time_unix_nano| NumberDataPoint { time_unix_nano, ..Default::default() };
    let gauge = |name: &str, times: &[u64]| Metric {
        name: name.into(),
        data: Some(Data::Gauge(Gauge { data_points: times.iter().copied().map(point).collect() })),
        ..Default::default()
    };
    let request = |metrics| ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics: vec![ScopeMetrics { metrics, ..Default::default() }],
            ..Default::default()
        }],
    };
    let body = request(vec![gauge("all old", &[1, 2]), gauge("some old", &[1, 9])]).encode_to_vec();
    let batch = Batch::from_untrusted_part(Signal::Metrics, Bytes::from(body)).unwrap();
    let edited = batch.rewrite(&mut DropIf {
        condition: |kind, point: &[u8]| {
            kind == MessageKind::NumberDataPoint && NumberDataPointView::parse(point).time_unix_nano < 5
        },
        removes_empty_parents: true,
    });
    assert_eq!(edited.items(), 1);
    let decoded = ExportMetricsServiceRequest::decode(edited.parts()[0].clone()).unwrap();
    assert_eq!(decoded, request(vec![gauge("some old", &[9])]));
}

/// Adds an attribute to every resource and replaces spans named `old`.
struct AddToResource;

impl Editor for AddToResource {
    fn message(&mut self, kind: MessageKind, message: &[u8], _: &Context<'_>) -> Verdict {
        match kind {
            MessageKind::Span if SpanView::parse(message).name == "old" => {
                Verdict::Replace(span("replaced", vec![]).encode_to_vec())
            }
            MessageKind::ResourceGroup | MessageKind::Resource | MessageKind::ScopeGroup => Verdict::Enter,
            _ => Verdict::Keep,
        }
    }

    fn end_of_attributes(&mut self, owner: MessageKind, list: &mut AttributeList<'_, '_>) {
        if owner == MessageKind::Resource {
            list.push("cluster", AnyValueView::String(Text::new(b"eu-1")));
        }
    }
}

#[test]
fn a_resource_is_added_to_where_there_is_one_and_made_where_there_is_none() {
    let mut request = trace_request(vec![vec![span("old", vec![]), span("b", vec![])]]);
    request.resource_spans.push(ResourceSpans {
        resource: Some(Resource { attributes: vec![text("host", "a")], ..Default::default() }),
        ..Default::default()
    });
    let edited = decoded(&batch_of(&request).rewrite(&mut AddToResource));

    let cluster = text("cluster", "eu-1");
    let mut expected = request;
    expected.resource_spans[0].resource =
        Some(Resource { attributes: vec![cluster.clone()], ..Default::default() });
    expected.resource_spans[0].scope_spans[0].spans[0] = span("replaced", vec![]);
    expected.resource_spans[1].resource.as_mut().unwrap().attributes.push(cluster);
    assert_eq!(edited, expected);
}
