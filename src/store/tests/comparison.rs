//! Random questions over generated telemetry: the plain engine and the one on disk answer alike.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::questions::Question;
use super::telemetry::{NOW, telemetry};
use crate::otlp::Signal;
use crate::store::engine::{EngineOptions, SqliteStore};
use crate::store::grouped_items::for_each_scope_group;
use crate::store::{MemoryStore, TelemetryStore};

/// Questions over one telemetry. All tests together ask 5,000.
const QUESTIONS: u32 = 500;

/// Asks both engines about telemetry made of `seed`, of which some is cut into blocks and some is not.
fn compare(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let directory = tempfile::tempdir().unwrap();
    let mut options = EngineOptions::new(directory.path().to_owned(), Arc::new(|| NOW));
    options.partition_duration = Duration::from_secs(3_600);
    let memory = MemoryStore::new(u64::MAX);
    let disk = SqliteStore::open(&options).unwrap();
    let mut trace_ids = vec![[7; 16]];
    for batch in telemetry(&mut rng) {
        if batch.signal() == Signal::Traces {
            for_each_scope_group(&batch, |_, scope_group| {
                trace_ids
                    .extend(scope_group.spans().filter_map(|span| <[u8; 16]>::try_from(span.trace_id).ok()));
            });
        }
        memory.append(&batch).unwrap();
        disk.append(&batch).unwrap();
        if rng.u32(0..6) == 0 {
            disk.cut().unwrap();
        }
    }
    let mut with_content = 0;
    for at in 0..QUESTIONS {
        let question = Question::any(&mut rng, &trace_ids);
        let expected = question.ask(&memory);
        let found = question.ask(&disk);
        assert!(
            found == expected,
            "seed {seed}, question {at}: {question:#?}\n{}",
            difference(&expected, &found)
        );
        with_content += u32::from(expected.len() > 60);
    }
    assert!(with_content > QUESTIONS / 2, "{with_content} of {QUESTIONS} answers have something in them");
}

/// The lines that only one of the answers has.
fn difference(expected: &str, found: &str) -> String {
    let only = |one: &str, other: &str, mark: char| {
        let lines = one.lines().filter(|line| !other.lines().any(|known| known == *line));
        lines.take(20).map(|line| format!("{mark} {line}\n")).collect::<String>()
    };
    let (missing, more) = (only(expected, found, '-'), only(found, expected, '+'));
    if missing.is_empty() && more.is_empty() {
        return "the same lines in another order or number".to_owned();
    }
    missing + &more
}

macro_rules! comparisons {
    ($($name:ident $seed:literal)*) => {$(
        #[test]
        fn $name() {
            compare($seed);
        }
    )*};
}

comparisons! {
    both_engines_answer_alike_1 1
    both_engines_answer_alike_2 2
    both_engines_answer_alike_3 3
    both_engines_answer_alike_4 4
    both_engines_answer_alike_5 5
    both_engines_answer_alike_6 6
    both_engines_answer_alike_7 7
    both_engines_answer_alike_8 8
    both_engines_answer_alike_9 9
    both_engines_answer_alike_10 10
}
