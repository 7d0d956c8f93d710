//! The receiver on the machine the tests run on, against what its own tools say.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::config::HostMetricsConfig;
use super::fixture::{config, scrape_with_failures};
use super::host::{Host as MeasuredHost, HostPaths, uptime_seconds};
use super::*;
use crate::pipeline::testing::{Sink, settings};
use crate::pipeline::{Clock, Consumer};
use crate::receivers::scraping::{Scrape, Scraper};

/// A scraper in a box, as the fixture's functions take it.
struct Boxed(Box<dyn Scraper>);

impl Scraper for Boxed {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn scrape(&mut self, scrape: &mut Scrape) {
        self.0.scrape(scrape);
    }
}

/// What one scraper says of this machine: numbers by metric and attributes.
fn scraped_here(scrapers: &str) -> BTreeMap<String, f64> {
    let config: HostMetricsConfig = config(&format!("scrapers: {{{scrapers}}}"));
    let now = Clock::default().now_unix_nano();
    let host = Arc::new(MeasuredHost::new(HostPaths::new("", |_| None), now).unwrap());
    let mut scraper = Boxed(config.scrapers.build(&host).unwrap().remove(0));
    let (lines, failures) = scrape_with_failures(&mut scraper, now);
    assert_eq!(failures, Vec::<String>::new());
    let parsed = lines.iter().map(|line| line.rsplit_once(' ').unwrap());
    parsed.map(|(point, number)| (point.to_owned(), number.parse().unwrap())).collect()
}

