//! Actions on spans, alone and in lists, and lists of random actions beside the model.

use std::sync::Arc;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::prelude::*;
use prost::Message;

use super::{ActionConfig, ActionRun, AttributeActions, check_actions, model};
use crate::config::{Checking, ConfigValue, Decoding, parse_yaml};
use crate::otlp::{AttributesInPlace, Batch, ClientInfo, Context, Editor, MessageKind, Signal, Verdict};

struct EditSpans<'plan>(ActionRun<'plan>);

impl Editor for EditSpans<'_> {
    fn message(&mut self, kind: MessageKind, _: &[u8], _: &Context<'_>) -> Verdict {
        match kind {
            MessageKind::ResourceGroup | MessageKind::ScopeGroup => Verdict::Enter,
            MessageKind::Span => Verdict::EditAttributes,
            _ => Verdict::Keep,
        }
    }

    fn edit_attributes(&mut self, _: MessageKind, attributes: &mut AttributesInPlace<'_, '_>) {
        self.0.apply(attributes);
    }
}

fn actions(yaml: &str) -> Vec<ActionConfig> {
    let (mut list, mut decoding) = (Vec::new(), Decoding::default());
    list.update(&parse_yaml(yaml, &Arc::from("test")).unwrap(), &mut decoding);
    assert_eq!(decoding.into_errors(), []);
    list
}

fn key_value(key: &str, value: Option<Value>) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value }), ..Default::default() }
}

fn text(key: &str, value: &str) -> KeyValue {
    key_value(key, Some(Value::StringValue(value.to_owned())))
}

fn request(spans: &[Vec<KeyValue>]) -> ExportTraceServiceRequest {
    let span = |attributes: &Vec<KeyValue>| Span {
        name: "name".to_owned(),
        attributes: attributes.clone(),
        end_time_unix_nano: 5,
        ..Default::default()
    };
    let scope_spans = vec![ScopeSpans { spans: spans.iter().map(span).collect(), ..Default::default() }];
    ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { scope_spans, ..Default::default() }] }
}

fn batch(spans: &[Vec<KeyValue>]) -> Batch {
    let body = request(spans).encode_to_vec();
    Batch::from_valid_part(Signal::Traces, Bytes::from(body), spans.len())
}

/// The attributes of each span after the actions.
fn applied(actions: &[ActionConfig], batch: Batch) -> Vec<Vec<KeyValue>> {
    let actions = AttributeActions::compile(actions).unwrap();
    let run = actions.run_for(&batch);
    let edited = batch.rewrite(&mut EditSpans(run));
    let decoded = ExportTraceServiceRequest::decode(edited.parts()[0].clone()).unwrap();
    let spans = decoded.resource_spans[0].scope_spans[0].spans.clone();
    assert!(spans.iter().all(|span| span.name == "name" && span.end_time_unix_nano == 5));
    spans.into_iter().map(|span| span.attributes).collect()
}

fn assert_applied(yaml: &str, attributes: &[(&str, &str)], expected: &[(&str, &str)]) {
    let texts =
        |pairs: &[(&str, &str)]| -> Vec<_> { pairs.iter().map(|(key, value)| text(key, value)).collect() };
    assert_eq!(applied(&actions(yaml), batch(&[texts(attributes)])), [texts(expected)], "{yaml}");
}

#[test]
fn an_updated_attribute_stays_in_its_place_and_an_inserted_one_is_last() {
    assert_applied(
        "[{key: b, value: new, action: upsert}, {key: c, value: new, action: upsert}]",
        &[("a", "1"), ("b", "2"), ("d", "3")],
        &[("a", "1"), ("b", "new"), ("d", "3"), ("c", "new")],
    );
}

