//! What a run says of specs that do not hold, and what a configuration may be made of.

use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::config_section;
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Consumer, ProcessorFactory, ProcessorType, Settings, Stability,
};

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

#[test]
fn an_exporter_that_does_not_exist_holds_nothing() {
    assert_eq!(
        failure(PASS, &["send: SPAN", "{expect: {}, at: debug}"]),
        "a.yaml:5:3: expect: no pipeline has an exporter debug (exporters: nop/output)"
    );
}

config_section! {
    /// The section of a processor that takes its time.
    pub struct SlowSection {}
}

/// Answers two seconds after the next component did.
struct Slow(Arc<dyn Consumer>);

impl ProcessorType for Slow {
    const TYPE: &'static str = "slow";
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Traces, Stability::Alpha)];
    type Config = SlowSection;

    fn create(
        _config: Arc<SlowSection>,
        _settings: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        Ok(Arc::new(Self(next)))
    }
}

impl Component for Slow {}

impl Consumer for Slow {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move {
            self.0.consume(batch).await?;
            sleep(Duration::from_secs(2)).await;
            Err(Refusal::permanent("too late"))
        })
    }
}

static SLOW: ProcessorFactory = ProcessorFactory::of::<Slow>();

/// As [`failure`], with a slow processor in the place of every other.
fn slow_failure(steps: &str) -> String {
    let text = format!("description: d\nconfig: {{processors: {{batch: }}}}\nsteps:\n{steps}");
    let outcome = run_adjusted(Spec::parse(&text, Path::new("a.yaml")).unwrap(), |configuration| {
        for processor in configuration.processors.values_mut() {
            processor.factory = &SLOW;
            processor.section = Arc::new(SlowSection {});
        }
    });
    outcome.failure.map(|failure| failure.to_string()).unwrap_or_default()
}

#[test]
fn an_answer_may_come_in_a_later_step() {
    let send = format!("- send: {SPAN}\n");
    let expect = format!("- expect: {SPAN}\n");
    let both = format!("{send}{expect}- {{send: {SPAN}, refused: too late}}\n{expect}- advance: 2s\n");
    assert_eq!(slow_failure(&both), "a.yaml:4:3: send: it was refused: Permanent error: too late");
    let refused = format!("- {{send: {SPAN}, refused: too late}}\n{expect}");
    assert_eq!(slow_failure(&format!("{refused}- advance: 2s\n")), "");
    assert_eq!(slow_failure(&refused), "a.yaml:4:3: send: it was never answered");
}
