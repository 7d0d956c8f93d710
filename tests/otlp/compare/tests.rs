//! The comparison notices every change that matters, names the place, and does not mind regrouping.

use serde_json::json;

use super::*;
use crate::otlp::sample::{records_in, sample};

#[test]
fn a_sample_equals_itself() {
    for signal in Signal::ALL {
        let records = records_in(&sample(signal), signal);
        assert_eq!(differences(&records, &records), [""; 0]);
    }
}

#[test]
fn a_change_to_any_leaf_is_noticed() {
    for signal in Signal::ALL {
        let original = sample(signal);
        let sent = records_in(&original, signal);
        for pointer in pointers(&original, Value::is_object) {
            for name in original.pointer(&pointer).unwrap().as_object().unwrap().keys() {
                let leaf = format!("{pointer}/{name}");
                let mut changed = original.clone();
                let value = changed.pointer_mut(&leaf).unwrap();
                if value.is_object() || value.is_array() {
                    continue;
                }
                *value = different(value);
                let found = differences(&sent, &records_in(&changed, signal));
                // `schemaUrl` is `resourceSchemaUrl` or `scopeSchemaUrl` in a flattened record.
                let name = name.to_lowercase();
                assert!(found.iter().any(|line| line.to_lowercase().contains(&name)), "{leaf}: {found:?}");
            }
        }
    }
}

#[test]
fn the_loss_of_any_member_is_noticed() {
    for signal in Signal::ALL {
        let original = sample(signal);
        let sent = records_in(&original, signal);
        for pointer in pointers(&original, Value::is_object) {
            for name in original.pointer(&pointer).unwrap().as_object().unwrap().keys() {
                let mut changed = original.clone();
                changed.pointer_mut(&pointer).unwrap().as_object_mut().unwrap().remove(name);
                let found = differences(&sent, &records_in(&changed, signal));
                assert!(!found.is_empty(), "{pointer}/{name}");
            }
        }
    }
}

#[test]
fn the_loss_and_the_doubling_of_any_list_element_are_noticed() {
    for signal in Signal::ALL {
        let original = sample(signal);
        let sent = records_in(&original, signal);
        for pointer in pointers(&original, Value::is_array) {
            let length = original.pointer(&pointer).unwrap().as_array().unwrap().len();
            for position in 0..length {
                let mut shorter = original.clone();
                shorter.pointer_mut(&pointer).unwrap().as_array_mut().unwrap().remove(position);
                assert_ne!(
                    differences(&sent, &records_in(&shorter, signal)),
                    [""; 0],
                    "{pointer}/{position}"
                );
                let mut longer = original.clone();
                let list = longer.pointer_mut(&pointer).unwrap().as_array_mut().unwrap();
                list.insert(position, list[position].clone());
                assert_ne!(differences(&sent, &records_in(&longer, signal)), [""; 0], "{pointer}/{position}");
            }
        }
    }
}

#[test]
fn the_order_within_a_record_matters() {
    let original = sample(Signal::Traces);
    let mut swapped = original.clone();
    let events = swapped.pointer_mut("/resourceSpans/0/scopeSpans/0/spans/0/events").unwrap();
    events.as_array_mut().unwrap().reverse();
    let sent = records_in(&original, Signal::Traces);
    let found = differences(&sent, &records_in(&swapped, Signal::Traces));
    assert_eq!(
        found[0],
        r#"record.events[0].attributes: sent [{"key":"n","value":{"intValue":1}}], arrived nothing"#
    );
}

#[test]
fn records_may_be_regrouped_and_reordered() {
    for signal in Signal::ALL {
        let [resources, scopes, records] = signal.levels();
        let together = sample(signal);
        let resource = &together[resources][0];
        let mut apart = Vec::new();
        for scope in resource[scopes].as_array().unwrap() {
            for record in scope.get(records).and_then(Value::as_array).map_or(&[][..], Vec::as_slice) {
                let (mut single_resource, mut single_scope) = (resource.clone(), scope.clone());
                single_scope[records] = json!([record]);
                single_resource[scopes] = json!([single_scope]);
                apart.insert(0, single_resource);
            }
            if scope.get(records).is_none() {
                let mut without_records = resource.clone();
                without_records[scopes] = json!([scope]);
                apart.insert(0, without_records);
            }
        }
        let apart = json!({ resources: apart });
        assert_ne!(apart, together);
        assert_eq!(differences(&records_in(&together, signal), &records_in(&apart, signal)), [""; 0]);
    }
}

#[test]
fn a_difference_is_reported_with_its_path_and_both_values() {
    let original = sample(Signal::Logs);
    let mut changed = original.clone();
    let record = "/resourceLogs/0/scopeLogs/0/logRecords/0";
    *changed.pointer_mut(&format!("{record}/attributes/0/value/intValue")).unwrap() = json!("8");
    changed.pointer_mut(record).unwrap().as_object_mut().unwrap().remove("eventName");
    let found = differences(&records_in(&original, Signal::Logs), &records_in(&changed, Signal::Logs));
    assert_eq!(
        found,
        [
            "record.attributes[0].value.intValue: sent 7, arrived 8",
            r#"record.eventName: sent "breakage", arrived nothing"#,
        ]
    );
}

#[test]
fn records_without_a_counterpart_are_reported_whole() {
    let record = json!({"record": {"name": "alone"}});
    let sent_only = differences(std::slice::from_ref(&record), &[]);
    assert_eq!(sent_only, [r#"sent but did not arrive: {"record":{"name":"alone"}}"#]);
    let arrived_only = differences(&[], std::slice::from_ref(&record));
    assert_eq!(arrived_only, [r#"arrived but was not sent: {"record":{"name":"alone"}}"#]);
}

#[test]
fn paths_name_every_leaf_and_the_numbers_of_enumerations() {
    let paths = paths_of(&records_in(&sample(Signal::Logs), Signal::Logs));
    for path in ["record.severityNumber=17", "record.body.kvlistValue.values.value.bytesValue", "scope.name"]
    {
        assert!(paths.contains(path), "{path} is not in {paths:?}");
    }
    assert!(!paths.contains("record.severityNumber=9"));
}

/// JSON pointers to every value that is wanted, the root included.
fn pointers(value: &Value, wanted: fn(&Value) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((pointer, value)) = open.pop() {
        if wanted(value) {
            found.push(pointer.clone());
        }
        match value {
            Value::Object(members) => {
                open.extend(members.iter().map(|(name, member)| (format!("{pointer}/{name}"), member)));
            }
            Value::Array(elements) => {
                open.extend(
                    elements.iter().enumerate().map(|(at, element)| (format!("{pointer}/{at}"), element)),
                );
            }
            _ => {}
        }
    }
    found
}

/// Another value that the same field may have.
fn different(value: &Value) -> Value {
    match value {
        Value::Bool(set) => json!(!set),
        Value::Number(number) if number.is_f64() => json!(number.as_f64().unwrap() + 0.125),
        Value::Number(number) => json!(number.as_i64().unwrap() + 1),
        Value::String(text) => {
            // Stays a number, hexadecimal digits or base64 if it was.
            let (at, first) = text.char_indices().find(|(_, first)| first.is_alphanumeric()).unwrap();
            let other = match first {
                '0' => '1',
                '1'..='9' => char::from_u32(u32::from(first) - 1).unwrap(),
                'A' => 'B',
                _ => 'A',
            };
            json!(format!("{}{other}{}", &text[..at], &text[at + first.len_utf8()..]))
        }
        other => panic!("{other} is not a leaf"),
    }
}
