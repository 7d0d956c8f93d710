//! Groups of entries that were one.

use super::*;

/// What comes out of entries in a row, texts of bodies only, and what is sent on at the end.
fn joined(chain: &mut OperatorChain, lines: &[&str]) -> (Vec<Json>, Vec<Json>) {
    let sent = lines.iter().flat_map(|line| run(chain, &json!(line))).map(body).collect();
    let mut out = Vec::new();
    chain.flush(&mut out);
    (sent, out.iter().map(shown).map(body).collect())
}

fn body(entry: Json) -> Json {
    entry["body"].clone()
}

#[tokio::test]
async fn a_group_begins_with_the_entry_that_matches() {
    let operators = r#"[{type: recombine, combine_field: body, is_first_entry: 'body matches "^[^\\s]"'}]"#;
    assert_eq!(
        joined(&mut chain(operators), &["one", "  two", "  three", "four", "five", " six"]),
        (vec![json!("one\n  two\n  three"), json!("four")], vec![json!("five\n six")])
    );
}

#[tokio::test]
async fn a_group_ends_with_the_entry_that_matches() {
    let operators =
        r#"[{type: recombine, combine_field: body, is_last_entry: 'body endsWith "."', combine_with: ""}]"#;
    assert_eq!(
        joined(&mut chain(operators), &["a ", "b", ".", "c.", "d"]),
        (vec![json!("a b."), json!("c.")], vec![json!("d")])
    );
}

#[tokio::test]
async fn groups_are_bounded() {
    let first = |rest: &str| {
        format!("[{{type: recombine, combine_field: body, is_first_entry: 'body == \"x\"', {rest}}}]")
    };
    assert_eq!(
        joined(&mut chain(&first("max_batch_size: 2")), &["x", "a", "b", "c"]),
        (vec![json!("x\na"), json!("b\nc")], vec![])
    );
    assert_eq!(
        joined(&mut chain(&first("max_unmatched_batch_size: 2")), &["a", "b", "x", "c", "d"]),
        (vec![json!("a\nb")], vec![json!("x\nc\nd")])
    );
    assert_eq!(
        joined(&mut chain(&first("max_log_size: 4")), &["x", "ab", "cd", "e"]),
        (vec![json!("x\nab\ncd")], vec![json!("e")])
    );
}

#[tokio::test]
async fn sources_do_not_mix() {
    let operators = r#"[{type: recombine, combine_field: body.line, is_first_entry: 'body.line == "x"',
        source_identifier: attributes.file, max_sources: 2}]"#;
    let mut chain = chain(operators);
    let line = |file: &str, line: &str| json!({"body": {"line": line}, "attributes": {"file": file}});
    for (file, text) in [("f", "x"), ("g", "x"), ("f", "1"), ("g", "2")] {
        assert_eq!(run(&mut chain, &line(file, text)), Vec::<Json>::new());
    }
    // A third source, and the groups of both others are sent on.
    assert_eq!(run(&mut chain, &line("h", "x")), [line("f", "x\n1"), line("g", "x\n2")]);
    let mut out = Vec::new();
    chain.flush(&mut out);
    assert_eq!(out.iter().map(shown).collect::<Vec<_>>(), [line("h", "x")]);
}

#[tokio::test]
async fn other_fields_come_from_the_oldest_or_the_newest() {
    for (which, expected) in [("oldest", 1), ("newest", 2)] {
        let operators = format!(
            "[{{type: recombine, combine_field: body, is_last_entry: 'body == \"b\"', overwrite_with: {which}}}]"
        );
        let mut chain = chain(&operators);
        run(&mut chain, &json!({"body": "a", "attributes": {"n": 1}}));
        let sent = run(&mut chain, &json!({"body": "b", "attributes": {"n": 2}}));
        assert_eq!(sent, [json!({"body": "a\nb", "attributes": {"n": expected}})]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_does_not_wait_for_ever() {
    let operators =
        "[{type: recombine, combine_field: body, is_first_entry: 'body == \"x\"', force_flush_period: 2s}]";
    let mut chain = chain(operators);
    let mut out = Vec::new();
    assert_eq!(chain.next_deadline(), None);
    run(&mut chain, &json!("x"));
    let deadline = chain.next_deadline().unwrap();
    assert_eq!(deadline - tokio::time::Instant::now(), Duration::from_secs(2));
    tokio::time::advance(Duration::from_secs(1)).await;
    run(&mut chain, &json!("a"));
    chain.tick(&mut out);
    assert!(out.is_empty());
    tokio::time::advance(Duration::from_secs(1)).await;
    chain.tick(&mut out);
    assert_eq!(out[0].body, Value::from("x\na"));
    assert_eq!(chain.next_deadline(), None);
}

#[tokio::test]
async fn what_cannot_be_joined_is_not_lost() {
    let settings = settings("filelog", Signal::Logs);
    let operators = "[{type: recombine, combine_field: body, is_last_entry: 'false'}, {type: noop}]";
    let mut chain = chain_with(operators, &settings);
    assert_eq!(run(&mut chain, &json!({"body": 5})), [json!({"body": 5})]);
    assert_eq!(run(&mut chain, &json!("a")), Vec::<Json>::new());
    assert_eq!(failures(&settings.telemetry), (1.0, 0.0));
    let mut out = Vec::new();
    chain.flush(&mut out);
    assert_eq!(out[0].body, Value::from("a"));
}