#[test]
fn each_action_sees_what_those_before_it_did() {
    for (yaml, attributes, expected) in [
        (
            "[{key: a, value: x, action: insert}, {key: a, action: delete}]",
            &[("b", "1")][..],
            &[("b", "1")][..],
        ),
        (
            "[{key: a, action: delete}, {key: a, value: x, action: insert}]",
            &[("a", "1"), ("b", "1")],
            &[("b", "1"), ("a", "x")],
        ),
        (
            "[{key: a, value: x, action: update}, {key: b, from_attribute: a, action: insert}]",
            &[("a", "1")],
            &[("a", "x"), ("b", "x")],
        ),
        (
            "[{key: b, from_attribute: a, action: insert}, {key: a, value: x, action: update}]",
            &[("a", "1")],
            &[("a", "x"), ("b", "1")],
        ),
        (
            "[{key: a, pattern: '^(?P<b>.)(?P<c>.)$', action: extract}, {key: c, value: x, action: upsert},
              {key: d, from_attribute: b, action: insert}]",
            &[("a", "12")],
            &[("a", "12"), ("b", "1"), ("c", "x"), ("d", "1")],
        ),
        (
            "[{key: new.one, value: x, action: insert}, {pattern: '^new[.]', action: delete}]",
            &[("new.two", "1"), ("old", "2")],
            &[("old", "2")],
        ),
    ] {
        assert_applied(yaml, attributes, expected);
    }
}

#[test]
fn what_is_to_be_hidden_is_hidden_wherever_its_key_is_repeated() {
    assert_applied("[{key: a, action: delete}]", &[("a", "1"), ("b", "2"), ("a", "3")], &[("b", "2")]);
    assert_applied(
        "[{key: a, value: x, action: update}]",
        &[("a", "1"), ("b", "2"), ("a", "3")],
        &[("a", "x"), ("b", "2"), ("a", "3")],
    );
}

#[test]
fn what_nothing_changes_keeps_its_very_bytes() {
    let actions = actions(
        "[{key: a, value: 1, action: insert}, {key: gone, action: delete}, {pattern: z, action: hash},
          {key: b, converted_type: string, action: convert}, {key: b, pattern: '(?P<c>x)', action: extract}]",
    );
    let actions = AttributeActions::compile(&actions).unwrap();
    let batch = batch(&[vec![text("a", "1"), text("b", "2")]]);
    let source = batch.parts()[0].clone();
    let run = actions.run_for(&batch);
    let edited = batch.rewrite(&mut EditSpans(run));
    assert_eq!(edited.parts()[0].as_ptr(), source.as_ptr());
}

#[test]
fn values_have_the_type_they_are_written_in() {
    let yaml = "[{key: a, action: insert, value: 18446744073709551615}, {key: b, action: insert, value: 1.5},
                 {key: c, action: insert, value: false}, {key: d, action: insert, value: [1, x]},
                 {key: e, action: insert, value: {f: {g: 2}}}, {key: h, action: insert, value: ''}]";
    let found = applied(&actions(yaml), batch(&[vec![]]));
    let shown: Vec<String> =
        found[0].iter().map(|attribute| format!("{:?}", attribute.value.clone().unwrap().value)).collect();
    assert_eq!(shown[0], "Some(IntValue(-1))");
    assert_eq!(shown[1], "Some(DoubleValue(1.5))");
    assert_eq!(shown[2], "Some(BoolValue(false))");
    assert!(shown[3].contains("IntValue(1)") && shown[3].contains("StringValue(\"x\")"), "{}", shown[3]);
    assert!(shown[4].contains("\"f\"") && shown[4].contains("\"g\"") && shown[4].contains("IntValue(2)"));
    assert_eq!(shown[5], "Some(StringValue(\"\"))");
}

#[test]
fn what_the_client_sent_is_put() {
    let client = ClientInfo {
        metadata: [("tenant".to_owned(), vec!["t1".to_owned()])].into(),
        ..ClientInfo::default()
    };
    let yaml = "[{key: tenant, from_context: metadata.Tenant, action: upsert},
                 {key: user, from_context: auth.subject, action: insert},
                 {key: region, from_context: metadata.region, default_value: eu, action: insert}]";
    let batch = batch(&[vec![text("tenant", "old")]]).with_client(Some(Arc::new(client)));
    assert_eq!(applied(&actions(yaml), batch), [vec![text("tenant", "t1"), text("region", "eu")]]);
}

