//! Tests of loading from several sources; single documents are tested by `tests/bad_configs.rs`.

use super::*;

const WHOLE: &str = "yaml:receivers: {nop: }\nexporters: {nop: }\nservice: {pipelines: {traces: {receivers: \
                     [nop], exporters: [nop]}}}";

fn options(sources: &[&str]) -> LoadOptions {
    LoadOptions {
        sources: sources.iter().map(|source| (*source).to_owned()).collect(),
        ..LoadOptions::default()
    }
}

#[test]
fn sources_merge_in_order_and_settings_come_last() {
    let mut options = options(&[
        WHOLE,
        "yaml:service::pipelines::logs: {receivers: [nop], exporters: [nop]}",
        "yaml:service::telemetry::logs::level: warn",
    ]);
    options.settings = vec!["service.telemetry.logs.level=debug".to_owned()];
    let configuration = load(&options).unwrap_or_else(|errors| panic!("{errors}"));
    let pipelines: Vec<String> = configuration.service.pipelines.keys().map(ToString::to_string).collect();
    assert_eq!(pipelines, ["traces", "logs"]);
    assert_eq!(configuration.service.telemetry.logs.level.word(), "debug");
    assert_eq!(configuration.warnings, Vec::<String>::new());
}

#[test]
fn errors_of_every_source_are_reported() {
    let errors = load(&options(&["no/such.yaml", "nosuch:x", "yaml:[", "yaml:text"])).err().unwrap();
    let lines: Vec<String> = errors.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].starts_with("unable to read the file file:no/such.yaml: "), "{}", lines[0]);
    assert!(lines[1].starts_with("scheme \"nosuch\" is not supported for uri \"nosuch:x\""), "{}", lines[1]);
    assert!(lines[2].starts_with("yaml:[:1:2: invalid YAML: "), "{}", lines[2]);
    assert!(lines[3].contains("retrieved value (type=string) cannot be used as a Conf"), "{}", lines[3]);
}

#[test]
fn what_follows_from_a_failed_expansion_is_not_reported_again() {
    let source = "yaml:service::telemetry::logs::level: ${env:1}";
    let errors = load(&options(&[WHOLE, source])).err().unwrap();
    assert_eq!(errors.0.len(), 1, "{errors}");
    assert!(errors.0[0].message.starts_with("environment variable \"1\" has invalid name"));
}

#[test]
fn gates_unset_variables_and_ignored_keys_are_warnings() {
    let mut options = options(&[
        WHOLE,
        "yaml:service::telemetry: {metrics: {address: '${env:A_VARIABLE_NOBODY_SETS}:8888'}}",
    ]);
    options.feature_gates = vec!["a.gate,-another.gate".to_owned(), "+third.gate".to_owned()];
    let configuration = load(&options).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(
        configuration.warnings,
        [
            "Configuration references unset environment variable \"A_VARIABLE_NOBODY_SETS\" at \
             yaml:service::telemetry: {metrics: {address: '${env:A_VARIABLE_NO...:1:41",
            "service::telemetry::metrics::address at yaml:service::telemetry: {metrics: {address: \
             '${env:A_VARIABLE_NO...:1:32 is ignored; write service::telemetry::metrics::readers",
            "feature gate \"a.gate\" is not known here and has no effect",
            "feature gate \"another.gate\" is not known here and has no effect",
            "feature gate \"third.gate\" is not known here and has no effect",
        ]
    );
}

#[test]
fn without_a_source_there_is_nothing_to_load() {
    let errors = load(&LoadOptions::default()).err().unwrap();
    assert_eq!(errors.to_string(), "at least one config flag must be provided");
}
