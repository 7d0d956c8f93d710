//! The table against the one that validation walks.

use super::*;
use crate::otlp::schema::{self as wire_schema, FieldKind, MessageSchema};

#[test]
fn both_tables_have_the_same_messages() {
    for signal in Signal::ALL {
        compare(export_request(signal), wire_schema::request(signal), &mut Vec::new());
    }
}

fn compare(json: &'static Message, wire: &'static MessageSchema, compared: &mut Vec<&'static str>) {
    if compared.contains(&wire.name) {
        return;
    }
    compared.push(wire.name);
    assert!(json.fields.len() <= MOST_FIELDS, "{}", wire.name);
    let mut numbers: Vec<u32> = json.fields.iter().map(|field| field.number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, wire.fields.iter().map(|field| field.number).collect::<Vec<_>>(), "{}", wire.name);
    for field in wire.fields {
        let (_, json_field) = json.field_numbered(field.number).unwrap();
        assert_eq!(json.field_named(field.name).unwrap().1.name, json_field.name, "{}", wire.name);
        compare_kinds(json_field, field.kind, compared);
    }
}

fn compare_kinds(json: &Field, wire: FieldKind, compared: &mut Vec<&'static str>) {
    let is_list = matches!(json.presence, Presence::Repeated | Presence::Items);
    match (json.kind, wire) {
        (Kind::Message(json_message), FieldKind::Message(wire_message)) => {
            assert!(!is_list, "{}", json.name);
            compare(json_message, wire_message, compared);
        }
        (Kind::Message(json_message), FieldKind::Messages(wire_message)) => {
            assert!(is_list, "{}", json.name);
            assert_eq!(json.presence == Presence::Items, wire_message.is_item, "{}", json.name);
            compare(json_message, wire_message, compared);
        }
        (kind, FieldKind::Bytes) => assert_eq!(kind.wire_type(), WireType::LengthDelimited, "{}", json.name),
        (kind, FieldKind::Fixed32) => assert_eq!(kind.wire_type(), WireType::Fixed32, "{}", json.name),
        (kind, FieldKind::Fixed64 | FieldKind::Fixed64s) => {
            assert_eq!(kind.wire_type(), WireType::Fixed64, "{}", json.name);
        }
        (kind, FieldKind::Varint | FieldKind::Varints) => {
            assert_eq!(kind.wire_type(), WireType::Varint, "{}", json.name);
        }
        (_, FieldKind::Message(_) | FieldKind::Messages(_)) => panic!("{} is a message", json.name),
    }
}
