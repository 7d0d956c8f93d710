//! The commands that need no pipelines, as a user runs them: output, standard error, exit code.

#![allow(clippy::unwrap_used, reason = "this crate is tests all over")]

use std::process::{Command, Output};

const GOOD: &str = "tests/testdata/collector-configs/getting-started.yaml";
const BAD: &str = "tests/testdata/bad-configs/pipeline-processor-twice.yaml";

fn weir(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn validate_is_silent_about_what_is_right() {
    let output = weir(&["validate", "--config", GOOD, "--set", "processors.batch.timeout=1s"]);
    assert_eq!(
        (output.status.code(), text(&output.stdout), text(&output.stderr)),
        (Some(0), "".into(), "".into())
    );
}

#[test]
fn validate_says_what_is_wrong_and_where() {
    let output = weir(&["validate", &format!("--config=file:{BAD}"), "--feature-gates=-a,+b"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    assert_eq!(
        text(&output.stderr),
        format!("{BAD}:11:27: service::pipelines::traces: references processor \"batch\" multiple times\n")
    );
}

#[test]
fn validate_wants_a_configuration() {
    let output = weir(&["validate"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "at least one config flag must be provided\n");
}

#[test]
fn running_a_bad_configuration_fails_without_the_usage() {
    let output = weir(&["--config", BAD]);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.contains("invalid configuration:"), "{errors}");
    assert!(errors.contains("references processor \"batch\" multiple times"), "{errors}");
    assert!(!errors.contains("Usage"), "{errors}");
}

#[test]
fn the_version_is_printed() {
    for flag in ["--version", "-v"] {
        let output = weir(&[flag]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(text(&output.stdout), concat!("weir ", env!("CARGO_PKG_VERSION"), "\n"));
    }
}

#[test]
fn components_are_listed_as_yaml() {
    let output = weir(&["components"]);
    assert_eq!(output.status.code(), Some(0));
    let list: serde_yaml::Value = serde_yaml::from_slice(&output.stdout).unwrap();
    let exporters = list["exporters"].as_sequence().unwrap();
    let names: Vec<&str> = exporters.iter().filter_map(|exporter| exporter["name"].as_str()).collect();
    assert!(names.is_sorted(), "{names:?}");
    assert!(names.contains(&"otlp_grpc") && names.contains(&"otlp_http"), "{names:?}");
    let connectors = list["connectors"].as_sequence().unwrap();
    let forward = connectors.iter().find(|connector| connector["name"] == "forward").unwrap();
    assert_eq!(forward["stability"]["traces-to-traces"], "Beta");
}

#[test]
fn print_config_hides_secrets() {
    let source = "yaml:exporters::otlp::headers::authorization: Bearer abc";
    let arguments = ["print-config", "--config", GOOD, "--config", source];
    let hidden = text(&weir(&arguments).stdout);
    let document: serde_yaml::Value = serde_yaml::from_str(&hidden).unwrap();
    assert_eq!(document["exporters"]["otlp"]["headers"]["authorization"], "[REDACTED]");
    assert_eq!(document["exporters"]["otlp"]["timeout"], "5s");
    let shown = text(&weir(&[&arguments[..], &["--mode=unredacted", "--format=json"]].concat()).stdout);
    let document: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(document["exporters"]["otlp"]["headers"]["authorization"], "Bearer abc");
}

const SPECS: &str = "tests/testdata/specs";

#[test]
fn a_failing_spec_shows_what_differs() {
    let output = weir(&["test", "tests/specs/batch", &format!("{SPECS}/fails.yaml")]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), "");
    let printed = text(&output.stdout);
    let (held, failed) = printed.split_once("FAIL ").unwrap();
    assert!(
        held.lines().count() > 0 && held.lines().all(|line| line.starts_with("ok   tests/specs/batch/")),
        "{held}"
    );
    assert_eq!(
        failed,
        format!(
            "{SPECS}/fails.yaml: more is expected than the batch processor does
{SPECS}/fails.yaml:21:5: expect:
  resource{{service.name=shop}} / scope checkout / metric orders / point{{country=PT}}: asInt: expected 3, got 2
  missing: resource{{service.name=shop}} / scope checkout / metric refunds / point{{}}: asDouble: 0.5
  unexpected: resource{{service.name=shop}} / scope checkout / metric orders / point{{country=FI}}: asInt: 9, attributes{{country}}: \"FI\"
{} ok, 1 failed
",
            held.lines().count()
        )
    );
}

#[test]
fn what_arrived_can_be_shown() {
    let output = weir(&["test", "--show", "tests/specs/forward/splits-a-pipeline.yaml"]);
    assert_eq!(output.status.code(), Some(0));
    let printed = text(&output.stdout);
    assert!(
        printed.contains(":17:5: arrived:\ntraces:\n  resourceSpans:\n")
            && printed.contains(":21:5: arrived:\n{}\n"),
        "{printed}"
    );
}

#[test]
fn a_spec_whose_configuration_is_refused_fails_with_the_errors() {
    let output = weir(&["test", &format!("{SPECS}/refused-config.yaml")]);
    assert_eq!(output.status.code(), Some(1));
    let printed = text(&output.stdout);
    assert!(
        printed.contains(&format!("\n{SPECS}/refused-config.yaml:4:13: processors::batch: "))
            && printed.contains("did you mean \"timeout\"?")
            && printed.ends_with("\n0 ok, 1 failed\n"),
        "{printed}"
    );
}

#[test]
fn specs_that_cannot_be_read_are_told_apart() {
    let output = weir(&["test", &format!("{SPECS}/broken.yaml"), "tests/specs/forward", "no/such/spec.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr),
        format!(
            "{SPECS}/broken.yaml:7:5: steps::1: 'steps[1]' has invalid keys: wait (valid keys: send, into, refused, metadata, \
             client_address, advance, stop, expect, at)\nno/such/spec.yaml: No such file or directory (os error 2)\n"
        )
    );
    assert!(text(&output.stdout).ends_with(" ok, 0 failed\n"));
    assert_eq!(weir(&["test"]).status.code(), Some(1));
}
