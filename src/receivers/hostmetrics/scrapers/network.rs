//! Scraper `network`: what network interfaces receive and send, TCP connections by state, and how full the
//! connection tracking table is.

use std::collections::HashSet;
use std::sync::Arc;

use crate::config_section;
use crate::receivers::hostmetrics::host::{Host, HostPaths, ReadError, read_lines, read_text};
use crate::receivers::hostmetrics::metric_recorder::MetricRecorder;
use crate::receivers::hostmetrics::metric_selection::MetricSelection;
use crate::receivers::hostmetrics::metric_table::{MetricTable, metric_table};
use crate::receivers::hostmetrics::name_filter::{InterfaceMatchConfig, NameFilter};
use crate::receivers::scraping::{Scrape, Scraper};

metric_table! {
    /// The metrics of the scraper `network`.
    pub enum NetworkMetric of "network" since "1.9.0" {
        Connections: on UpDownCounter "system.network.connections" ["{connections}"] ("protocol", "state")
            "The number of connections.";
        ConntrackCount: off UpDownCounter "system.network.conntrack.count" ["{entries}"] ()
            "The count of entries in conntrack table.";
        ConntrackMax: off UpDownCounter "system.network.conntrack.max" ["{entries}"] ()
            "The limit for entries in the conntrack table.";
        Dropped: on Counter "system.network.dropped" ["{packets}"] ("device", "direction")
            "The number of packets dropped.";
        Errors: on Counter "system.network.errors" ["{errors}"] ("device", "direction")
            "The number of errors encountered.";
        Io: on Counter "system.network.io" ["By"] ("device", "direction")
            "The number of bytes transmitted and received.";
        Packets: on Counter "system.network.packets" ["{packets}"] ("device", "direction")
            "The number of packets transferred.";
    }
}

config_section! {
    /// What network interfaces receive and send.
    pub struct NetworkConfig {
        /// Which metrics are reported.
        pub metrics: MetricSelection<NetworkMetric> = MetricSelection::default(),
        /// The interfaces to report; all where none is written.
        pub include: InterfaceMatchConfig = InterfaceMatchConfig::default(),
        /// The interfaces not to report.
        pub exclude: InterfaceMatchConfig = InterfaceMatchConfig::default(),
    }
}

/// Reads `/proc/net` and what else is asked for.
pub struct NetworkScraper {
    host: Arc<Host>,
    filter: NameFilter,
    metrics: MetricRecorder<NetworkMetric>,
}

/// The states of a TCP connection; the kernel's number of a state is its place, counted from 1.
const TCP_STATES: [&str; 11] = [
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT_1",
    "FIN_WAIT_2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "CLOSING",
];

/// A line of `/proc/net/tcp6` has less.
const LONGEST_CONNECTION_LINE: usize = 512;

/// A state the Collector reports though Linux has none of that name.
const STATE_WITHOUT_CONNECTIONS: &str = "DELETE";

impl NetworkScraper {
    pub fn new(config: &NetworkConfig, host: Arc<Host>) -> Result<Self, String> {
        let filter = NameFilter::new(&config.include, &config.exclude)?;
        Ok(Self { host, filter, metrics: MetricRecorder::new(&config.metrics) })
    }
}

impl Scraper for NetworkScraper {
    fn name(&self) -> &'static str {
        NetworkMetric::SCRAPER
    }

    fn scrape(&mut self, scrape: &mut Scrape) {
        self.metrics.begin(self.host.boot_time_unix_nano, scrape.time_unix_nano);
        if let Err(error) = self.record_interfaces() {
            scrape.fail(4, format!("failed to read network IO stats: {error}"));
        }
        if self.metrics.is_on(NetworkMetric::Connections)
            && let Err(error) = self.record_connections()
        {
            scrape.fail(1, format!("failed to read TCP connections: {error}"));
        }
        if self.metrics.is_any_on(&[NetworkMetric::ConntrackCount, NetworkMetric::ConntrackMax])
            && let Err(error) = self.record_connection_tracking()
        {
            scrape.fail(2, format!("failed to read conntrack info: {error}"));
        }
        self.metrics.write(&[], &mut scrape.body);
    }
}

impl NetworkScraper {
    fn record_interfaces(&mut self) -> Result<(), ReadError> {
        let text = self.host.paths.read_proc("net/dev")?;
        // Two lines of headings come first; names may hold colons.
        for (name, numbers) in text.lines().skip(2).filter_map(|line| line.rsplit_once(':')) {
            let name = name.trim();
            let numbers: Vec<u64> =
                numbers.split_whitespace().map_while(|number| number.parse().ok()).collect();
            let [bytes_in, packets_in, errors_in, dropped_in, _, _, _, _, sent @ ..] = &numbers[..] else {
                continue;
            };
            let [bytes_out, packets_out, errors_out, dropped_out, ..] = sent else { continue };
            if !self.filter.takes(name) {
                continue;
            }
            for (metric, transmitted, received) in [
                (NetworkMetric::Packets, packets_out, packets_in),
                (NetworkMetric::Dropped, dropped_out, dropped_in),
                (NetworkMetric::Errors, errors_out, errors_in),
                (NetworkMetric::Io, bytes_out, bytes_in),
            ] {
                self.metrics.record_count(metric, *transmitted, &[name, "transmit"]);
                self.metrics.record_count(metric, *received, &[name, "receive"]);
            }
        }
        Ok(())
    }

