//! Files that are damaged, foreign, of a newer version or full.

use super::*;

fn refusal(path: &Path) -> String {
    match open_log(path, options(path.parent().unwrap())) {
        Err(StorageError::Unreadable(message)) => message,
        other => panic!("expected a refusal, got {:?}", other.map(|_| "an open file")),
    }
}

/// Three values of ten bytes, each in a record of its own; where the records begin and end.
fn three_values(path: &Path) -> Vec<usize> {
    let writes: Vec<_> = ["a", "b", "c"].iter().map(|key| vec![set(key, &[7; 10])]).collect();
    write_all(path, &writes)
}

#[test]
fn damage_before_what_was_answered_is_refused_with_its_place() {
    let (_directory, path) = directory();
    let ends = three_values(&path);
    let mut content = fs::read(&path).unwrap();
    content[ends[2] - 1] ^= 1;
    fs::write(&path, &content).unwrap();
    assert_eq!(
        refusal(&path),
        format!(
            "storage file {} is damaged: there is no whole record at bytes {} to {}. Set `recreate: true` to put it \
             aside and to go on with what can still be read of it",
            path.display(),
            ends[1],
            ends[2]
        )
    );
    assert_eq!(fs::read(&path).unwrap(), content, "left as it is");
}

#[test]
fn a_damaged_file_is_put_aside_and_the_rest_kept_where_told_to() {
    let (directory, path) = directory();
    let ends = three_values(&path);
    let mut content = fs::read(&path).unwrap();
    content[ends[1] + 3] ^= 1;
    fs::write(&path, &content).unwrap();
    let log = open_log(&path, LogOptions { recreate: true, ..options(directory.path()) }).unwrap();
    assert_eq!(log.keys(), ["a", "c"]);
    log.append(&[vec![set("d", b"4")]]).pop().unwrap().unwrap();
    drop(log);
    assert_eq!(open_log(&path, options(directory.path())).unwrap().keys(), ["a", "c", "d"]);
    let backup = directory.path().join("space.weir.1970-01-01T000000Z.backup");
    assert_eq!(fs::read(backup).unwrap(), content);
}

#[test]
fn a_value_that_goes_bad_while_the_file_is_open_is_reported() {
    let (directory, path) = directory();
    let ends = three_values(&path);
    let log = open_log(&path, options(directory.path())).unwrap();
    let mut content = fs::read(&path).unwrap();
    content[ends[3] - 1] ^= 1;
    fs::write(&path, &content).unwrap();
    let error = log.get("c").unwrap_err().to_string();
    let place = ends[3] - 10;
    let path = path.display();
    assert_eq!(
        error,
        format!(
            "storage file {path} is damaged: the value of \"c\" at byte {place} does not have its checksum"
        )
    );
}

#[test]
fn a_newer_version_is_refused_with_a_sentence() {
    let (_directory, path) = directory();
    let mut header = b"WeirKV\r\n\x02\0\0\0".to_vec();
    header.extend(crc32fast::hash(&header).to_le_bytes());
    fs::write(&path, header).unwrap();
    let path_text = path.display();
    assert_eq!(
        refusal(&path),
        format!(
            "storage file {path_text} has format version 2, of a newer Weir; this one reads up to version 1: run the \
             newer one, or move the file away and lose what it holds"
        )
    );
}

#[test]
fn a_foreign_file_is_refused_and_left_alone() {
    let (_directory, path) = directory();
    fs::write(&path, "somebody's notes, longer than a header").unwrap();
    let message = refusal(&path);
    assert!(message.contains("it does not begin as Weir's storage files do"), "{message}");
    assert_eq!(fs::read(&path).unwrap(), b"somebody's notes, longer than a header");
}

#[test]
fn a_file_is_open_once() {
    let (directory, path) = directory();
    let first = open_log(&path, options(directory.path())).unwrap();
    let second = open_log(&path, options(directory.path()));
    assert!(matches!(second, Err(StorageError::InUse(_))));
    super::super::compaction::compact(&first).unwrap();
    let third = open_log(&path, options(directory.path()));
    assert!(matches!(third, Err(StorageError::InUse(_))), "the new file is locked like the old one");
    first.close().unwrap();
    open_log(&path, options(directory.path())).unwrap();
}

#[test]
fn a_full_file_refuses_what_does_not_fit_alone_and_takes_deletes() {
    let (directory, path) = directory();
    let log = open_log(&path, LogOptions { max_size: Some(400), ..options(directory.path()) }).unwrap();
    let writes = [vec![set("a", &[1; 100])], vec![set("b", &[2; 300])], vec![set("c", &[3; 100])]];
    let results = log.append(&writes);
    assert!(results[0].is_ok() && results[2].is_ok());
    let error = results[1].as_ref().unwrap_err().to_string();
    let path = path.display();
    assert_eq!(error, format!("storage is full: {path} may be 400 bytes long (`max_size`) and would be 504"));
    log.append(&[vec![delete("a")]]).pop().unwrap().unwrap();
    assert_eq!(log.keys(), ["c"]);
}

#[test]
fn a_file_that_lives_on_writes_stays_small() {
    let (directory, path) = directory();
    let log = open_log(&path, LogOptions { fsync: false, ..options(directory.path()) }).unwrap();
    let mut longest = 0;
    for round in 0..200_u32 {
        let changes = vec![set("offset", &[0; 1_000_000]), delete(&round.to_string())];
        log.append(&[changes]).pop().unwrap().unwrap();
        if log.wants_compaction() {
            super::super::compaction::compact(&log).unwrap();
        }
        longest = longest.max(fs::metadata(&path).unwrap().len());
    }
    assert!((30_000_000..36_000_000).contains(&longest), "{longest}");
    assert_eq!(log.get("offset").unwrap().unwrap().len(), 1_000_000);
}
