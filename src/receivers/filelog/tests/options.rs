//! What the fields of a section do to the records.

use super::fixture::{Record, Watched};

fn attribute(record: &Record, key: &str) -> Option<String> {
    record.attributes.iter().find(|(found, _)| found == key).map(|(_, value)| value.clone())
}

#[test]
fn records_say_all_of_their_file_that_is_asked_for() {
    let mut watched = Watched::new(
        "{start_at: beginning, include_file_name: false, include_file_name_resolved: true,
          include_file_path_resolved: true, include_file_owner_name: true, include_file_owner_group_name: true,
          include_file_permissions: true, include_file_record_number: true, include_file_record_offset: true,
          include: [FOLDER/link], attributes: {env: test}, resource: {service.name: shop}}",
    );
    watched.append("real.log", "1\n\n3\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    std::fs::set_permissions(watched.path("real.log"), mode).unwrap();
    std::os::unix::fs::symlink(watched.path("real.log"), watched.path("link")).unwrap();
    let records = watched.poll_records();
    let resolved = watched.path("real.log").canonicalize().unwrap();
    let user = std::fs::read_to_string("/etc/passwd").unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&resolved).unwrap());
    let line = user.lines().find(|line| line.split(':').nth(2) == Some(&owner.to_string()));
    let last = &records[1];
    for (key, value) in [
        ("log.file.name_resolved", Some("real.log".to_owned())),
        ("log.file.path_resolved", Some(resolved.display().to_string())),
        ("log.file.permissions", Some("640".to_owned())),
        ("log.file.record_number", Some("3".to_owned())),
        ("log.file.record_offset", Some("3".to_owned())),
        ("log.file.name", None),
        ("log.file.owner.name", line.map(|line| line.split(':').next().unwrap().to_owned())),
        ("env", Some("test".to_owned())),
    ] {
        assert_eq!(attribute(last, key), value, "{key}");
    }
    assert!(attribute(last, "log.file.owner.group.name").is_some());
    assert_eq!(last.resource, [("service.name".to_owned(), "shop".to_owned())]);
}

#[test]
fn computed_attributes_say_something_of_each_entry() {
    let mut watched = Watched::new(
        "{start_at: beginning, attributes: {said: 'EXPR(body)!'}, resource: {first: 'EXPR(body)'}}",
    );
    watched.append("a.log", "1\n2\n");
    let records = watched.poll_records();
    let said: Vec<_> = records.iter().map(|record| attribute(record, "said").unwrap()).collect();
    assert_eq!(said, ["1!", "2!"]);
    assert_eq!(records[1].resource, [("first".to_owned(), "2".to_owned())]);
    assert_eq!(attribute(&records[1], "log.file.name").as_deref(), Some("a.log"));
}

#[test]
fn operators_change_what_was_read() {
    let mut watched = Watched::new("{start_at: beginning, operators: [{type: json_parser}]}");
    watched.append("a.log", "{\"user\": \"ann\"}\n");
    let records = watched.poll_records();
    assert_eq!(attribute(&records[0], "user").as_deref(), Some("ann"));
    assert_eq!(attribute(&records[0], "log.file.name").as_deref(), Some("a.log"));
    assert_eq!(records[0].body, "{\"user\": \"ann\"}");
}

#[test]
fn a_header_says_something_of_all_entries_of_its_file() {
    let yaml = "{start_at: beginning, header: {pattern: '^#', metadata_operators: [
        {type: regex_parser, regex: '^#(?P<key>[a-z]+)=(?P<value>.*)$'}]}}";
    let mut watched = Watched::new(yaml);
    watched.append("a.log", "#host=a\n");
    assert_eq!(watched.poll(), Vec::<String>::new(), "the header may go on");
    watched.append("a.log", "#zone=b\n1\n");
    let records = watched.poll_records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].body, "1");
    assert_eq!(attribute(&records[0], "key").as_deref(), Some("zone"));
    assert_eq!(attribute(&records[0], "value").as_deref(), Some("b"));
    watched.restart();
    watched.append("a.log", "#no header any more\n");
    let records = watched.poll_records();
    assert_eq!(records[0].body, "#no header any more");
    assert_eq!(attribute(&records[0], "value").as_deref(), Some("b"));
}

#[test]
fn entries_of_several_lines() {
    let mut watched = Watched::new("{start_at: beginning, multiline: {line_start_pattern: '^\\d'}}");
    watched.append("a.log", "1 first\n  more\n2 second\n");
    assert_eq!(watched.poll(), ["1 first\n  more"]);
    watched.pass_milliseconds(1000);
    assert_eq!(watched.poll(), ["2 second"]);
}

#[test]
fn other_encodings_become_utf_8() {
    let mut watched = Watched::new("{start_at: beginning, encoding: utf-16le}");
    let utf_16: Vec<u8> = " é1 \r\n2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    watched.append_bytes("a.log", &utf_16);
    assert_eq!(watched.poll(), ["é1", "2"]);
}

#[test]
fn bytes_that_are_no_text_stay_as_they_are() {
    let mut watched = Watched::new("{start_at: beginning, encoding: nop, max_log_size: 3}");
    watched.append_bytes("a.log", b" \xff\n1");
    assert_eq!(watched.poll(), ["BytesValue([32, 255, 10])", "BytesValue([49])"]);
}

#[test]
fn the_newest_of_many_files_is_read() {
    let yaml = "{start_at: beginning, ordering_criteria: {regex: 'a(?P<n>[0-9]+)', sort_by: [
        {sort_type: numeric, regex_key: n}]}}";
    let mut watched = Watched::new(yaml);
    for name in ["a9.log", "a10.log", "b.log"] {
        watched.append(name, &format!("{name}\n"));
    }
    assert_eq!(watched.poll(), ["a10.log"]);
}