    fn record_connections(&mut self) -> Result<(), ReadError> {
        let mut counts = [0; TCP_STATES.len()];
        // The kernel looks through its whole table of connections for each read, also for one that finds nothing more.
        let read = |file: &str| read_lines(&self.host.paths.proc.join(file), LONGEST_CONNECTION_LINE);
        count_connections(&read("net/tcp")?, &mut counts);
        // There is none where IPv6 is off.
        if let Ok(text) = read("net/tcp6") {
            count_connections(&text, &mut counts);
        }
        for (state, count) in TCP_STATES.iter().zip(counts).chain([(&STATE_WITHOUT_CONNECTIONS, 0)]) {
            self.metrics.record_count(NetworkMetric::Connections, count, &["tcp", state]);
        }
        Ok(())
    }

    fn record_connection_tracking(&mut self) -> Result<(), ReadError> {
        let count = read_number(&self.host.paths, "sys/net/netfilter/nf_conntrack_count")?;
        let max = read_number(&self.host.paths, "sys/net/netfilter/nf_conntrack_max")?;
        self.metrics.record_count(NetworkMetric::ConntrackCount, count, &[]);
        self.metrics.record_count(NetworkMetric::ConntrackMax, max, &[]);
        Ok(())
    }
}

/// Counts the connections of one table by state. Several sockets may listen on one address; they count as
/// one, as in the Collector.
fn count_connections(text: &str, counts: &mut [u64; TCP_STATES.len()]) {
    let mut listening = HashSet::new();
    for line in text.lines().skip(1) {
        let mut fields = line.split_whitespace().skip(1);
        let (Some(local), Some(_remote), Some(state)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let place = usize::from_str_radix(state, 16).ok().and_then(|number| number.checked_sub(1));
        let Some(place) = place else { continue };
        if TCP_STATES.get(place) == Some(&"LISTEN") && !listening.insert(local) {
            continue;
        }
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
    }
}

fn read_number(paths: &HostPaths, file: &str) -> Result<u64, ReadError> {
    let path = paths.proc.join(file);
    let text = read_text(&path)?;
    text.trim().parse().map_err(|_| ReadError::Malformed { path, expected: "a number" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receivers::hostmetrics::fixture::{
        Fixture, SCRAPE_TIME, config, scrape, scrape_with_failures,
    };

    const DEV: &str = "Inter-|   Receive                                                |  Transmit\n \
        face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo\n    \
        lo:     100       2    0    0    0     0          0         0      100       2    0    0    0\n  \
        eth0:1: 5000      50    3    4    0     0          0         0     7000      70    5    6    0     0 0 0\n";
    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n   \
        0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1\n   \
        1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2\n   \
        2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 3\n   \
        3: 0100007F:C350 0100007F:1F90 04 00000000:00000000 00:00000000 00000000     0        0 4\n";
    const TCP6: &str = "  sl  local_address\n   \
        0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 0:0 0 0 0 0 5\n";

    #[test]
    fn interfaces_are_reported_by_direction() {
        let fixture = Fixture::with(&[("proc/net/dev", DEV), ("proc/net/tcp", TCP)]);
        let yaml = "{metrics: {system.network.connections: {enabled: false}}, \
                    include: {interfaces: ['eth0:1'], match_type: strict}}";
        let mut scraper = NetworkScraper::new(&config(yaml), fixture.host()).unwrap();
        assert_eq!(
            scrape(&mut scraper),
            [
                "system.network.dropped{device=eth0:1,direction=transmit} 6",
                "system.network.dropped{device=eth0:1,direction=receive} 4",
                "system.network.errors{device=eth0:1,direction=transmit} 5",
                "system.network.errors{device=eth0:1,direction=receive} 3",
                "system.network.io{device=eth0:1,direction=transmit} 7000",
                "system.network.io{device=eth0:1,direction=receive} 5000",
                "system.network.packets{device=eth0:1,direction=transmit} 70",
                "system.network.packets{device=eth0:1,direction=receive} 50",
            ]
        );
    }

    #[test]
    fn connections_are_counted_by_state() {
        let fixture = Fixture::with(&[("proc/net/dev", ""), ("proc/net/tcp", TCP), ("proc/net/tcp6", TCP6)]);
        let mut scraper = NetworkScraper::new(&config("{}"), fixture.host()).unwrap();
        let connections = |state: &str, count: u32| {
            format!("system.network.connections{{protocol=tcp,state={state}}} {count}")
        };
        assert_eq!(
            scrape(&mut scraper),
            [
                connections("ESTABLISHED", 1),
                connections("SYN_SENT", 0),
                connections("SYN_RECV", 0),
                connections("FIN_WAIT_1", 1),
                connections("FIN_WAIT_2", 0),
                connections("TIME_WAIT", 0),
                connections("CLOSE", 0),
                connections("CLOSE_WAIT", 0),
                connections("LAST_ACK", 0),
                connections("LISTEN", 2),
                connections("CLOSING", 0),
                connections("DELETE", 0),
            ]
        );
    }

    #[test]
    fn connection_tracking_is_read_where_it_is_asked_for() {
        let yaml = "metrics: {system.network.connections: {enabled: false}, \
                    system.network.conntrack.count: {enabled: true}, system.network.conntrack.max: {enabled: true}}";
        let fixture = Fixture::with(&[("proc/net/dev", "")]);
        let mut scraper = NetworkScraper::new(&config(yaml), fixture.host()).unwrap();
        let (lines, failures) = scrape_with_failures(&mut scraper, SCRAPE_TIME);
        assert_eq!((lines.len(), failures.len()), (0, 1));
        assert!(failures[0].starts_with("failed to read conntrack info: cannot read "), "{failures:?}");

        fixture.write("proc/sys/net/netfilter/nf_conntrack_count", "12\n");
        fixture.write("proc/sys/net/netfilter/nf_conntrack_max", "262144\n");
        assert_eq!(
            scrape(&mut scraper),
            ["system.network.conntrack.count 12", "system.network.conntrack.max 262144"]
        );
    }
}
