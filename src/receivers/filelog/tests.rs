//! Files that are written to, renamed, cut off and deleted, and what is read of them.

mod fixture;
mod options;
mod property;
mod receiver;
mod restart;
mod rotation;

use self::fixture::Watched;

#[test]
fn lines_that_were_there_and_lines_that_come_are_read_once() {
    let mut watched = Watched::new("start_at: beginning");
    watched.append("a.log", "1\n2\n");
    assert_eq!(watched.poll(), ["1", "2"]);
    assert_eq!(watched.poll(), Vec::<String>::new());
    watched.append("a.log", "3\n");
    watched.append("b.log", "4\n");
    assert_eq!(watched.poll(), ["3", "4"]);
}

#[test]
fn by_default_only_what_comes_is_read() {
    let mut watched = Watched::new("{}");
    watched.append("a.log", "old\n");
    assert_eq!(watched.poll(), Vec::<String>::new());
    watched.append("a.log", "new\n");
    watched.append("b.log", "first\n");
    assert_eq!(watched.poll(), ["new", "first"]);
}

#[test]
fn an_unfinished_line_waits_until_it_is_finished_or_has_not_grown_for_a_while() {
    let mut watched = Watched::new("{start_at: beginning, force_flush_period: 500ms}");
    watched.append("a.log", "begun");
    assert_eq!(watched.poll(), Vec::<String>::new());
    watched.pass_milliseconds(400);
    watched.append("a.log", " and");
    assert_eq!(watched.poll(), Vec::<String>::new());
    watched.pass_milliseconds(400);
    watched.append("a.log", " finished\nbegun again");
    assert_eq!(watched.poll(), ["begun and finished"]);
    watched.pass_milliseconds(501);
    assert_eq!(watched.poll(), ["begun again"]);
    watched.append("a.log", " later\n");
    assert_eq!(watched.poll(), ["later"]);
}

#[test]
fn lines_longer_than_the_buffer_and_longer_than_allowed() {
    let mut watched = Watched::new("{start_at: beginning, max_log_size: 200000}");
    let (long, too_long) = ("x".repeat(150_000), "y".repeat(450_000));
    watched.append("a.log", &format!("{long}\n{too_long}\nz\n"));
    let lines = watched.poll();
    assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [150_000, 200_000, 200_000, 50_000, 1]);
    assert_eq!(lines[0], long);
}

#[test]
fn what_is_no_utf8_is_replaced() {
    let mut watched = Watched::new("start_at: beginning");
    watched.append_bytes("a.log", b"a\xffb\n\xe2\x82\n");
    assert_eq!(watched.poll(), ["a\u{fffd}b", "\u{fffd}"]);
}

#[test]
fn excluded_files_are_not_read() {
    let mut watched = Watched::new("{start_at: beginning, exclude: [FOLDER/b*]}");
    watched.append("a.log", "1\n");
    watched.append("b.log", "2\n");
    assert_eq!(watched.poll(), ["1"]);
}

#[test]
fn records_say_where_they_are_from() {
    let mut watched = Watched::new("{start_at: beginning, include_file_path: true}");
    watched.append("a.log", "1\n");
    let path = watched.path("a.log");
    let records = watched.poll_records();
    assert_eq!(
        records[0].attributes,
        [("log.file.name", "a.log"), ("log.file.path", path.to_str().unwrap())]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
    );
    assert_eq!(records[0].observed_time_unix_nano, fixture::UNIX_NANO);
}