#[test]
fn every_action_that_is_wrong_is_told_in_the_collectors_words() {
    for (yaml, expected) in [
        (
            "{key: k, action: delete, value: 1}",
            "error with key \"k\" (0-th action): error creating AttrProc. Action \"delete\" does not use \"value\" or \"from_attribute\" field. These must not be specified",
        ),
        (
            "{key: k, action: hash, from_attribute: a}",
            "error with key \"k\" (0-th action): error creating AttrProc. Action \"hash\" does not use \"value\" or \"from_attribute\" field. These must not be specified",
        ),
        (
            "{key: k, action: delete, pattern: '['}",
            "error with key \"k\" (0-th action): error creating AttrProc. Field \"pattern\" has invalid pattern: \"[\"",
        ),
        (
            "{key: k, action: hash, converted_type: int}",
            "error with key \"k\" (0-th action): error creating AttrProc. Action \"hash\" does not use the \"converted_type\" field. This must not be specified",
        ),
        (
            "{action: delete}",
            "error creating AttrProc due to missing required field (at least one of \"key\" and \"pattern\" have to be used) at the 0-th action",
        ),
        (
            "{action: INSERT, value: 1}",
            "error creating AttrProc due to missing required field \"key\" at the 0-th action",
        ),
        (
            "{key: k, action: insert}",
            "error with key \"k\" (0-th action): error creating AttrProc. Either field \"value\", \"from_attribute\", \"from_context\", or \"default_value\" must be specified",
        ),
        (
            "{key: k, action: update, value: 1, from_attribute: a}",
            "error with key \"k\" (0-th action): error creating AttrProc due to multiple value sources being set",
        ),
        (
            "{key: k, action: upsert, value: 1, pattern: a}",
            "error with key \"k\" (0-th action): error creating AttrProc. Action \"upsert\" does not use the \"pattern\" field. This must not be specified",
        ),
        (
            "{key: k, action: upsert, value: 1, converted_type: int}",
            "error with key \"k\" (0-th action): error creating AttrProc. Action \"upsert\" does not use the \"converted_type\" field. This must not be specified",
        ),
        (
            "{key: k, action: extract, value: 1}",
            "error with key \"k\" (0-th action): error creating AttrProc. Action \"extract\" does not use a value source field. These must not be specified",
        ),
        (
            "{key: k, action: extract}",
            "error with key \"k\" (0-th action): error creating AttrProc due to missing required field \"pattern\" for action \"extract\"",
        ),
        (
            "{key: k, action: extract, pattern: a, converted_type: int}",
            "error with key \"k\" (0-th action): error creating AttrProc. Action \"extract\" does not use the \"converted_type\" field. This must not be specified",
        ),
        (
            "{key: k, action: extract, pattern: '('}",
            "error with key \"k\" (0-th action): error creating AttrProc. Field \"pattern\" has invalid pattern: \"(\"",
        ),
        (
            "{key: k, action: extract, pattern: 'a'}",
            "error with key \"k\" (0-th action): error creating AttrProc. Field \"pattern\" contains no named matcher groups",
        ),
        (
            "{key: k, action: extract, pattern: '(?P<a>.)(.)'}",
            "error with key \"k\" (0-th action): error creating AttrProc. Field \"pattern\" contains at least one unnamed matcher group",
        ),
        (
            "{key: k, action: convert, converted_type: int, from_context: a}",
            "error with key \"k\" (0-th action): error creating AttrProc. Action \"convert\" does not use value sources or \"pattern\" field. These must not be specified",
        ),
        (
            "{key: k, action: convert}",
            "error with key \"k\" (0-th action): error creating AttrProc due to missing required field \"converted_type\" for action \"convert\"",
        ),
        (
            "{key: k, action: convert, converted_type: bool}",
            "error with key \"k\" (0-th action): error creating AttrProc due to invalid value \"bool\" in field \"converted_type\" for action \"convert\"",
        ),
        (
            "{key: k, action: Rename}",
            "error with key \"k\" (0-th action): error creating AttrProc due to unsupported action \"rename\"",
        ),
        (
            "{key: k}",
            "error with key \"k\" (0-th action): error creating AttrProc due to unsupported action \"\"",
        ),
    ] {
        let mut checking = Checking::default();
        check_actions("actions", &actions(&format!("[{yaml}]")), &mut checking);
        let errors = checking.into_errors();
        assert_eq!(
            errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>(),
            [expected],
            "{yaml}"
        );
        assert_eq!(errors[0].path, ["actions", "[0]"], "{yaml}");
    }
}

