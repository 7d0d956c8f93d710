//! How far files were read, through restarts and sudden ends.

use super::fixture::Watched;

const NOTHING: [&str; 0] = [];

#[test]
fn after_a_restart_it_goes_on_where_it_was() {
    let mut watched = Watched::new("{}");
    watched.append("a.log", "old\n");
    assert_eq!(watched.poll(), NOTHING);
    watched.append("a.log", "1\n");
    assert_eq!(watched.poll(), ["1"]);
    watched.restart();
    watched.append("a.log", "2\n");
    watched.append("b.log", "new while it was away\n");
    assert_eq!(watched.poll(), ["2", "new while it was away"]);
}

#[test]
fn a_file_seen_but_not_read_is_remembered_too() {
    let mut watched = Watched::new("{}");
    watched.append("a.log", "old\n");
    assert_eq!(watched.poll(), NOTHING);
    watched.crash();
    watched.append("a.log", "1\n");
    assert_eq!(watched.poll(), ["1"]);
}

#[test]
fn files_rotated_while_it_was_away_are_found_again() {
    let mut watched = Watched::new("{start_at: beginning, compression: auto}");
    watched.append("a.log", "1\n");
    watched.append("b.log", "x\n");
    watched.append("c.log", "i\n");
    assert_eq!(watched.poll(), ["1", "x", "i"]);
    watched.restart();
    watched.append("a.log", "2\n");
    watched.rename("a.log", "a.log.1");
    watched.append("a.log", "3\n");
    watched.append("b.log", "y\n");
    watched.copy("b.log", "b.log.1");
    watched.truncate("b.log");
    watched.append("b.log", "z\n");
    watched.append("c.log", "j\n");
    watched.gzip("c.log", "c.log.1.gz");
    watched.delete("c.log");
    let mut lines = watched.poll();
    lines.sort();
    assert_eq!(lines, ["2", "3", "j", "y", "z"]);
}

#[test]
fn a_shorter_fingerprint_size_knows_files_again() {
    let mut watched = Watched::new("{start_at: beginning, fingerprint_size: 100}");
    watched.append("a.log", &format!("{}\n", "x".repeat(200)));
    assert_eq!(watched.poll().len(), 1);
    watched.reconfigure("{start_at: beginning, fingerprint_size: 16}");
    watched.append("a.log", "2\n");
    assert_eq!(watched.poll(), ["2"]);
}

#[test]
fn the_rest_of_a_cut_off_entry_is_left_out_after_a_restart_too() {
    let mut watched =
        Watched::new("{start_at: beginning, max_log_size: 10, max_log_size_behavior: truncate}");
    watched.append("a.log", "0123456789abcdef");
    assert_eq!(watched.poll(), ["0123456789"]);
    watched.restart();
    watched.append("a.log", "ghi\nnext\n");
    assert_eq!(watched.poll(), ["next"]);
}

#[test]
fn a_compressed_file_is_gone_on_with_in_its_middle() {
    let mut watched = Watched::new("{start_at: beginning, compression: auto}");
    watched.append("a", "1\n");
    watched.gzip("a", "a.log.gz");
    assert_eq!(watched.poll(), ["1"]);
    watched.restart();
    assert_eq!(watched.poll(), NOTHING);
    watched.append("b", "2\n");
    watched.gzip("b", "b.gz");
    let more = std::fs::read(watched.path("b.gz")).unwrap();
    watched.append_bytes("a.log.gz", &more);
    assert_eq!(watched.poll(), ["2"]);
}
