//! What a run says of specs that do not hold, and what a configuration may be made of.

use std::path::Path;

use super::*;

const SPAN: &str = "{traces: {resourceSpans: [{scopeSpans: [{spans: [{name: a}]}]}]}}";

/// What a spec with this configuration and these steps fails with; nothing where it holds.
fn failure(config: &str, steps: &[&str]) -> String {
    let steps: Vec<String> = steps.iter().map(|step| format!("- {}\n", step.replace("SPAN", SPAN))).collect();
    let text = format!("description: d\n{config}\nsteps:\n{}", steps.concat());
    let spec = Spec::parse(&text, Path::new("a.yaml")).unwrap_or_else(|errors| panic!("{errors}"));
    run(spec).failure.map(|failure| failure.to_string()).unwrap_or_default()
}

const PASS: &str = "config: {connectors: {forward: }}";

#[test]
fn without_components_what_enters_leaves() {
    assert_eq!(failure(PASS, &["send: SPAN", "expect: SPAN", "expect: {}"]), "");
    assert_eq!(failure("config: {processors: {}}", &["send: SPAN", "expect: SPAN"]), "");
}

#[test]
fn answers_are_compared_with_what_is_expected_of_them() {
    assert_eq!(
        failure(PASS, &["{send: SPAN, refused: full}"]),
        "a.yaml:4:3: send: expected a refusal with \"full\", it was taken"
    );
    let limited =
        "config: {processors: {memory_limiter: {check_interval: 1s, limit_mib: 1}, batch: {timeout: 1s}}}";
    assert_eq!(
        failure(limited, &["send: SPAN", "send: SPAN", "expect: {}"]),
        "a.yaml:5:3: send: it was refused: data refused due to high memory usage"
    );
    assert_eq!(
        failure(limited, &["send: SPAN", "{send: SPAN, refused: full}"]),
        "a.yaml:5:3: send: expected a refusal with \"full\", got \"data refused due to high memory usage\""
    );
}

#[test]
fn only_the_first_failure_is_told_and_every_arrival_kept() {
    let text =
        format!("description: d\n{PASS}\nsteps: [{{send: {SPAN}}}, {{expect: {{}}}}, {{expect: {SPAN}}}]");
    let outcome = run(Spec::parse(&text, Path::new("a.yaml")).unwrap());
    assert_eq!(
        outcome.failure.unwrap().to_string(),
        "a.yaml:3:84: expect:\n  unexpected: resource{} / span a: name: a"
    );
    assert_eq!(outcome.arrivals.len(), 2);
    assert_eq!(
        outcome.arrivals[0].to_yaml(),
        "traces:\n  resourceSpans:\n  - resource: {}\n    scopeSpans:\n    - scope: {}\n      spans:\n      - name: a\n        \
         status: {}\n"
    );
    assert_eq!(outcome.arrivals[1].to_yaml(), "{}\n");
}

#[test]
fn what_stopped_takes_nothing() {
    assert_eq!(
        failure(PASS, &["stop:", "send: SPAN", "expect: {}"]),
        "a.yaml:5:3: send: no receiver has a running pipeline of traces"
    );
}

#[test]
fn the_receiver_is_named_where_there_are_several() {
    let config = "config: {receivers: {nop: , nop/b: }, exporters: {nop: }, service: {pipelines: {traces: {receivers: \
                  [nop, nop/b], exporters: [nop]}}}}";
    assert_eq!(failure(config, &["{send: SPAN, into: nop/b}", "expect: SPAN"]), "");
    assert_eq!(
        failure(config, &["send: SPAN", "expect: {}"]),
        "a.yaml:4:3: send: several receivers take traces; say `into:` with one of nop, nop/b"
    );
    assert_eq!(
        failure(config, &["{send: SPAN, into: otlp}", "expect: {}"]),
        "a.yaml:4:3: send: no receiver otlp has a running pipeline of traces"
    );
}

#[test]
fn references_see_the_environment_of_the_spec() {
    let config = "environment: {WAIT: 3s}\nconfig: {processors: {batch: {timeout: \"${env:WAIT}\"}}}";
    let steps = ["send: SPAN", "advance: 2999ms", "expect: {}", "advance: 1ms", "expect: SPAN"];
    assert_eq!(failure(config, &steps), "");
}

#[test]
fn mistakes_in_receivers_and_exporters_are_found_and_nothing_is_bound() {
    let config = |endpoint: &str| {
        format!(
            "config: {{receivers: {{otlp: {{protocols: {{grpc: {{endpoint: \"{endpoint}\"}}}}}}}}, extensions: {{health_check: \
             {{endpoint: \"{endpoint}\"}}}}, exporters: {{otlp_grpc: {{endpoint: \"{endpoint}\"}}}}, service: {{extensions: \
             [health_check], pipelines: {{traces: {{receivers: [otlp], exporters: [otlp_grpc]}}}}}}}}"
        )
    };
    // No process may listen on the addresses that are set aside for documentation.
    assert_eq!(failure(&config("192.0.2.1:1"), &["send: SPAN", "expect: SPAN"]), "");
    let found = failure(&config("").replace("grpc: {endpoint", "grpc: {endpont"), &["expect: {}"]);
    assert!(found.contains("a.yaml:2:") && found.contains("did you mean \"endpoint\"?"), "{found}");
}

#[test]
fn pipelines_are_not_made_up_for_more_than_one_connector() {
    let found = failure("config: {connectors: {forward: , forward/b: }}", &["expect: {}"]);
    assert!(found.starts_with("a.yaml:2:9: pipelines can only be made up for"), "{found}");
}

#[test]
fn a_configuration_that_is_not_refused_fails() {
    let text = "description: d\nconfig: {processors: {batch: {timeout: 1s}}}\nexpect_config_error: too short";
    let outcome = run(Spec::parse(text, Path::new("a.yaml")).unwrap());
    assert_eq!(
        outcome.failure.unwrap().to_string(),
        "a.yaml: expect_config_error: expected \"too short\", got\nnothing wrong"
    );
}
