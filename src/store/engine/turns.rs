//! How those who append take turns at the writer. Whoever finds it free writes on its own thread, without waking another:
//! small batches cost no more than what is done with them. Batches that wait for their turn meanwhile go with the next that
//! has it, in one commit.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::signal_format::SignalFormat;
use super::writer::Writer;
use crate::otlp::Batch;
use crate::store::StoreError;

/// Where whoever appended finds how that went.
type AnswerPlace = Arc<OnceLock<Result<(), StoreError>>>;

/// The writer of a signal, and who waits for it.
pub struct Turns<F: SignalFormat> {
    waiting: Mutex<VecDeque<Waiting>>,
    /// Not there while it works, so that one that panicked is not used again, nor once it has ended.
    writer: Mutex<Option<Box<Writer<F>>>>,
}

/// A batch that waits to be kept.
struct Waiting {
    batch: Batch,
    answer: AnswerPlace,
}

impl<F: SignalFormat> Turns<F> {
    /// Turns at this writer.
    pub fn new(writer: Writer<F>) -> Self {
        Self { waiting: Mutex::default(), writer: Mutex::new(Some(Box::new(writer))) }
    }

    /// Keeps a batch; returns once it is kept.
    pub fn append(&self, batch: Batch) -> Result<(), StoreError> {
        let answer = Arc::new(OnceLock::new());
        self.waiting.lock().push_back(Waiting { batch, answer: Arc::clone(&answer) });
        let mut writer = self.writer.lock();
        // Whoever had the turn before may have kept it. Where there is very much before it, it is not in the first group.
        while answer.get().is_none() {
            let (batches, answers) = self.next_group();
            let Some(kept) = on(&mut writer, |writer| writer.append(batches)) else { return Err(ended()) };
            for answer in answers {
                // Each is answered by the one that took it out of the queue, once.
                let _ = answer.set(kept.clone());
            }
        }
        drop(writer);
        answer.get().cloned().unwrap_or_else(|| Err(ended()))
    }

    /// Makes blocks of everything appended so far.
    pub fn cut(&self) -> Result<(), StoreError> {
        on(&mut self.writer.lock(), Writer::cut_all).unwrap_or_else(|| Err(ended()))
    }

    /// Does what is due.
    pub fn keep_house(&self) {
        on(&mut self.writer.lock(), Writer::keep_house);
    }

    /// Ends the writer; what is asked of it afterwards fails.
    pub fn end(&self) {
        drop(self.writer.lock().take());
    }

    /// The batches that waited longest, as many as make a cut.
    fn next_group(&self) -> (Vec<Batch>, Vec<AnswerPlace>) {
        let mut waiting = self.waiting.lock();
        let mut items = 0;
        let fits = |next: &&Waiting| {
            let has_room = items < F::CUT.items;
            items += next.batch.items();
            has_room
        };
        let count = waiting.iter().take_while(fits).count();
        waiting.drain(..count).map(|Waiting { batch, answer }| (batch, answer)).unzip()
    }
}

/// Lets the writer work; none where there is none.
fn on<F: SignalFormat, T>(
    writer: &mut Option<Box<Writer<F>>>,
    work: impl FnOnce(&mut Writer<F>) -> T,
) -> Option<T> {
    let mut working = writer.take()?;
    let done = work(&mut working);
    *writer = Some(working);
    Some(done)
}

fn ended() -> StoreError {
    StoreError::Engine("the store is closed".to_owned())
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use bytes::Bytes;

    use super::*;
    use crate::otlp::Signal;
    use crate::store::engine::EngineOptions;
    use crate::store::engine::disk_budget::DiskBudget;
    use crate::store::engine::logs::LogFormat;
    use crate::store::engine::signal_store::Shared;

    fn open(directory: &std::path::Path) -> (Turns<LogFormat>, Arc<Shared<LogFormat>>) {
        let options = EngineOptions::new(directory.to_owned(), Arc::new(|| 7));
        let budget = Arc::new(DiskBudget::new(directory.to_owned(), 0, None));
        let (writer, shared) = Writer::open(&options, budget, LogFormat).unwrap();
        (Turns::new(writer), shared)
    }

    /// A batch that counts as so many records.
    fn batch(records: usize) -> Batch {
        Batch::from_valid_part(Signal::Logs, Bytes::from_static(&[0x0a, 0]), records)
    }

    fn appended(shared: &Shared<LogFormat>) -> Vec<(u64, usize)> {
        let live = shared.live.lock();
        live.appended().iter().map(|appended| (appended.sequence, appended.batch.items())).collect()
    }

    #[test]
    fn batches_that_wait_for_their_turn_share_a_commit() {
        let directory = tempfile::tempdir().unwrap();
        let (turns, shared) = open(directory.path());
        std::thread::scope(|scope| {
            let turn = turns.writer.lock();
            for _ in 0..5 {
                scope.spawn(|| turns.append(batch(3)).unwrap());
            }
            while turns.waiting.lock().len() < 5 {
                std::thread::yield_now();
            }
            drop(turn);
        });
        assert_eq!(appended(&shared), [(1, 3), (2, 3), (3, 3), (4, 3), (5, 3)]);
        assert_eq!(shared.counters.commits.load(std::sync::atomic::Ordering::Relaxed), 1);
    }

    #[test]
    fn what_is_more_than_a_cut_goes_in_several_commits() {
        let directory = tempfile::tempdir().unwrap();
        let (turns, shared) = open(directory.path());
        let half = LogFormat::CUT.items / 2;
        std::thread::scope(|scope| {
            let turn = turns.writer.lock();
            for _ in 0..5 {
                scope.spawn(|| turns.append(batch(half)).unwrap());
            }
            while turns.waiting.lock().len() < 5 {
                std::thread::yield_now();
            }
            drop(turn);
        });
        assert_eq!(shared.counters.commits.load(std::sync::atomic::Ordering::Relaxed), 3);
        assert_eq!(shared.counters.items.load(std::sync::atomic::Ordering::Relaxed), 5 * half as u64);
    }

    #[test]
    fn a_writer_that_ended_or_panicked_is_not_asked_again() {
        for panics in [false, true] {
            let directory = tempfile::tempdir().unwrap();
            let (turns, _) = open(directory.path());
            turns.append(batch(1)).unwrap();
            if panics {
                let work = || on(&mut turns.writer.lock(), |_| panic!("as a defect would"));
                assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
            } else {
                turns.end();
            }
            assert_eq!(turns.append(batch(1)).unwrap_err().to_string(), "the store is closed");
            assert_eq!(turns.cut().unwrap_err().to_string(), "the store is closed");
            turns.keep_house();
            assert!(turns.waiting.lock().is_empty());
        }
    }
}