/// The words a program writes.
fn words_of(program: &str, arguments: &[&str]) -> Vec<String> {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn memory_is_what_free_says() {
    let switches =
        "metrics: {system.memory.limit: {enabled: true}, system.linux.memory.available: {enabled: true}}";
    // Memory changes between the two looks at it; once in ten they have to agree.
    let mut differences = Vec::new();
    for _ in 0..10 {
        let scraped = scraped_here(&format!("memory: {{{switches}}}"));
        let words = words_of("free", &["-b"]);
        let numbers: Vec<f64> = words.iter().filter_map(|word| word.parse().ok()).collect();
        let [total, _used, free, _shared, _cache, available, ..] = numbers[..] else { panic!("{words:?}") };
        assert_eq!(scraped["system.memory.limit"], total);
        let difference = (scraped["system.linux.memory.available"] - available).abs()
            + (scraped["system.memory.usage{state=free}"] - free).abs()
            + (scraped["system.memory.usage{state=used}"] - (total - available)).abs();
        if difference < total * 0.01 {
            return;
        }
        differences.push(difference / total);
    }
    panic!("never within one percent of what free says: {differences:?}");
}

#[test]
fn filesystems_are_what_df_says() {
    let scraped = scraped_here("filesystem: {}");
    let prefix = "system.filesystem.usage{";
    let used_points =
        scraped.iter().filter(|(point, _)| point.starts_with(prefix) && point.contains("state=used"));
    let mut mount_points = 0;
    for (point, used) in used_points {
        let mount_point = point.split("mountpoint=").nth(1).unwrap().split(",type=").next().unwrap();
        let words = words_of("df", &["-B1", "--output=size,used", mount_point]);
        let numbers: Vec<f64> = words.iter().filter_map(|word| word.parse().ok()).collect();
        let [df_size, df_used] = numbers[..] else { panic!("{words:?}") };
        let state = |state: &str| scraped[&point.replace("state=used", &format!("state={state}"))];
        assert_eq!(used + state("free") + state("reserved"), df_size, "{point}");
        assert!((used - df_used).abs() < df_size * 0.02, "{point} {used}, df says {df_used}");
        mount_points += 1;
    }
    assert!(mount_points > 0, "{scraped:?}");
}

#[test]
fn a_process_is_what_ps_says() {
    let mut child = Command::new("sleep").arg("600").spawn().unwrap();
    let pid = child.id().to_string();
    let switches = "metrics: {process.threads: {enabled: true}}";
    let only = format!("resource_attributes: {{process.pid: {{metrics_include: [{{strict: '{pid}'}}]}}}}");
    // Until the child has become the program it is to run, it is still a copy of this one.
    while std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap() != "sleep\n" {
        std::thread::yield_now();
    }
    let muted = "mute_process_all_errors: true";
    let settled = || scraped_here(&format!("process: {{{switches}, {only}, {muted}}}"));
    let mut scraped = settled();
    for _ in 0..1000 {
        let again = settled();
        if again == scraped && words_of("ps", &["-o", "stat=", "-p", &pid])[0].starts_with('S') {
            break;
        }
        scraped = again;
    }
    let words = words_of("ps", &["-o", "rss=,vsz=,nlwp=", "-p", &pid]);
    child.kill().unwrap();
    child.wait().unwrap();
    let numbers: Vec<f64> = words.iter().map(|word| word.parse().unwrap()).collect();
    assert_eq!(scraped["process.memory.usage"], numbers[0] * 1024.0);
    assert_eq!(scraped["process.memory.virtual"], numbers[1] * 1024.0);
    assert_eq!(scraped["process.threads"], numbers[2]);
}

#[test]
fn counters_lie_between_what_the_kernel_says_before_and_after() {
    let idle_ticks = || -> f64 {
        let stat = std::fs::read_to_string("/proc/stat").unwrap();
        let lines = stat.lines().skip(1).take_while(|line| line.starts_with("cpu"));
        lines.map(|line| line.split_whitespace().nth(4).unwrap().parse::<f64>().unwrap()).sum()
    };
    let before = idle_ticks();
    let scraped = scraped_here("cpu: {metrics: {system.cpu.time: {attributes: [cpu, state]}}}");
    let after = idle_ticks();
    let idle: f64 =
        scraped.iter().filter(|(point, _)| point.contains("state=idle")).map(|(_, seconds)| seconds).sum();
    let ticks = idle * rustix::param::clock_ticks_per_second() as f64;
    assert!(before - 0.5 <= ticks && ticks <= after + 0.5, "{before} {ticks} {after}");
    let cpus = scraped.keys().filter(|point| point.contains("state=idle")).count();
    assert_eq!(scraped["system.cpu.logical.count"], cpus as f64);
}

#[test]
fn the_host_started_as_long_ago_as_it_runs() {
    let now = Clock::default().now_unix_nano();
    let paths = HostPaths::new("", |_| None);
    let host = MeasuredHost::new(paths.clone(), now).unwrap();
    let running = (now - host.boot_time_unix_nano) as f64 / 1e9;
    assert!((running - uptime_seconds(&paths).unwrap()).abs() < 3.0, "{running}");
}

#[tokio::test(start_paused = true)]
async fn the_receiver_hands_on_everything_at_every_interval_until_it_stops() {
    let yaml = "{collection_interval: 10s, scrapers: {cpu: , disk: , filesystem: , load: , memory: , network: , \
                paging: , process: {mute_process_all_errors: true}, processes: , system: }}";
    let sink = Sink::new();
    let consumer: Arc<dyn Consumer> = Arc::<Sink>::clone(&sink);
    let outputs = Outputs { metrics: Some(consumer), ..Outputs::default() };
    let settings = settings("host_metrics", Signal::Metrics);
    let receiver = HostMetricsReceiver::create(Arc::new(config(yaml)), settings, outputs).unwrap();
    receiver.start(&Host::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(15)).await;
    receiver.shutdown(Instant::now() + Duration::from_secs(5)).await;

    let taken = sink.taken();
    assert_eq!(taken.len(), 2);
    for batch in &taken {
        let groups = batch.resource_groups().flat_map(|group| group.scope_groups.iter());
        let names: Vec<String> =
            groups.flat_map(|group| group.metrics()).map(|metric| metric.name.to_string()).collect();
        for name in ["system.cpu.time", "system.memory.usage", "system.processes.count", "system.uptime"] {
            assert!(names.iter().any(|found| found == name), "{name} is not among {names:?}");
        }
        assert!(names.iter().filter(|name| *name == "process.cpu.time").count() > 1);
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(sink.taken().len(), 2);
}
