//! `host_metrics` of both collectors on this machine at the same time, with every scraper and every metric.
//!
//! What a metric is called, what kind it is, which series it has and what processes are told by has to be equal; values
//! as far as two looks at a busy machine can be. `docs/migration.md` says what differs on purpose.

mod series;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use self::series::{Look, Looks, Series, SeriesKey, looks_of};
use crate::otlp::collector::{Collector, otelcol};
use crate::sink::Sink;

/// Every metric of the Collector's receiver 0.162, but for those behind feature gates, by scraper.
const METRICS: &[(&str, &[&str])] = &[
    (
        "cpu",
        &[
            "system.cpu.frequency",
            "system.cpu.logical.count",
            "system.cpu.physical.count",
            "system.cpu.time",
            "system.cpu.utilization",
        ],
    ),
    (
        "disk",
        &[
            "system.disk.io",
            "system.disk.io_time",
            "system.disk.merged",
            "system.disk.operation_time",
            "system.disk.operations",
            "system.disk.pending_operations",
            "system.disk.weighted_io_time",
        ],
    ),
    (
        "filesystem",
        &["system.filesystem.inodes.usage", "system.filesystem.usage", "system.filesystem.utilization"],
    ),
    ("load", &["system.cpu.load_average.15m", "system.cpu.load_average.1m", "system.cpu.load_average.5m"]),
    (
        "memory",
        &[
            "system.linux.memory.available",
            "system.linux.memory.dirty",
            "system.memory.limit",
            "system.memory.linux.hugepages.limit",
            "system.memory.linux.hugepages.page_size",
            "system.memory.linux.hugepages.reserved",
            "system.memory.linux.hugepages.surplus",
            "system.memory.linux.hugepages.usage",
            "system.memory.linux.hugepages.utilization",
            "system.memory.linux.shared",
            "system.memory.page_size",
            "system.memory.usage",
            "system.memory.utilization",
        ],
    ),
    (
        "network",
        &[
            "system.network.connections",
            "system.network.conntrack.count",
            "system.network.conntrack.max",
            "system.network.dropped",
            "system.network.errors",
            "system.network.io",
            "system.network.packets",
        ],
    ),
    (
        "paging",
        &[
            "system.paging.faults",
            "system.paging.operations",
            "system.paging.usage",
            "system.paging.utilization",
        ],
    ),
    (
        "process",
        &[
            "process.context_switches",
            "process.cpu.time",
            "process.cpu.utilization",
            "process.disk.io",
            "process.disk.operations",
            "process.handles",
            "process.memory.usage",
            "process.memory.utilization",
            "process.memory.virtual",
            "process.open_file_descriptors",
            "process.paging.faults",
            "process.signals_pending",
            "process.threads",
            "process.uptime",
        ],
    ),
    ("processes", &["system.processes.count", "system.processes.created"]),
    ("system", &["system.uptime"]),
];

/// What says which process it is; the last three only where they are turned on.
const RESOURCE_ATTRIBUTES: [&str; 9] = [
    "process.command",
    "process.command_line",
    "process.executable.name",
    "process.executable.path",
    "process.owner",
    "process.parent_pid",
    "process.pid",
    "process.cgroup",
    "process.linux.cgroup",
];

/// How long the process sleeps of which everything is compared, in seconds: as nobody else does.
const SLEEP: &str = "600.125";
const INTERVAL: Duration = Duration::from_millis(500);
/// So many looks of each have other looks before and behind them.
const LOOKS: usize = 8;
/// The Collector counts bytes where the unit says faults and operations.
const PAGE_BYTES: f64 = 4096.0;

