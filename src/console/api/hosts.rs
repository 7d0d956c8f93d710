//! Hosts: how busy and how full each is, from the metrics that carry `host.name`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::console::answer::{ApiError, milliseconds};
use crate::console::asked::Asked;
use crate::otlp::Signal;
use crate::store::{Aggregation, Condition, Field, Filter, MetricQuery, MetricSeries, Test, TimeRange};

/// Answer of `/hosts`.
#[derive(Debug, Serialize)]
pub struct Hosts {
    hosts: Vec<Host>,
}

#[derive(Debug, Default, Serialize)]
struct Host {
    name: String,
    os: String,
    cpu_share: Option<f64>,
    memory_share: Option<f64>,
    /// Of the fullest filesystem.
    disk_share: Option<f64>,
    disk_mount: String,
    load_1m: Option<f64>,
    network_bytes_per_s: Option<f64>,
    newest_ms: f64,
    services: Vec<String>,
}

/// What is said of a host is of this long before the end of the range.
const WINDOW_NANO: u64 = 600_000_000_000;
const STEP_NANO: u64 = 10_000_000_000;
const MOST_SERIES: usize = 20_000;
const MOST_HOSTS_WITH_SERVICES: usize = 50;
const MOST_SERVICES: usize = 20;

/// Every host.
pub fn hosts(asked: &Asked<'_>) -> Result<Hosts, ApiError> {
    let range = asked.range()?;
    let window = newest_part(range, asked.console.clock.now_unix_nano());
    let mut hosts = AllHosts::default();
    add_shares(asked, window, &mut hosts)?;
    add_measured_memory(asked, window, &mut hosts)?;
    for found in question(asked, window, "system.cpu.load_average.1m", &[], Aggregation::Last)? {
        let load = last(&found);
        hosts.seen(&found).load_1m = load;
    }
    for found in question(asked, window, "system.network.io", &["device"], Aggregation::Rate)? {
        if found.group.get(2).and_then(Option::as_deref) != Some("lo") {
            let bytes = mean(&found);
            *hosts.seen(&found).network_bytes_per_s.get_or_insert(0.0) += bytes;
        }
    }
    let mut hosts: Vec<Host> = hosts.by_name.into_values().collect();
    for host in hosts.iter_mut().take(MOST_HOSTS_WITH_SERVICES) {
        host.services = services_of(asked, range, &host.name)?;
    }
    Ok(Hosts { hosts })
}

/// The last of `range` in which hosts can have said something: what is to come has no points yet.
fn newest_part(range: TimeRange, now: u64) -> TimeRange {
    let is_begun = range.from_unix_nano < now;
    let to_unix_nano = if is_begun { range.to_unix_nano.min(now) } else { range.to_unix_nano };
    let from_unix_nano = range.from_unix_nano.max(to_unix_nano.saturating_sub(WINDOW_NANO));
    TimeRange { from_unix_nano, to_unix_nano }
}

#[derive(Default)]
struct AllHosts {
    by_name: BTreeMap<String, Host>,
}

impl AllHosts {
    /// The host of a series, which was heard of at the series' end. The first two fields grouped by are the host's.
    fn seen(&mut self, series: &MetricSeries) -> &mut Host {
        let text = |at: usize| series.group.get(at).cloned().flatten().unwrap_or_default();
        let host = self.by_name.entry(text(0)).or_default();
        host.name = text(0);
        if host.os.is_empty() {
            host.os = text(1);
        }
        let newest = series.points.last().map_or(0.0, |point| milliseconds(point.unix_nano));
        host.newest_ms = host.newest_ms.max(newest);
        host
    }
}

