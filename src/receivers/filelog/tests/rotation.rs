//! Files that are rotated, in every way that people do.

use super::fixture::Watched;

const NOTHING: [&str; 0] = [];

fn watched() -> Watched {
    Watched::new("start_at: beginning")
}

#[test]
fn a_renamed_file_goes_on_under_its_new_name() {
    let mut watched = watched();
    watched.append("a.log", "1\n");
    assert_eq!(watched.poll(), ["1"]);
    watched.append("a.log", "2\n");
    watched.rename("a.log", "a.log.1");
    watched.append("a.log", "3\n");
    watched.append("a.log.1", "late\n");
    let mut lines = watched.poll();
    lines.sort();
    assert_eq!(lines, ["2", "3", "late"]);
}

#[test]
fn the_rest_of_a_file_that_was_moved_out_of_sight_is_read() {
    let mut watched = watched();
    watched.append("a.log", "1\n");
    assert_eq!(watched.poll(), ["1"]);
    watched.append("a.log", "2\n");
    watched.rename("a.log", "gone");
    watched.append("a.log", "3\n");
    assert_eq!(watched.poll(), ["2", "3"], "the older lines come first");
    watched.append("gone", "late\n");
    watched.append("a.log", "4\n");
    assert_eq!(watched.poll(), ["late", "4"]);
    watched.rename("gone", "a.log.1");
    watched.append("a.log.1", "later\n");
    assert_eq!(watched.poll(), ["later"]);
}

#[test]
fn the_rest_of_a_deleted_file_is_read() {
    let mut watched = watched();
    watched.append("a.log", "1\n");
    assert_eq!(watched.poll(), ["1"]);
    watched.append("a.log", "2\nunfinished");
    watched.delete("a.log");
    assert_eq!(watched.poll(), ["2"]);
    watched.pass_milliseconds(1000);
    assert_eq!(watched.poll(), ["unfinished"]);
}

#[test]
fn a_new_file_that_begins_like_a_moved_one_is_another() {
    let mut watched = watched();
    watched.append("a.log", "started\n");
    assert_eq!(watched.poll(), ["started"]);
    watched.rename("a.log", "gone");
    watched.append("a.log", "started\nagain\n");
    assert_eq!(watched.poll(), ["started", "again"]);
}

#[test]
fn a_copied_and_truncated_file_is_read_once() {
    let mut watched = watched();
    watched.append("a.log", "1\n2\n");
    assert_eq!(watched.poll(), ["1", "2"]);
    watched.append("a.log", "3\n");
    watched.copy("a.log", "a.log.1");
    watched.truncate("a.log");
    watched.append("a.log", "4\n");
    let mut lines = watched.poll();
    lines.sort();
    assert_eq!(lines, ["3", "4"]);
    watched.append("a.log", "5\n");
    assert_eq!(watched.poll(), ["5"]);
}

#[test]
fn a_copy_is_not_read_while_the_original_is_there() {
    let mut watched = watched();
    watched.append("a.log", "1\n2\n");
    watched.copy("a.log", "a.log.1");
    assert_eq!(watched.poll(), ["1", "2"]);
    assert_eq!(watched.poll(), NOTHING);
    watched.truncate("a.log");
    assert_eq!(watched.poll(), NOTHING);
    watched.append("a.log", "3\n");
    assert_eq!(watched.poll(), ["3"]);
}

#[test]
fn a_truncated_file_without_a_copy_begins_anew() {
    let mut watched = watched();
    watched.append("a.log", "1\n2\n3\n");
    assert_eq!(watched.poll(), ["1", "2", "3"]);
    watched.truncate("a.log");
    watched.append("a.log", "4\n5\n6\n7\n");
    assert_eq!(watched.poll(), ["4", "5", "6", "7"]);
}

#[test]
fn two_files_that_begin_alike_are_told_apart_as_soon_as_they_differ() {
    let mut watched = watched();
    watched.append("a.log", "started\n");
    watched.append("b.log", "started\n");
    assert_eq!(watched.poll(), ["started"]);
    watched.append("a.log", "a\n");
    watched.append("b.log", "b\n");
    assert_eq!(watched.poll(), ["a", "started", "b"]);
}

#[test]
fn links_to_one_file_are_one_file() {
    let mut watched = watched();
    watched.append("a.log", "1\n");
    std::os::unix::fs::symlink(watched.path("a.log"), watched.path("link.log")).unwrap();
    std::fs::hard_link(watched.path("a.log"), watched.path("hard.log")).unwrap();
    assert_eq!(watched.poll(), ["1"]);
    watched.append("a.log", "2\n");
    assert_eq!(watched.poll(), ["2"]);
}

#[test]
fn a_link_that_leads_elsewhere_brings_the_other_file() {
    let mut watched = Watched::new("{start_at: beginning, include: [FOLDER/link]}");
    watched.append("old", "1\n");
    watched.append("new", "2\n");
    std::os::unix::fs::symlink(watched.path("old"), watched.path("link")).unwrap();
    assert_eq!(watched.poll(), ["1"]);
    watched.append("old", "late\n");
    watched.delete("link");
    std::os::unix::fs::symlink(watched.path("new"), watched.path("link")).unwrap();
    assert_eq!(watched.poll(), ["late", "2"]);
}

