//! NFS made of files, in the formats of the kernel's `net/sunrpc/stats.c` and `fs/nfsd/stats.c`.

use super::*;
use crate::receivers::hostmetrics::fixture::{Fixture, SCRAPE_TIME, config, scrape, scrape_with_failures};

const CLIENT: &str = "net 8 843 666 157\nrpc 220 790 662\n\
                      proc3 22 191 360 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 92\nproc4 2 5 6\n";
const SERVER: &str = "rc 795 819 351\nfh 709 0 0 0 0\nio 111 464\nth 8 0 0.000 0.000 0.000\nra 32 0 0\n\
                      net 1 430 26 597\nrpc 874 367 960 94 748\nproc4 2 512 878\nproc4ops 5 1 2 3 978 86\nfuture 1\n";

#[test]
fn there_is_nothing_where_the_kernel_has_no_nfs() {
    let fixture = Fixture::with(&[]);
    let mut scraper = NfsScraper::new(&config("{}"), fixture.host()).unwrap();
    assert_eq!(scrape(&mut scraper), Vec::<String>::new());
}

#[test]
fn the_client_counts_its_calls() {
    let fixture = Fixture::with(&[("proc/net/rpc/nfs", CLIENT)]);
    let mut scraper = NfsScraper::new(&config("{}"), fixture.host()).unwrap();
    let lines = scrape(&mut scraper);
    assert_eq!(
        lines[..6],
        [
            "nfs.client.net.count{network.transport=udp} 843",
            "nfs.client.net.count{network.transport=tcp} 666",
            "nfs.client.net.tcp.connection.accepted 157",
            "nfs.client.operation.count{onc_rpc.version=4,nfs.operation.name=NULL} 5",
            "nfs.client.operation.count{onc_rpc.version=4,nfs.operation.name=READ} 6",
            "nfs.client.procedure.count{onc_rpc.version=3,onc_rpc.procedure.name=NULL} 191",
        ]
    );
    assert_eq!(
        lines[26..],
        [
            "nfs.client.procedure.count{onc_rpc.version=3,onc_rpc.procedure.name=COMMIT} 92",
            "nfs.client.rpc.authrefresh.count 662",
            "nfs.client.rpc.count 220",
            "nfs.client.rpc.retransmit.count 790",
        ]
    );
}

#[test]
fn the_server_counts_what_it_answered() {
    let fixture = Fixture::with(&[("proc/net/rpc/nfsd", SERVER)]);
    let mut scraper = NfsScraper::new(&config("{}"), fixture.host()).unwrap();
    assert_eq!(
        scrape(&mut scraper),
        [
            "nfs.server.fh.stale.count 709",
            "nfs.server.io{network.io.direction=receive} 111",
            "nfs.server.io{network.io.direction=transmit} 464",
            "nfs.server.net.count{network.transport=udp} 430",
            "nfs.server.net.count{network.transport=tcp} 26",
            "nfs.server.net.tcp.connection.accepted 597",
            "nfs.server.operation.count{onc_rpc.version=4,nfs.operation.name=ACCESS} 978",
            "nfs.server.operation.count{onc_rpc.version=4,nfs.operation.name=CLOSE} 86",
            "nfs.server.procedure.count{onc_rpc.version=4,onc_rpc.procedure.name=NULL} 512",
            "nfs.server.procedure.count{onc_rpc.version=4,onc_rpc.procedure.name=COMPOUND} 878",
            "nfs.server.repcache.requests{nfs.server.repcache.status=hit} 795",
            "nfs.server.repcache.requests{nfs.server.repcache.status=miss} 819",
            "nfs.server.repcache.requests{nfs.server.repcache.status=nocache} 351",
            "nfs.server.rpc.count{error.type=format} 960",
            "nfs.server.rpc.count{error.type=auth} 94",
            "nfs.server.rpc.count{error.type=client} 748",
            "nfs.server.thread.count 8",
        ]
    );
}

#[test]
fn a_line_with_too_few_numbers_is_a_failure() {
    let fixture = Fixture::with(&[("proc/net/rpc/nfs", "net 1 2\nproc3 4 1 2 3\nrpc 1 2 3\n")]);
    let mut scraper = NfsScraper::new(&config("{}"), fixture.host()).unwrap();
    let (lines, failures) = scrape_with_failures(&mut scraper, SCRAPE_TIME);
    assert_eq!(lines.len(), 3);
    assert_eq!(
        failures,
        [
            "net/rpc/nfs has a line that it should not have: \"net 1 2\"",
            "net/rpc/nfs has a line that it should not have: \"proc3 4 1 2 3\"",
        ]
    );
}
