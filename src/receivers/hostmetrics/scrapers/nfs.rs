//! Scraper `nfs`: what the kernel's client and server of NFS did, from `/proc/net/rpc`.

mod names;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::names::{
    CLIENT_OPERATIONS_V4, PROCEDURES_V3, SERVER_OPERATIONS_V4, SERVER_PROCEDURES_V4, UNUSED_OPERATION,
};
use crate::config_section;
use crate::receivers::hostmetrics::host::{Host, ReadError};
use crate::receivers::hostmetrics::metric_recorder::{AttributeValue, MetricRecorder};
use crate::receivers::hostmetrics::metric_selection::MetricSelection;
use crate::receivers::hostmetrics::metric_table::{MetricTable, metric_table};
use crate::receivers::scraping::{Scrape, Scraper};

metric_table! {
    /// The metrics of the scraper `nfs`.
    pub enum NfsMetric of "nfs" since "1.9.0" {
        ClientNetCount: on Counter "nfs.client.net.count" ["{record}"] ("network.transport")
            "Reports the count of kernel NFS client TCP segments and UDP datagrams handled.";
        ClientTcpConnections: on Counter "nfs.client.net.tcp.connection.accepted" ["{connection}"] ()
            "Reports the count of kernel NFS client TCP connections accepted";
        ClientOperations: on Counter "nfs.client.operation.count" ["{operation}"]
            ("onc_rpc.version", "nfs.operation.name")
            "Reports the count of kernel NFSv4+ client operations";
        ClientProcedures: on Counter "nfs.client.procedure.count" ["{procedure}"]
            ("onc_rpc.version", "onc_rpc.procedure.name")
            "Reports the count of kernel NFS client procedures";
        ClientAuthRefreshes: on Counter "nfs.client.rpc.authrefresh.count" ["{authrefresh}"] ()
            "Reports the count of kernel NFS client RPC authentication refreshes";
        ClientRpcs: on Counter "nfs.client.rpc.count" ["{request}"] ()
            "Reports the count of kernel NFS client RPCs sent, regardless of whether they're accepted/rejected by \
             the server.";
        ClientRetransmits: on Counter "nfs.client.rpc.retransmit.count" ["{retransmit}"] ()
            "Reports the count of kernel NFS client RPC retransmits";
        ServerStaleHandles: on Counter "nfs.server.fh.stale.count" ["{fh}"] ()
            "Reports the cumulative count of kernel NFS server stale file handles.";
        ServerIo: on Counter "nfs.server.io" ["By"] ("network.io.direction")
            "Reports the count of kernel NFS server bytes returned to receive and transmit (read and write) \
             requests.";
        ServerNetCount: on Counter "nfs.server.net.count" ["{request}"] ("network.transport")
            "Reports the count of kernel NFS server TCP segments and UDP datagrams handled.";
        ServerTcpConnections: on Counter "nfs.server.net.tcp.connection.accepted" ["{connection}"] ()
            "Reports the count of kernel NFS server TCP connections accepted";
        ServerOperations: on Counter "nfs.server.operation.count" ["{operation}"]
            ("onc_rpc.version", "nfs.operation.name")
            "Reports the count of kernel NFSv4+ server operations";
        ServerProcedures: on Counter "nfs.server.procedure.count" ["{procedure}"]
            ("onc_rpc.version", "onc_rpc.procedure.name")
            "Reports the count of kernel NFS server procedures";
        ServerReplyCacheRequests: on Counter "nfs.server.repcache.requests" ["{request}"]
            ("nfs.server.repcache.status")
            "Reports the kernel NFS server reply cache request count by cache hit status.";
        ServerRpcs: on Counter "nfs.server.rpc.count" ["{request}"] ("error.type")
            "Reports the count of kernel NFS server RPCs handled.";
        ServerThreads: on UpDownCounter "nfs.server.thread.count" ["{thread}"] ()
            "Reports the count of kernel NFS server available threads";
    }
}

config_section! {
    /// What the kernel's client and server of NFS did.
    pub struct NfsConfig {
        /// Which metrics are reported.
        pub metrics: MetricSelection<NfsMetric> = MetricSelection::default(),
    }
}

/// Reads `/proc/net/rpc/nfs` and `nfsd`, each of which is there only while the kernel has that side of NFS.
pub struct NfsScraper {
    host: Arc<Host>,
    metrics: MetricRecorder<NfsMetric>,
}

impl NfsScraper {
    pub fn new(config: &NfsConfig, host: Arc<Host>) -> Result<Self, String> {
        Ok(Self { host, metrics: MetricRecorder::new(&config.metrics) })
    }
}

