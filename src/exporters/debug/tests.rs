//! The texts of the Collector's debug exporter (0.162) for the requests in `expected/`, and what governs
//! how many of them are written.

use super::*;
use crate::config::{Checking, ConfigValue};
use crate::otlp::json::decode_json;

/// A batch from OTLP/JSON.
fn batch(signal: Signal, text: &str) -> Batch {
    decode_json(signal, text.as_bytes()).unwrap()
}

fn exporter(config: DebugConfig) -> DebugExporter {
    DebugExporter {
        sampler: LogSampler::new(
            Duration::from_secs(3600),
            config.sampling_initial,
            config.sampling_thereafter,
        ),
        span: Span::none(),
        output: Mutex::default(),
        config: Arc::new(config),
    }
}

/// What an exporter of `config` writes to a file while it takes `batches`.
async fn written(config: DebugConfig, batches: &[Batch]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("debug.txt");
    let paths = vec![path.to_string_lossy().into_owned()];
    let exporter = exporter(DebugConfig { use_internal_logger: false, output_paths: Some(paths), ..config });
    exporter.start(&Host::default()).await.unwrap();
    for batch in batches {
        exporter.send(batch.clone()).await.unwrap();
    }
    std::fs::read_to_string(path).unwrap()
}

/// One test for each signal and verbosity against the file the Collector wrote.
macro_rules! writes_what_the_collector_writes {
    ($($name:ident: $signal:ident $json:literal $verbosity:ident $expected:literal;)*) => {$(
        #[tokio::test]
        async fn $name() {
            let config = DebugConfig { verbosity: MetricsLevel::$verbosity, ..DebugConfig::default() };
            let batch = batch(Signal::$signal, include_str!($json));
            let text = written(config, &[batch]).await;
            assert_eq!(text, include_str!($expected));
        }
    )*};
}

writes_what_the_collector_writes! {
    spans_line_by_line: Traces "expected/traces.json" Normal "expected/traces.normal.txt";
    spans_in_detail: Traces "expected/traces.json" Detailed "expected/traces.detailed.txt";
    data_points_line_by_line: Metrics "expected/metrics.json" Normal "expected/metrics.normal.txt";
    data_points_in_detail: Metrics "expected/metrics.json" Detailed "expected/metrics.detailed.txt";
    log_records_line_by_line: Logs "expected/logs.json" Normal "expected/logs.normal.txt";
    log_records_in_detail: Logs "expected/logs.json" Detailed "expected/logs.detailed.txt";
}

#[tokio::test]
async fn groups_count_on_over_the_parts_of_a_batch() {
    let mut merged = batch(Signal::Logs, r#"{"resourceLogs":[{"schemaUrl":"a"}]}"#);
    merged.merge(batch(Signal::Logs, r#"{"resourceLogs":[{"schemaUrl":"b"}]}"#));
    let config = DebugConfig { verbosity: MetricsLevel::Normal, ..DebugConfig::default() };
    let expected =
        "Logs\t{\"resource logs\": 2, \"log records\": 0}\nResourceLog #0 [a]\nResourceLog #1 [b]\n\n";
    assert_eq!(written(config, &[merged]).await, expected);
}

#[tokio::test]
async fn sampling_thins_out_what_repeats() {
    let config = DebugConfig { sampling_initial: 2, sampling_thereafter: 3, ..DebugConfig::default() };
    let batches = vec![batch(Signal::Traces, r#"{"resourceSpans":[]}"#); 9];
    let line = "Traces\t{\"resource spans\": 0, \"spans\": 0}\n";
    assert_eq!(written(config, &batches).await, line.repeat(2 + 2));
}

#[tokio::test]
async fn texts_go_through_our_own_log_by_default() {
    use crate::config::telemetry::LogsTelemetry;
    let (output, written) = LogOutput::memory();
    let subscriber = crate::telemetry::logging::log_subscriber(&LogsTelemetry::default(), &[], output);
    let _guard = tracing::subscriber::set_default(subscriber);
    let exporter = exporter(DebugConfig { verbosity: MetricsLevel::Normal, ..DebugConfig::default() });
    let metrics = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"up","gauge":{"dataPoints":[{"asInt":"1"}]}}]}]}]}"#;
    exporter.send(batch(Signal::Metrics, metrics)).await.unwrap();
    let written = written.lock();
    let lines: Vec<&str> =
        written.lines().map(|line| line.split_once('\t').map_or(line, |(_, rest)| rest)).collect();
    assert_eq!(
        lines,
        [
            "info\tMetrics\t{\"resource metrics\": 1, \"metrics\": 1, \"data points\": 1}",
            "info\tResourceMetrics #0",
            "ScopeMetrics #0",
            "up{} 1",
            "",
        ]
    );
}

#[test]
fn the_checks_are_the_collectors() {
    let messages = |config: DebugConfig| {
        let mut checking = Checking::default();
        config.check(&mut checking);
        checking.into_errors().into_iter().map(|error| error.message).collect::<Vec<_>>()
    };
    assert_eq!(messages(DebugConfig::default()), Vec::<String>::new());
    assert_eq!(
        messages(DebugConfig {
            verbosity: MetricsLevel::None,
            output_paths: Some(vec!["stdout".to_owned()]),
            ..DebugConfig::default()
        }),
        [
            "verbosity level \"None\" is not supported",
            "output_paths is not supported when use_internal_logger is true",
        ]
    );
    assert_eq!(
        messages(DebugConfig {
            use_internal_logger: false,
            output_paths: Some(Vec::new()),
            ..DebugConfig::default()
        }),
        ["output_paths must not be empty when use_internal_logger is false"]
    );
}
