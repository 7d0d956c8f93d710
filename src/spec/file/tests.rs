//! What a spec file may hold, and what is said where it holds something else.

use super::*;
use crate::otlp::{Batch, Signal};

fn parse(text: &str) -> Result<Spec, String> {
    Spec::parse(text, Path::new("specs/a.yaml")).map_err(|errors| errors.to_string())
}

/// The errors of a spec that is fine up to its steps.
fn wrong_steps(steps: &str) -> String {
    parse(&format!("description: d\nconfig: {{}}\nsteps:\n{steps}")).unwrap_err()
}

#[test]
fn a_whole_spec_is_read() {
    let spec = parse(
        "description: everything\nconfig_file: ../b.yaml\nenvironment: {A: b}\n\
         start_time: \"1970-01-01T00:00:01Z\"\nignore: [timeUnixNano]\nignore_attributes: [pod]\nsteps:\n\
         - send: {logs: {resourceLogs: []}, traces: '{\"resourceSpans\":[]}'}\n  into: otlp/2\n  refused: full\n  \
         metadata: {Tenant: [a, b]}\n  client_address: 1.2.3.4\n\
         - advance: 1m0.5s\n- stop:\n- expect: {}\n  at: debug\n",
    )
    .unwrap();
    assert_eq!(spec.description, "everything");
    assert!(matches!(&spec.config, ConfigSource::File(path) if path == Path::new("specs/../b.yaml")));
    assert_eq!(spec.start_time, 1_000_000_000);
    assert_eq!((spec.ignore, spec.ignore_attributes), (vec!["timeUnixNano".into()], vec!["pod".into()]));
    let lines: Vec<usize> = spec.steps.iter().map(|step| step.location.line).collect();
    assert_eq!(lines, [8, 13, 14, 15]);
    let mut actions = spec.steps.into_iter().map(|step| step.action);
    let Some(Action::Send { batches, into, refused }) = actions.next() else { panic!("no send") };
    assert_eq!(batches.iter().map(Batch::signal).collect::<Vec<_>>(), [Signal::Logs, Signal::Traces]);
    let client = batches.first().and_then(Batch::client).unwrap();
    assert_eq!(client.metadata["tenant"], ["a", "b"]);
    assert_eq!(client.address.unwrap().to_string(), "1.2.3.4:0");
    assert_eq!(into.unwrap().to_string(), "otlp/2");
    assert_eq!(refused.unwrap(), "full");
    assert!(matches!(actions.next(), Some(Action::Advance(duration)) if duration.as_millis() == 60_500));
    assert!(matches!(actions.next(), Some(Action::Stop)));
    let Some(Action::Expect { batches, at }) = actions.next() else { panic!("no expect") };
    assert!(batches.is_empty());
    assert_eq!(at.unwrap().to_string(), "debug");
}

#[test]
fn what_is_wrong_has_its_place() {
    for (text, error) in [
        ("config: {}", "specs/a.yaml:1:1: description: say what the spec shows"),
        ("description: d", "specs/a.yaml:1:1: give either config or config_file"),
        ("description: d\nconfig: {}\nconfig_file: a", "specs/a.yaml:1:1: give either config or config_file"),
        (
            "description: d\nconfig: {}\nstart_time: yesterday",
            "specs/a.yaml:3:13: start_time: \"yesterday\" is no time (write it as 2026-01-01T00:00:00Z)",
        ),
        (
            "description: d\nconfig: {}\nsteps: [{stop: }]",
            "specs/a.yaml:1:1: a spec has either steps, one of them with expect or refused, or expect_config_error",
        ),
        (
            "description: d\nconfig: {}\nstep: []",
            "specs/a.yaml:3:1: '' has invalid keys: step (did you mean \"steps\"? valid keys: description, config, \
             config_file, environment, start_time, ignore, ignore_attributes, steps, expect_config_error)",
        ),
    ] {
        assert_eq!(parse(text).unwrap_err(), error);
    }
}

#[test]
fn steps_that_do_not_fit_have_their_place() {
    let ids = "- send: {traces: {resourceSpans: [{scopeSpans: [{spans: [{traceId: 00000000000000000000000000000001}]}]}]}}";
    for (steps, error) in [
        ("- {}", "4:3: a step has exactly one of send, advance, stop and expect"),
        ("- stop:\n  advance: 1s", "4:3: a step has exactly one of send, advance, stop and expect"),
        (
            "- expect: {}\n  refused: no",
            "4:3: into, refused, metadata and client_address belong to a step with send",
        ),
        ("- stop:\n  at: debug", "4:3: at belongs to a step with expect"),
        ("- send: {}", "4:3: send: give traces, metrics or logs"),
        (
            "- send: {trace: {}}",
            "4:10: unknown key \"trace\" (did you mean \"traces\"? valid keys: traces, metrics, logs, traces_file, \
             metrics_file, logs_file)",
        ),
        (
            "- expect: {at: debug}",
            "4:12: unknown key \"at\" (write it beside send or expect, as a key of the step)",
        ),
        ("- advance: 1us", "4:12: advance: write whole milliseconds, at least one"),
        ("- send: {logs_file: no.json}", "4:21: specs/no.json: No such file or directory (os error 2)"),
        (
            ids,
            "4:68: resourceSpans[0].scopeSpans[0].spans[0].traceId: expected 32 hex digits, found 1 (put ids in quotes)",
        ),
    ] {
        assert_eq!(wrong_steps(steps), format!("specs/a.yaml:{error}"));
    }
}