#[test]
fn a_file_that_is_shorter_and_begins_as_before_does_as_it_is_told() {
    for (on_truncate, after_truncation, after_growth) in [
        ("ignore", vec![], vec!["4"]),
        ("read_whole_file", vec!["1"], vec!["2", "3", "4"]),
        ("read_new", vec![], vec!["2", "3", "4"]),
    ] {
        let yaml = format!("{{start_at: beginning, fingerprint_size: 16, on_truncate: {on_truncate}}}");
        let mut watched = Watched::new(&yaml);
        watched.append("a.log", "sixteen bytes and\n1\n2\n3\n");
        assert_eq!(watched.poll().len(), 4);
        watched.truncate("a.log");
        watched.append("a.log", "sixteen bytes and\n1\n");
        let lines: Vec<String> =
            watched.poll().into_iter().filter(|line| line != "sixteen bytes and").collect();
        assert_eq!(lines, after_truncation, "{on_truncate}");
        watched.append("a.log", "2\n3\n4\n");
        assert_eq!(watched.poll(), after_growth, "{on_truncate}");
    }
}

#[test]
fn compressed_rotated_files_go_on_where_the_plain_ones_were_left() {
    let mut watched = Watched::new("{start_at: beginning, compression: auto}");
    watched.append("a.log", "1\n2\n");
    assert_eq!(watched.poll(), ["1", "2"]);
    watched.append("a.log", "3\n");
    watched.gzip("a.log", "a.log.1.gz");
    watched.delete("a.log");
    watched.append("a.log", "4\n");
    let mut lines = watched.poll();
    lines.sort();
    assert_eq!(lines, ["3", "4"]);
    assert_eq!(watched.poll(), NOTHING);
}

#[test]
fn compressed_files_are_unpacked_and_may_be_appended_to() {
    let mut watched = Watched::new("{start_at: beginning, compression: gzip}");
    watched.append("a", "1\n2");
    watched.gzip("a", "a.log.gz");
    assert_eq!(watched.poll(), ["1", "2"], "nothing of a line is yet to come");
    watched.append("b", "3\n");
    watched.gzip("b", "b.gz");
    let more = std::fs::read(watched.path("b.gz")).unwrap();
    watched.append_bytes("a.log.gz", &more);
    assert_eq!(watched.poll(), ["3"]);
}

#[test]
fn a_compressed_file_is_read_when_it_is_whole() {
    let mut watched = Watched::new("{start_at: beginning, compression: auto}");
    watched.append("a", "1\n2\n");
    watched.gzip("a", "a.gz");
    let whole = std::fs::read(watched.path("a.gz")).unwrap();
    let (first, rest) = whole.split_at(whole.len() - 6);
    watched.append_bytes("a.log.gz", first);
    let mut lines = watched.poll();
    watched.append_bytes("a.log.gz", rest);
    for _ in 0..3 {
        lines.extend(watched.poll());
    }
    assert_eq!(lines, ["1", "2"]);
}

#[test]
fn more_files_than_may_be_open_are_read_all_the_same() {
    let mut watched = Watched::new("{start_at: beginning, max_concurrent_files: 4}");
    for number in 0..10 {
        watched.append(&format!("{number}.log"), &format!("{number}\n"));
    }
    assert_eq!(watched.poll().len(), 10);
    watched.append("3.log", "more\n");
    watched.rename("4.log", "4.log.1");
    watched.append("4.log.1", "late\n");
    watched.append("4.log", "new\n");
    assert_eq!(watched.poll(), ["more", "new", "late"]);
}

#[test]
fn at_most_so_many_files_are_looked_at() {
    let mut watched = Watched::new("{start_at: beginning, max_concurrent_files: 4, max_batches: 1}");
    for number in 0..10 {
        watched.append(&format!("{number}.log"), &format!("{number}\n"));
    }
    assert_eq!(watched.poll(), ["0", "1"]);
}

#[test]
fn a_read_file_is_deleted_where_that_is_asked_for() {
    let mut watched = Watched::new("{start_at: beginning, delete_after_read: true}");
    watched.append("a.log", "1\n2");
    assert_eq!(watched.poll(), ["1", "2"]);
    assert!(!watched.path("a.log").try_exists().unwrap());
    watched.append("a.log", "3\n");
    assert_eq!(watched.poll(), ["3"]);
}

#[test]
fn a_locked_file_is_read_once_the_lock_is_gone() {
    let mut watched = Watched::new("{start_at: beginning, acquire_fs_lock: true}");
    watched.append("a.log", "1\n");
    let file = std::fs::File::open(watched.path("a.log")).unwrap();
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    assert_eq!(watched.poll(), NOTHING);
    drop(file);
    assert_eq!(watched.poll(), ["1"]);
}