/// Runs both and compares what they say of this machine.
pub async fn is_measured_alike() {
    let directory = tempfile::tempdir().unwrap();
    // A process of which nothing changes while it is looked at.
    let mut sleeper = Command::new("sleep").arg(SLEEP).kill_on_drop(true).spawn().unwrap();
    let sink = Sink::start().await;
    let (otelcol, weir) = (otelcol(), Path::new(env!("CARGO_BIN_EXE_weir")));
    let (otelcol_config, weir_config) = (config("otelcol", &sink), config("weir", &sink));
    let (of_collector, of_weir) = tokio::join!(
        Collector::start("otelcol", &otelcol, &otelcol_config, &[], directory.path()),
        Collector::start("weir", weir, &weir_config, &[], directory.path()),
    );
    wait_for_looks(&sink).await;
    of_collector.stop().await;
    of_weir.stop().await;
    let pid = sleeper.id().unwrap();
    sleeper.kill().await.unwrap();

    let (mut collector, weir) = (looks_of(&sink.requests("otelcol")), looks_of(&sink.requests("weir")));
    take_away_known_differences(&mut collector);
    assert_eq!(collector.metrics, weir.metrics);
    let (collector, weir) = (collector.lasting(), weir.lasting());
    same_series(&collector, &weir);
    counters_lie_between(&collector, &weir);
    gauges_are_near(&collector, &weir);
    nothing_differs_of(pid, &collector, &weir);
}

/// What `docs/migration.md` lists.
fn take_away_known_differences(collector: &mut Looks) {
    collector.series.retain(|key, _| {
        !(key.attributes.contains("\"FIN_WAIT1\"") || key.attributes.contains("\"FIN_WAIT2\""))
    });
    for (key, series) in &mut collector.series {
        if ["system.paging.faults", "system.paging.operations"].contains(&key.metric.as_str()) {
            series.looks.iter_mut().for_each(|look| look.value /= PAGE_BYTES);
        }
    }
}

/// What lasted has the same names, attributes, resources and starts in both.
fn same_series(collector: &Lasting, weir: &Lasting) {
    let told = |lasting: &Lasting| -> BTreeSet<(SeriesKey, u64)> {
        let told = lasting.iter().filter(|(key, _)| is_the_same_for_both(key));
        told.map(|(key, series)| ((*key).clone(), series.looks[0].start_unix_nano)).collect()
    };
    let (of_collector, of_weir) = (told(collector), told(weir));
    let only =
        |these: &BTreeSet<(SeriesKey, u64)>, those| these.difference(those).cloned().collect::<Vec<_>>();
    assert_eq!(only(&of_collector, &of_weir), [], "only from the Collector");
    assert_eq!(only(&of_weir, &of_collector), [], "only from Weir");
    assert!(of_weir.len() > 100, "{of_weir:#?}");
}

/// A process that began or ended while one of the two had its first or its last look lasted for the other only.
fn is_the_same_for_both(key: &SeriesKey) -> bool {
    key.resource == "null" || key.resource.contains(&format!("\"sleep {SLEEP}\""))
}

