//! Processes made of files.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message;

use super::*;
use crate::receivers::hostmetrics::fixture::{
    BOOT_TIME, Fixture, SCRAPE_TIME, attribute_texts, config, points, scrape, scrape_at, scrape_with_failures,
};

/// 250 ticks of user time, 50 of system time, 10 of waiting; begun 1234.56 seconds after the host.
const STAT: &str = "7 (a) b) S 1 7 7 0 -1 4194304 900 10 30 2 250 50 5 6 20 0 3 0 123456 999 888 18446744073709551615 \
                    1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 10 0 0\n";
const STATUS: &str = "Name:\ta) b\nUid:\t1000\t0\t0\t0\nVmSize:\t    2000 kB\nVmRSS:\t     800 kB\nSigPnd:\t0000000000000001\nShdPnd:\t0000000000000005\n\
                      voluntary_ctxt_switches:\t40\nnonvoluntary_ctxt_switches:\t2\n";
const IO: &str = "rchar: 5000\nwchar: 600\nsyscr: 70\nsyscw: 8\nread_bytes: 4096\nwrite_bytes: 0\n";
const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nanna:x:1000:1000::/home/anna:/bin/sh\n";

fn fixture() -> Fixture {
    let fixture = Fixture::with(&[
        ("etc/passwd", PASSWD),
        ("proc/meminfo", "MemTotal: 100000 kB\n"),
        ("proc/7/stat", STAT),
        ("proc/7/status", STATUS),
        ("proc/7/io", IO),
        ("proc/7/cmdline", "/usr/bin/a\0-v\0"),
        ("proc/7/cgroup", "0::/user.slice\n"),
        ("proc/7/fd/0", ""),
        ("proc/7/fd/1", ""),
    ]);
    std::os::unix::fs::symlink("/usr/bin/a", fixture.path("proc/7/exe")).unwrap();
    for (thread, switches) in [(7, "40"), (8, "3"), (9, "1")] {
        let status = STATUS.replace("\t40\n", &format!("\t{switches}\n"));
        fixture.write(&format!("proc/7/task/{thread}/status"), &status);
    }
    fixture
}

fn scraper(yaml: &str, fixture: &Fixture) -> ProcessScraper {
    ProcessScraper::new(&config(yaml), fixture.host()).unwrap()
}

#[test]
fn a_process_is_a_resource_with_its_own_start() {
    let fixture = fixture();
    let mut scrape = Scrape::at(SCRAPE_TIME);
    scraper("{}", &fixture).scrape(&mut scrape);
    assert_eq!(scrape.failures(), Vec::<String>::new());
    let request = ExportMetricsServiceRequest::decode(&scrape.body[..]).unwrap();
    let [group] = &request.resource_metrics[..] else { panic!("not one resource: {request:?}") };
    assert_eq!(group.schema_url, "https://opentelemetry.io/schemas/1.43.0");
    let mut attributes = attribute_texts(&group.resource.as_ref().unwrap().attributes);
    attributes.sort();
    assert_eq!(
        attributes,
        [
            "process.command=/usr/bin/a",
            "process.command_line=/usr/bin/a -v",
            "process.executable.name=a) b",
            "process.executable.path=/usr/bin/a",
            "process.owner=anna",
            "process.parent_pid=1",
            "process.pid=7",
        ]
    );
    for metric in &group.scope_metrics[0].metrics {
        for point in points(metric) {
            assert_eq!(point.start_time_unix_nano, BOOT_TIME + 1_234_560_000_000);
            assert_eq!(point.time_unix_nano, SCRAPE_TIME);
        }
    }
}

#[test]
fn time_memory_and_input_are_reported_by_default() {
    let fixture = fixture();
    assert_eq!(
        scrape(&mut scraper("{}", &fixture)),
        [
            "process.cpu.time{state=user} 2.5",
            "process.cpu.time{state=system} 0.5",
            "process.cpu.time{state=wait} 0.1",
            "process.disk.io{direction=read} 5000",
            "process.disk.io{direction=write} 600",
            "process.memory.usage 819200",
            "process.memory.virtual 2048000",
        ]
    );
}

const OPTIONAL_ONLY: &str = "metrics: {process.cpu.time: {enabled: false}, process.disk.io: {enabled: false}, \
    process.memory.usage: {enabled: false}, process.memory.virtual: {enabled: false}, \
    process.context_switches: {enabled: true}, process.cpu.utilization: {enabled: true}, \
    process.disk.operations: {enabled: true}, process.handles: {enabled: true}, \
    process.memory.utilization: {enabled: true}, process.open_file_descriptors: {enabled: true}, \
    process.paging.faults: {enabled: true}, process.signals_pending: {enabled: true}, \
    process.threads: {enabled: true}, process.uptime: {enabled: true}}";