fn any_key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "other"]).prop_map(str::to_owned)
}

fn any_value() -> impl Strategy<Value = Option<Value>> {
    let array =
        || Value::ArrayValue(ArrayValue { values: vec![AnyValue { value: Some(Value::IntValue(1)) }] });
    prop_oneof![
        prop::sample::select(vec!["", "7", "x-1", "1.5", "text"])
            .prop_map(|text| Some(Value::StringValue(text.to_owned()))),
        (100_usize..300).prop_map(|length| Some(Value::StringValue("l".repeat(length)))),
        (-3_i64..3).prop_map(|number| Some(Value::IntValue(number))),
        prop::sample::select(vec![0.5, -7.25, 3e10]).prop_map(|number| Some(Value::DoubleValue(number))),
        any::<bool>().prop_map(|truth| Some(Value::BoolValue(truth))),
        Just(Some(array())),
        Just(None),
    ]
}

fn any_action() -> impl Strategy<Value = ActionConfig> {
    let key = || prop::sample::select(vec!["a", "b", "c", "d"]);
    let put = || prop::sample::select(vec!["insert", "update", "upsert"]);
    let yaml = prop_oneof![
        (key(), put(), prop::sample::select(vec!["7", "text", "'0.5'"]))
            .prop_map(|(key, action, value)| format!("{{key: {key}, action: {action}, value: {value}}}")),
        (key(), put(), key()).prop_map(|(key, action, from)| format!(
            "{{key: {key}, action: {action}, from_attribute: {from}}}"
        )),
        (key(), put(), key()).prop_map(|(key, action, from)| format!(
            "{{key: {key}, action: {action}, from_attribute: {from}, default_value: fallback}}"
        )),
        (key(), prop::sample::select(vec!["delete", "hash"]))
            .prop_map(|(key, action)| format!("{{key: {key}, action: {action}}}")),
        (prop::sample::select(vec!["[ab]", "^o"]), prop::sample::select(vec!["delete", "hash"]))
            .prop_map(|(pattern, action)| format!("{{key: a, pattern: '{pattern}', action: {action}}}")),
        (key(), prop::sample::select(vec!["^(?P<b>.*)-(?P<d>.*)$", "(?P<a>[a-z])(?P<c>5)?"]))
            .prop_map(|(key, pattern)| format!("{{key: {key}, pattern: '{pattern}', action: extract}}")),
        (key(), prop::sample::select(vec!["int", "double", "string"]))
            .prop_map(|(key, to)| format!("{{key: {key}, converted_type: {to}, action: convert}}")),
    ];
    yaml.prop_map(|yaml| actions(&format!("[{yaml}]")).remove(0))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn on_the_wire_actions_do_what_they_do_on_decoded_attributes(
        actions in prop::collection::vec(any_action(), 1..6),
        spans in prop::collection::vec(prop::collection::vec((any_key(), any_value()), 0..6), 1..4),
    ) {
        let spans: Vec<Vec<KeyValue>> = spans
            .into_iter()
            .map(|span| span.into_iter().map(|(key, value)| key_value(&key, value)).collect())
            .collect();
        let mut expected = spans.clone();
        expected.iter_mut().for_each(|span| model::apply(&actions, span));
        prop_assert_eq!(applied(&actions, batch(&spans)), expected);
    }
}
