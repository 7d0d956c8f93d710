//! Lines of every runtime on their way through the operator.

use std::time::Duration;

use super::*;

const PATH: &str = "/var/log/pods/ns_pod-1_49cc7c1f-d370/app/3.log";

fn operator(config: &ContainerConfig) -> Box<dyn Operator> {
    config.build(&BuildContext::default()).unwrap()
}

fn line(path: &str, text: &str) -> LogEntry {
    let mut entry = LogEntry::new(1, text.into());
    if !path.is_empty() {
        entry.attributes.insert("log.file.path", path.into());
    }
    entry
}

/// What an operator sends while `act` is done with it, and what goes wrong.
fn sent(act: impl FnOnce(&mut Outlet<'_>)) -> (Vec<LogEntry>, Vec<String>) {
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    let mut failed = |error: &OperatorError, _| errors.push(error.to_string());
    act(&mut Outlet::new(&mut entries, &mut failed));
    (entries.into_iter().map(|(_, entry)| entry).collect(), errors)
}

/// Gives an operator an entry, and sends it on where it goes on.
fn give(operator: &mut dyn Operator, mut entry: LogEntry, outlet: &mut Outlet<'_>) {
    if operator.process(&mut entry, outlet) == Fate::GoesOn {
        outlet.send(entry);
    }
}

fn processed(config: &ContainerConfig, entry: LogEntry) -> (LogEntry, Vec<String>) {
    let (mut entries, errors) = sent(|outlet| give(&mut *operator(config), entry, outlet));
    assert_eq!(entries.len(), 1);
    (entries.remove(0), errors)
}

fn bodies(entries: &[LogEntry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.body.as_str().unwrap()).collect()
}

#[test]
fn lines_of_every_runtime_become_what_they_tell_of() {
    let pod = [
        ("k8s.container.name", "app"),
        ("k8s.namespace.name", "ns"),
        ("k8s.pod.name", "pod-1"),
        ("k8s.container.restart_count", "3"),
        ("k8s.pod.uid", "49cc7c1f-d370"),
    ];
    for (format, text, body, logtag) in [
        (
            Format::Docker,
            r#"{"log":"INFO: \"all\"\n","stream":"stderr","attrs":{"a":1},"time":"2029-03-30T08:31:20.545192187Z"}"#,
            "INFO: \"all\"\n",
            None,
        ),
        (Format::Crio, "2029-03-30T10:31:20.545192187+02:00 stderr F a é  b", "a é  b", Some("F")),
        (Format::Containerd, "2029-03-30T08:31:20.545192187Z stderr F:x ", "", Some("F:x")),
        (Format::Containerd, "2029-03-30T08:31:20.545192187Z stderr F", "", Some("F")),
    ] {
        // The long way is taken where a block wants to read the outcome.
        let mut with_block = ContainerConfig::default();
        with_block.parser.scope_name = Some(Default::default());
        with_block.parser.scope_name.as_mut().unwrap().parse_from = Field::of_attributes("stream");
        for (config, scope_name) in [
            (ContainerConfig::default(), ""),
            (ContainerConfig { format, ..ContainerConfig::default() }, ""),
            (with_block, "stderr"),
        ] {
            let mut attributes: ValueMap =
                [("log.file.path", PATH), ("log.iostream", "stderr")].into_iter().collect();
            if let Some(logtag) = logtag {
                attributes.insert("logtag", logtag.into());
            } else {
                let attrs: ValueMap = [("a", 1.0)].into_iter().collect();
                attributes.insert("attrs", Value::Map(attrs));
            }
            let mut expected = LogEntry::new(1, body.into());
            expected.time_unix_nano = Some(1_869_553_880_545_192_187);
            expected.attributes = attributes;
            expected.resource = pod.into_iter().collect();
            expected.scope_name = scope_name.to_owned();
            let mut operator = operator(&config);
            let (mut entries, errors) = sent(|outlet| {
                give(&mut *operator, line(PATH, text), outlet);
                operator.flush(outlet);
            });
            assert_eq!(errors, Vec::<String>::new());
            assert_eq!(entries.pop(), Some(expected), "{text}");
        }
    }
}

#[test]
fn what_is_no_line_is_sent_as_it_is_with_an_error() {
    let unknown = "failed to detect a valid container log format: ";
    let without_path = "operator 'container' has 'add_metadata_from_filepath' enabled, but the log record attribute \
                        'log.file.path' is missing. Perhaps enable the 'include_file_path' option?";
    for (format, path, text, expected) in [
        (Format::Detected, PATH, "text", format!("{unknown}entry cannot be parsed as container logs: text")),
        (Format::Containerd, PATH, "text", "regex pattern does not match".to_owned()),
        (Format::Crio, PATH, "2029-03-30T08:31:20Z stdout F x", "regex pattern does not match".to_owned()),
        (
            Format::Docker,
            PATH,
            r#"{"log":"x","stream":"stdout"}"#,
            "failed to parse time: failed to get the time from the attributes".to_owned(),
        ),
        (
            Format::Docker,
            PATH,
            r#"{"log":"x","time":"2029-03-30T08:31:20Z"}"#,
            "move: field attributes.stream does not exist".to_owned(),
        ),
        (
            Format::Docker,
            PATH,
            r#"{"log":"x""#,
            "invalid JSON: EOF while parsing an object at line 1 column 10".to_owned(),
        ),
        (
            Format::Containerd,
            PATH,
            "2029Z stdout F x",
            "failed to parse time: parsing time \"2029Z\" as \"2006-01-02T15:04:05.999Z\": cannot parse \"Z\" as \"-\""
                .to_owned(),
        ),
        (Format::Detected, "", "2029-03-30T08:31:20Z stdout F x", without_path.to_owned()),
        (
            Format::Detected,
            "/var/log/x.log",
            "2029-03-30T08:31:20Z stdout F x",
            "failed to detect a valid log path".to_owned(),
        ),
    ] {
        let config = ContainerConfig { format, ..ContainerConfig::default() };
        let (_, errors) = processed(&config, line(path, text));
        assert_eq!(errors, [expected], "{text}");
    }
    let number = LogEntry::new(1, Value::Int(1));
    let (entry, errors) = processed(&ContainerConfig::default(), number.clone());
    assert_eq!(errors, [format!("{unknown}type 'int64' cannot be parsed as container logs")]);
    assert_eq!(entry, number);
}

#[test]
fn the_path_need_not_be_read() {
    let config = ContainerConfig { add_metadata_from_filepath: false, ..ContainerConfig::default() };
    let (entry, errors) = processed(&config, line("", "2029-03-30T08:31:20Z stdout F x"));
    assert_eq!((errors, entry.resource), (Vec::new(), ValueMap::new()));
    assert_eq!(entry.body, "x".into());
}

#[tokio::test(start_paused = true)]
async fn parts_of_a_line_are_put_together_by_file() {
    let other = "/var/log/pods/ns_pod-2_49cc7c1f-d370/app/0.log";
    let mut operator = operator(&ContainerConfig::default());
    let part =
        |path, second, tag, text| line(path, &format!("2029-03-30T08:31:{second}Z stdout {tag} {text}"));
    let (entries, errors) = sent(|outlet| {
        give(&mut *operator, part(PATH, 20, "P", "one "), outlet);
        give(&mut *operator, part(other, 21, "P", "other "), outlet);
        give(&mut *operator, part(PATH, 22, "P", "two "), outlet);
        give(&mut *operator, part(PATH, 23, "F", "three"), outlet);
        give(&mut *operator, part(PATH, 24, "F", "whole"), outlet);
    });
    assert_eq!((bodies(&entries), errors), (vec!["one two three", "whole"], Vec::new()));
    // All else is as in the first part.
    assert_eq!(entries.first().unwrap().time_unix_nano, Some(1_869_553_880_000_000_000));
    assert_eq!(entries.first().unwrap().attributes.get("logtag"), Some(&"P".into()));
    let deadline = operator.next_deadline().unwrap();
    assert_eq!(deadline - Instant::now(), Duration::from_secs(5));
    tokio::time::advance(Duration::from_millis(4999)).await;
    assert_eq!(sent(|outlet| operator.tick(outlet)).0, Vec::new());
    tokio::time::advance(Duration::from_millis(1)).await;
    let (entries, _) = sent(|outlet| operator.tick(outlet));
    assert_eq!(bodies(&entries), ["other "]);
    assert_eq!(operator.next_deadline(), None);
}

#[tokio::test(start_paused = true)]
async fn lines_that_grow_too_long_and_what_is_left_at_the_end_are_sent_in_pieces() {
    let config = ContainerConfig { max_log_size: ByteSize(5), ..ContainerConfig::default() };
    let mut operator = operator(&config);
    let part = |tag, text| line(PATH, &format!("2029-03-30T08:31:20Z stdout {tag} {text}"));
    let (entries, _) = sent(|outlet| {
        for (tag, text) in [("P", "abc"), ("P", "def"), ("P", "1234567"), ("P", "gh"), ("F", "i"), ("P", "j")]
        {
            give(&mut *operator, part(tag, text), outlet);
        }
        operator.flush(outlet);
    });
    assert_eq!(bodies(&entries), ["abcdef", "1234567", "ghi", "j"]);
}