/// A counter that Weir reads at some time lies between what the Collector reads a little before and a little later.
fn counters_lie_between(collector: &Lasting, weir: &Lasting) {
    let (mut held, mut problems) = (0, Vec::new());
    let counters = weir.iter().filter(|(key, series)| series.is_counter && does_never_shrink(key));
    for (key, series) in counters {
        let Some(of_collector) = collector.get(key) else { continue };
        for look in &series.looks {
            let interval = INTERVAL.as_nanos() as u64;
            // What is stamped with a time is read a little after it.
            let before = of_collector
                .looks
                .iter()
                .rfind(|other| other.time_unix_nano + interval < look.time_unix_nano);
            let behind =
                of_collector.looks.iter().find(|other| other.time_unix_nano > look.time_unix_nano + interval);
            let (Some(before), Some(behind)) = (before, behind) else { continue };
            held += 1;
            // The kernel's own sums of idle time and of I/O wait go back by a tick at times.
            let slack = if series.unit == "s" { 0.1 } else { 0.0 };
            if !(before.value - slack..=behind.value + slack).contains(&look.value) {
                problems.push(format!("{key:?}: {before:?} {look:?} {behind:?}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(held > 500, "only {held} looks have others before and behind them");
}

/// The switches of all threads are added up, and threads end.
fn does_never_shrink(key: &SeriesKey) -> bool {
    key.metric != "process.context_switches"
}

/// What goes up and down on the host is within what the Collector saw, as far as it may go in half a second.
fn gauges_are_near(collector: &Lasting, weir: &Lasting) {
    let mut problems = Vec::new();
    for (key, series) in weir.iter().filter(|(key, series)| !series.is_counter && key.resource == "null") {
        let values = |series: &Series| series.looks.iter().map(|look| look.value).collect::<Vec<f64>>();
        let (of_collector, of_weir) = (values(collector[key]), values(series));
        let least = of_collector.iter().copied().fold(f64::INFINITY, f64::min);
        let most = of_collector.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mean = of_weir.iter().sum::<f64>() / of_weir.len() as f64;
        let slack = match series.unit.as_str() {
            "1" => 0.1,
            "By" => 128e6,
            _ => 10.0,
        } + 0.05 * most;
        if !(least - slack..=most + slack).contains(&mean) {
            problems.push(format!("{key:?}: {of_collector:?} {of_weir:?}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Of a process that sleeps every number is the same, but for how long it has been running.
fn nothing_differs_of(pid: u32, collector: &Lasting, weir: &Lasting) {
    let is_of_it = |key: &&&SeriesKey| key.resource.contains(&format!("{{\"intValue\":{pid}}}"));
    let of_it: Vec<&&SeriesKey> = weir.keys().filter(is_of_it).collect();
    let metrics: BTreeSet<&str> = of_it.iter().map(|key| key.metric.as_str()).collect();
    // `process.handles` is of Windows.
    assert_eq!(metrics.len(), 13, "{metrics:?}");
    for key in of_it {
        let last = |lasting: &Lasting| *lasting[*key].looks.last().unwrap();
        let (of_collector, of_weir) = (last(collector), last(weir));
        if key.metric == "process.uptime" {
            let begun = |look: Look| look.time_unix_nano as f64 / 1e9 - look.value;
            assert!((begun(of_collector) - begun(of_weir)).abs() < 1.0, "{of_collector:?} {of_weir:?}");
            continue;
        }
        // The Collector's share of the memory is of single precision.
        let difference = (of_collector.value - of_weir.value).abs();
        assert!(difference <= of_weir.value * 1e-6, "{key:?}: {of_collector:?} {of_weir:?}");
    }
}

type Lasting<'a> = BTreeMap<&'a SeriesKey, &'a Series>;

fn config(name: &str, sink: &Sink) -> String {
    let on = |names: &[&str]| -> Value {
        names.iter().map(|name| ((*name).to_owned(), json!({"enabled": true}))).collect()
    };
    let mut scrapers: Value = METRICS
        .iter()
        .map(|(scraper, metrics)| ((*scraper).to_owned(), json!({"metrics": on(metrics)})))
        .collect();
    // The one attribute that has to be asked for; beside it `system.cpu.time` is as it is without asking.
    scrapers["cpu"]["metrics"]["system.cpu.utilization"]["attributes"] = json!(["cpu", "state"]);
    scrapers["process"]["resource_attributes"] = on(&RESOURCE_ATTRIBUTES);
    json!({
        "receivers": {"host_metrics": {
            "collection_interval": format!("{}ms", INTERVAL.as_millis()),
            "initial_delay": "0s",
            "scrapers": scrapers,
        }},
        "exporters": {"otlp_http": {"endpoint": format!("http://{}/{name}", sink.address), "compression": "none"}},
        "service": {
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"metrics": {"receivers": ["host_metrics"], "exporters": ["otlp_http"]}},
        },
    })
    .to_string()
}

async fn wait_for_looks(sink: &Sink) {
    for _look in 0..600 {
        if ["otelcol", "weir"].iter().all(|name| sink.count(name) >= LOOKS) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the machine was not looked at so often");
}