/// CPU, memory and the fullest filesystem: what is used of the whole.
fn add_shares(asked: &Asked<'_>, window: TimeRange, hosts: &mut AllHosts) -> Result<(), ApiError> {
    let mut parts: BTreeMap<(String, Resource, String), (f64, f64)> = BTreeMap::new();
    for (resource, metric, fields) in [
        (Resource::Cpu, "system.cpu.time", &["state"][..]),
        (Resource::Memory, "system.memory.usage", &["state"]),
        (Resource::Disk, "system.filesystem.usage", &["state", "mountpoint"]),
    ] {
        let aggregation = if resource == Resource::Cpu { Aggregation::Rate } else { Aggregation::Sum };
        for found in question(asked, window, metric, fields, aggregation)? {
            let text = |at: usize| found.group.get(at).cloned().flatten().unwrap_or_default();
            let amount =
                if resource == Resource::Cpu { mean(&found) } else { last(&found).unwrap_or_default() };
            hosts.seen(&found);
            if !is_part(resource, &text(2)) {
                continue;
            }
            let (used, whole) = parts.entry((text(0), resource, text(3))).or_default();
            *whole += amount;
            if is_used(resource, &text(2)) {
                *used += amount;
            }
        }
    }
    for ((name, resource, mount), (used, whole)) in parts {
        let Some(host) = hosts.by_name.get_mut(&name).filter(|_| whole > 0.0) else { continue };
        let share = used / whole;
        match resource {
            Resource::Cpu => host.cpu_share = Some(share),
            Resource::Memory => host.memory_share = Some(share),
            Resource::Disk if host.disk_share.is_none_or(|fullest| fullest < share) => {
                (host.disk_share, host.disk_mount) = (Some(share), mount);
            }
            Resource::Disk => {}
        }
    }
    Ok(())
}

/// Memory by the host's own share, where it sends that: on Linux the states overlap, so that their sum is more than there is.
fn add_measured_memory(asked: &Asked<'_>, window: TimeRange, hosts: &mut AllHosts) -> Result<(), ApiError> {
    for found in question(asked, window, "system.memory.utilization", &["state"], Aggregation::Last)? {
        if found.group.get(2).and_then(Option::as_deref) == Some("used") {
            let share = last(&found);
            hosts.seen(&found).memory_share = share;
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Resource {
    Cpu,
    Memory,
    Disk,
}

/// Whether a state belongs to the whole. Of a disk what is reserved for root is nobody's room, as `df` counts; on Linux slabs
/// of memory are within other states.
fn is_part(resource: Resource, state: &str) -> bool {
    match resource {
        Resource::Cpu => true,
        Resource::Memory => !state.starts_with("slab_"),
        Resource::Disk => state != "reserved",
    }
}

fn is_used(resource: Resource, state: &str) -> bool {
    match resource {
        Resource::Cpu => !["idle", "wait"].contains(&state),
        Resource::Memory | Resource::Disk => state == "used",
    }
}

/// A metric by host, operating system and `fields`.
fn question(
    asked: &Asked<'_>,
    range: TimeRange,
    name: &str,
    fields: &[&str],
    aggregation: Aggregation,
) -> Result<Vec<MetricSeries>, ApiError> {
    let keys = ["host.name", "os.type"].into_iter().chain(fields.iter().copied());
    let question = MetricQuery {
        name: name.to_owned(),
        range,
        step_nano: STEP_NANO,
        filter: has_host(Test::Exists),
        group_by: keys.map(|key| Field::Attribute(key.to_owned())).collect(),
        aggregation,
    };
    Ok(asked.store().query_metric(&question, &asked.limits(MOST_SERIES))?.value)
}

fn services_of(asked: &Asked<'_>, range: TimeRange, host: &str) -> Result<Vec<String>, ApiError> {
    let filter = has_host(Test::Equals(host.to_owned()));
    let limits = asked.limits(usize::MAX);
    let fields = [Field::Service];
    let found = asked.store().facets(Signal::Traces, range, &filter, &fields, MOST_SERVICES, &limits)?;
    let values = found.value.into_iter().flat_map(|facet| facet.values);
    Ok(values.map(|(service, _)| service).collect())
}

fn has_host(test: Test) -> Filter {
    let field = Field::Attribute("host.name".to_owned());
    Filter { conditions: vec![Condition { field, test, negated: false }] }
}

fn last(series: &MetricSeries) -> Option<f64> {
    series.points.last().map(|point| point.value)
}

/// Of the steps that have a value; counters that came once have none.
fn mean(series: &MetricSeries) -> f64 {
    let sum: f64 = series.points.iter().map(|point| point.value).sum();
    sum / (series.points.len().max(1) as f64)
}