impl Scraper for NfsScraper {
    fn name(&self) -> &'static str {
        NfsMetric::SCRAPER
    }

    fn scrape(&mut self, scrape: &mut Scrape) {
        self.metrics.begin(self.host.boot_time_unix_nano, scrape.time_unix_nano);
        for (file, record_line) in [
            ("net/rpc/nfs", Self::record_client_line as fn(&mut Self, &str, &[u64]) -> Option<()>),
            ("net/rpc/nfsd", Self::record_server_line),
        ] {
            match self.host.paths.read_proc(file) {
                Ok(text) => {
                    for line in text.lines() {
                        if self.record(line, record_line).is_none() {
                            scrape.fail(1, format!("{file} has a line that it should not have: {line:?}"));
                        }
                    }
                }
                Err(ReadError::Unreadable { error, .. }) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => scrape.fail(1, error.to_string()),
            }
        }
        self.metrics.write(&[], &mut scrape.body);
    }
}

impl NfsScraper {
    /// Records a line: a word and numbers, of which `th` has some with fractions behind the first.
    fn record(&mut self, line: &str, record_line: fn(&mut Self, &str, &[u64]) -> Option<()>) -> Option<()> {
        let (key, numbers) = line.split_once(' ')?;
        let numbers: Vec<u64> = numbers.split_whitespace().map_while(|number| number.parse().ok()).collect();
        record_line(self, key, &numbers)
    }

    fn record_client_line(&mut self, key: &str, numbers: &[u64]) -> Option<()> {
        match key {
            "net" => {
                let [_all, udp, tcp, connections, ..] = *numbers else { return None };
                self.metrics.record_counts(NfsMetric::ClientNetCount, &[("udp", udp), ("tcp", tcp)]);
                self.metrics.record_count(NfsMetric::ClientTcpConnections, connections, &[]);
            }
            "rpc" => {
                let [calls, retransmits, auth_refreshes, ..] = *numbers else { return None };
                self.metrics.record_count(NfsMetric::ClientRpcs, calls, &[]);
                self.metrics.record_count(NfsMetric::ClientRetransmits, retransmits, &[]);
                self.metrics.record_count(NfsMetric::ClientAuthRefreshes, auth_refreshes, &[]);
            }
            "proc3" => self.record_calls(NfsMetric::ClientProcedures, 3, &PROCEDURES_V3, numbers)?,
            // What the kernel calls procedures of version 4 are operations by RFC 7530.
            "proc4" => self.record_calls(NfsMetric::ClientOperations, 4, &CLIENT_OPERATIONS_V4, numbers)?,
            _ => {}
        }
        Some(())
    }

    fn record_server_line(&mut self, key: &str, numbers: &[u64]) -> Option<()> {
        match key {
            "rc" => {
                let [hits, misses, uncached, ..] = *numbers else { return None };
                let counts = [("hit", hits), ("miss", misses), ("nocache", uncached)];
                self.metrics.record_counts(NfsMetric::ServerReplyCacheRequests, &counts);
            }
            "fh" => self.metrics.record_count(NfsMetric::ServerStaleHandles, *numbers.first()?, &[]),
            "io" => {
                let [read, written, ..] = *numbers else { return None };
                self.metrics.record_counts(NfsMetric::ServerIo, &[("receive", read), ("transmit", written)]);
            }
            "th" => self.metrics.record_count(NfsMetric::ServerThreads, *numbers.first()?, &[]),
            "net" => {
                let [_all, udp, tcp, connections, ..] = *numbers else { return None };
                self.metrics.record_counts(NfsMetric::ServerNetCount, &[("udp", udp), ("tcp", tcp)]);
                self.metrics.record_count(NfsMetric::ServerTcpConnections, connections, &[]);
            }
            "rpc" => {
                let [_calls, _bad, bad_format, bad_auth, bad_client, ..] = *numbers else { return None };
                let counts = [("format", bad_format), ("auth", bad_auth), ("client", bad_client)];
                self.metrics.record_counts(NfsMetric::ServerRpcs, &counts);
            }
            "proc3" => self.record_calls(NfsMetric::ServerProcedures, 3, &PROCEDURES_V3, numbers)?,
            "proc4" => self.record_calls(NfsMetric::ServerProcedures, 4, &SERVER_PROCEDURES_V4, numbers)?,
            "proc4ops" => {
                self.record_calls(NfsMetric::ServerOperations, 4, &SERVER_OPERATIONS_V4, numbers)?;
            }
            _ => {}
        }
        Some(())
    }

    /// Records how often each was called, in the order of their numbers; how many there are comes first. A newer kernel
    /// may have more than have names here.
    fn record_calls(
        &mut self,
        metric: NfsMetric,
        version: i64,
        names: &[&str],
        numbers: &[u64],
    ) -> Option<()> {
        let (count, calls) = numbers.split_first()?;
        if *count != calls.len() as u64 {
            return None;
        }
        for (name, calls) in names.iter().zip(calls).filter(|(name, _)| **name != UNUSED_OPERATION) {
            let attributes = [AttributeValue::Int(version), AttributeValue::Text(name)];
            self.metrics.record_count_of(metric, *calls, &attributes);
        }
        Some(())
    }
}