#[test]
fn what_is_off_by_default_can_be_turned_on() {
    let fixture = fixture();
    let mut scraper = scraper(OPTIONAL_ONLY, &fixture);
    // Begun before the first scrape by 234.56 seconds less than the host runs.
    let first = scrape_at(&mut scraper, BOOT_TIME + 1_300_000_000_000);
    assert_eq!(
        first,
        [
            "process.context_switches{type=involuntary} 6",
            "process.context_switches{type=voluntary} 44",
            "process.disk.operations{direction=read} 70",
            "process.disk.operations{direction=write} 8",
            "process.memory.utilization 0.8",
            "process.open_file_descriptors 2",
            "process.paging.faults{type=major} 30",
            "process.paging.faults{type=minor} 900",
            "process.signals_pending 2",
            "process.threads 3",
            "process.uptime 65.44",
        ]
    );

    // Five seconds later it used one second more.
    fixture.write("proc/7/stat", &STAT.replace(" 250 50 ", " 350 50 "));
    let cpus = std::thread::available_parallelism().unwrap().get() as f64;
    let second = scrape_at(&mut scraper, BOOT_TIME + 1_305_000_000_000);
    assert_eq!(
        second[2..5],
        [
            format!("process.cpu.utilization{{state=user}} {:?}", 1.0 / 5.0 / cpus),
            "process.cpu.utilization{state=system} 0.0".to_owned(),
            "process.cpu.utilization{state=wait} 0.0".to_owned(),
        ]
    );
}

#[test]
fn a_name_the_kernel_cut_off_is_completed() {
    let fixture = fixture();
    fixture.write("proc/7/stat", &STAT.replace("(a) b)", "(a-long-name-of-)"));
    fixture.write("proc/7/cmdline", "/opt/a-long-name-of-a-program\0");
    let yaml = "{include: {names: [a-long-name-of-a-program], match_type: strict}, \
                resource_attributes: {process.command: {enabled: false}, process.command_line: {enabled: false}}}";
    assert_eq!(scrape(&mut scraper(yaml, &fixture)).len(), 7);
}

#[test]
fn filters_choose_by_name_age_and_attribute() {
    let fixture = fixture();
    for (yaml, is_reported) in [
        ("include: {names: ['^a'], match_type: regexp}", true),
        ("include: {names: [b], match_type: strict}", false),
        ("exclude: {names: ['b$'], match_type: regexp}", false),
        ("resource_attributes: {process.owner: {metrics_include: [{strict: anna}, {strict: root}]}}", true),
        ("resource_attributes: {process.owner: {metrics_exclude: [{regexp: ^an}]}}", false),
        ("resource_attributes: {process.pid: {metrics_include: [{strict: '8'}]}}", false),
    ] {
        assert_eq!(!scrape_at(&mut scraper(yaml, &fixture), SCRAPE_TIME).is_empty(), is_reported, "{yaml}");
    }
    let mut patient = scraper("scrape_process_delay: 10s", &fixture);
    let start = BOOT_TIME + 1_234_560_000_000;
    assert_eq!(scrape_at(&mut patient, start + 9_999_999_999), Vec::<String>::new());
    assert_eq!(scrape_at(&mut patient, start + 10_000_000_000).len(), 7);
}

#[test]
fn what_cannot_be_read_is_a_failure_unless_it_is_muted() {
    let fixture = fixture();
    fixture.write("etc/passwd", "root:x:0:0::/:/bin/sh\n");
    std::fs::remove_file(fixture.path("proc/7/io")).unwrap();
    // A folder is there, and is not a file.
    fixture.write("proc/7/io/x", "");
    let io = format!("cannot read {}: Is a directory (os error 21)", fixture.path("proc/7/io").display());
    let user = format!("cannot read {}: unknown userid 1000", fixture.path("etc/passwd").display());
    let io = format!("error reading disk usage for process \"a) b\" (pid 7): {io}");
    let user = format!("error reading username for process \"a) b\" (pid 7): {user}");
    for (yaml, failures) in [
        ("{}", vec![user.clone(), io.clone()]),
        ("mute_process_user_error: true", vec![io]),
        ("mute_process_io_error: true", vec![user]),
        ("mute_process_all_errors: true", Vec::new()),
    ] {
        let (lines, found) = scrape_with_failures(&mut scraper(yaml, &fixture), SCRAPE_TIME);
        assert_eq!((lines.len(), found), (5, failures), "{yaml}");
    }
}

#[test]
fn a_process_that_ended_is_no_failure() {
    let fixture = Fixture::with(&[("proc/9/status", "")]);
    let (lines, failures) = scrape_with_failures(&mut scraper("{}", &fixture), SCRAPE_TIME);
    assert_eq!((lines, failures), (Vec::<String>::new(), Vec::<String>::new()));
}

#[test]
fn a_thread_of_the_kernel_has_neither_command_nor_program() {
    let fixture = fixture();
    // What a process with these files would report is not even looked at.
    fixture.write("proc/7/stat", &STAT.replace(" 4194304 ", " 2129984 "));
    let mut scrape = Scrape::at(SCRAPE_TIME);
    scraper("{}", &fixture).scrape(&mut scrape);
    let request = ExportMetricsServiceRequest::decode(&scrape.body[..]).unwrap();
    let attributes = attribute_texts(&request.resource_metrics[0].resource.as_ref().unwrap().attributes);
    for empty in ["process.command=", "process.command_line=", "process.executable.path="] {
        assert!(attributes.iter().any(|attribute| attribute == empty), "{attributes:?}");
    }
}
