//! Configurations as the Collector's documentation writes them load, build, and mean what they say there.

#![allow(clippy::unwrap_used, reason = "this crate is tests all over")]

use serde_yaml::Value;
use weir::cli::{PrintConfigArguments, PrintFormat, print_config, validate};
use weir::config::{Configuration, LoadOptions, Secrets};

const DIRECTORY: &str = "tests/testdata/collector-configs";

fn options(files: &[&str]) -> LoadOptions {
    let sources = files.iter().map(|file| format!("{DIRECTORY}/{file}.yaml")).collect();
    LoadOptions { sources, ..LoadOptions::default() }
}

fn load(file: &str) -> Configuration {
    validate(&options(&[file])).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The section of exporter `id` with every default.
fn exporter(configuration: &Configuration, id: &str) -> Value {
    let (_, section) = configuration.exporters.iter().find(|(known, _)| known.to_string() == id).unwrap();
    section.section.section_to_yaml(Secrets::Shown)
}

/// Every file of the directory as the source of a configuration.
fn every_source() -> Vec<String> {
    let entries = std::fs::read_dir(DIRECTORY).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let sources: Vec<String> = paths.map(|path| path.to_str().unwrap().to_owned()).collect();
    assert!(sources.len() >= 16, "only {} configurations in {DIRECTORY}", sources.len());
    sources
}

#[test]
fn every_configuration_loads_and_builds() {
    let mut failures = Vec::new();
    for source in every_source() {
        if let Err(errors) = validate(&LoadOptions { sources: vec![source], ..LoadOptions::default() }) {
            failures.push(errors.to_string());
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn what_is_printed_means_the_same() {
    let print = |source: String| {
        let load = LoadOptions { sources: vec![source], ..LoadOptions::default() };
        let secrets = Secrets::Shown;
        print_config(&PrintConfigArguments { load, secrets, format: PrintFormat::Yaml, validate: true })
            .unwrap_or_else(|errors| panic!("{errors}"))
    };
    for source in every_source() {
        let printed = print(source.clone());
        // What was unescaped once would be taken for references the second time.
        let again = print(format!("yaml:{}", printed.replace('$', "$$")));
        assert!(again == printed, "{source}:\n{printed}\nbecame\n{again}");
    }
}

#[test]
fn both_spellings_mean_the_same() {
    for (old_file, old, new_file, new) in [
        ("otlp-grpc-exporter", "otlp/2", "otlp-grpc-exporter-new-name", "otlp_grpc/2"),
        ("otlp-http-exporter", "otlphttp/signals", "otlp-http-exporter-new-name", "otlp_http/signals"),
    ] {
        let (old_section, new_section) = (exporter(&load(old_file), old), exporter(&load(new_file), new));
        assert!(old_section["timeout"].is_string());
        assert_eq!(old_section, new_section);
    }
}

#[test]
fn defaults_are_the_collectors() {
    let configuration = load("otlp-grpc-exporter");
    let otlp = exporter(&configuration, "otlp");
    let expected = "
        timeout: 5s
        compression: gzip
        keepalive: {enabled: false}
        write_buffer_size: 524288
        balancer_name: round_robin
        retry_on_failure:
            {enabled: true, initial_interval: 5s, randomization_factor: 0.5, multiplier: 1.5, max_interval: 30s,
             max_elapsed_time: 5m0s}
    ";
    let expected: Value = serde_yaml::from_str(expected).unwrap();
    for (key, value) in expected.as_mapping().unwrap() {
        assert_eq!(otlp[key], *value, "{key:?}");
    }
    assert_eq!(otlp["sending_queue"]["queue_size"], 1000);
    assert_eq!(otlp["sending_queue"]["num_consumers"], 10);
    assert_eq!(otlp["sending_queue"]["batch"]["enabled"], false);
    assert_eq!(exporter(&configuration, "otlp/batching")["sending_queue"]["batch"]["max_size"], 10_000);
    assert_eq!(exporter(&configuration, "otlp/no_queue")["sending_queue"]["enabled"], false);
    assert_eq!(exporter(&configuration, "otlp/queue_null")["sending_queue"]["queue_size"], 1000);
    assert_eq!(exporter(&configuration, "otlp/no_queue")["headers"]["X-Api-Key"], "none");
}

#[test]
fn a_key_with_nothing_under_it_turns_on_protocols_but_not_tls() {
    let configuration = load("otlp-receiver");
    let receivers = &configuration.receivers;
    let receiver = receivers.iter().find(|(id, _)| id.to_string() == "otlp/nothing_under_keys").unwrap().1;
    let protocols = receiver.section.section_to_yaml(Secrets::Shown)["protocols"].clone();
    assert_eq!(protocols["grpc"]["endpoint"], "localhost:4317");
    for (protocol, section) in [("grpc", "tls"), ("grpc", "auth"), ("http", "tls"), ("http", "cors")] {
        assert_eq!(protocols[protocol][section]["enabled"], false, "{protocol} {section}");
    }
}

#[test]
fn references_are_typed_by_the_field_they_stand_in() {
    let configuration = load("environment-variables");
    assert_eq!(configuration.warnings, Vec::<String>::new());
    let receiver = configuration.receivers.values().next().unwrap().section.section_to_yaml(Secrets::Shown);
    assert_eq!(receiver["protocols"]["grpc"]["endpoint"], "localhost:4317");
    assert_eq!(receiver["protocols"]["grpc"]["max_recv_msg_size_mib"], 16);
    let batch = configuration.processors.values().next().unwrap().section.section_to_yaml(Secrets::Shown);
    assert_eq!(batch["send_batch_size"], 4096);
    assert_eq!(batch["metadata_keys"], Value::from(vec!["tenant", "region"]));
    assert_eq!(batch["timeout"], "1s");
    let otlp = exporter(&configuration, "otlp");
    assert_eq!(otlp["endpoint"], "backend:4317");
    assert_eq!(otlp["headers"]["x-number"], "0123");
    assert_eq!(otlp["headers"]["x-dollars"], "$5 for ${env:NOBODY}");
    assert_eq!(otlp["tls"]["insecure"], true);
    assert_eq!(otlp["retry_on_failure"]["max_elapsed_time"], "1h0m0s");
}

#[test]
fn yaml_means_what_the_collectors_parser_takes_it_for() {
    let configuration = load("yaml-features");
    let second = exporter(&configuration, "otlp/second");
    assert_eq!(second["endpoint"], "second.example.com:4317");
    assert_eq!(second["tls"]["insecure"], true);
    assert_eq!(second["retry_on_failure"]["max_elapsed_time"], "0s");
    let third = exporter(&configuration, "otlp/third");
    assert_eq!(third["retry_on_failure"]["enabled"], true);
    assert_eq!(third["retry_on_failure"]["max_elapsed_time"], "10m0s");
    let pipelines: Vec<String> = configuration.service.pipelines.keys().map(ToString::to_string).collect();
    assert_eq!(pipelines, ["traces", "logs/copy"]);
}

#[test]
fn own_telemetry_has_both_its_forms() {
    let telemetry = load("own-telemetry").service.telemetry;
    assert_eq!(telemetry.logs.level.word(), "debug");
    assert_eq!(telemetry.logs.encoding.word(), "json");
    let readers = telemetry.metrics.prometheus_readers();
    assert_eq!((readers.len(), readers[0].host.as_str(), readers[0].port), (1, "0.0.0.0", 8888));
    assert_eq!(telemetry.resource.attributes["service.name"].as_deref(), Some("gateway"));
    assert_eq!(telemetry.resource.attributes["service.instance.id"], None);

    let older = load("own-telemetry-older-forms");
    assert_eq!(older.warnings.len(), 1, "{:?}", older.warnings);
    assert!(!older.service.telemetry.logs.sampling.is_on());
    let readers = older.service.telemetry.metrics.prometheus_readers();
    assert_eq!((readers[0].host.as_str(), readers[0].port), ("localhost", 8888));
    assert!(readers[0].without_type_suffix && readers[0].without_units && readers[0].without_scope_info);
    let attributes = older.service.telemetry.resource.attributes;
    assert_eq!(attributes["service.name"].as_deref(), Some("gateway"));
}

#[test]
fn later_files_are_laid_over_earlier_ones() {
    let mut options = options(&["getting-started", "own-telemetry"]);
    options.settings = vec!["processors.batch.timeout=7s".to_owned()];
    let configuration = validate(&options).unwrap_or_else(|errors| panic!("{errors}"));
    let pipelines: Vec<String> = configuration.service.pipelines.keys().map(ToString::to_string).collect();
    assert_eq!(pipelines, ["traces", "metrics", "metrics/2", "logs"]);
    let traces = configuration.service.pipelines.values().next().unwrap();
    assert_eq!(traces.receivers.iter().map(ToString::to_string).collect::<Vec<_>>(), ["nop"]);
    assert_eq!(traces.processors.len(), 2);
    assert_eq!(configuration.service.telemetry.logs.level.word(), "debug");
    let batch = configuration.processors.iter().find(|(id, _)| id.type_name == "batch").unwrap().1;
    assert_eq!(batch.section.section_to_yaml(Secrets::Shown)["timeout"], "7s");
}
