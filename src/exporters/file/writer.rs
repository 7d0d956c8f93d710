//! The thread that writes, and how the exporters of several signals share it.

use std::io;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::thread;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::FileExporterConfig;
use super::codec::{Encoding, encode};
use super::grouping::{Group, GroupedFiles, group, is_unusable};
use super::output_file::{Existing, OutputFile, create_directory};
use super::rotation;
use crate::otlp::Batch;
use crate::pipeline::{Refusal, RefusalClass};

/// How many batches wait for the thread; callers beyond that wait to hand theirs over.
const WAITING_JOBS: usize = 16;

/// A batch to write, and where to say how that went.
pub(super) struct Job {
    pub(super) batch: Batch,
    pub(super) answer: oneshot::Sender<Outcome>,
}

/// What became of a batch.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) result: Result<(), Refusal>,
    /// Items that have no place in any file. Not among those the result is about.
    pub(super) unplaced_items: usize,
    /// Why they have no place.
    pub(super) problem: String,
}

/// The writer of one exporter, for all its signals.
pub(super) struct SharedWriter {
    config: Arc<FileExporterConfig>,
    running: tokio::sync::Mutex<Option<Running>>,
}

struct Running {
    users: usize,
    jobs: mpsc::Sender<Job>,
    ended: oneshot::Receiver<()>,
}

/// The writers that exporters hold, to find the one that belongs to a section: the exporters of one id
/// are created signal by signal, but from the same section.
static WRITERS: Mutex<Vec<Weak<SharedWriter>>> = Mutex::new(Vec::new());

impl SharedWriter {
    /// The writer of the exporters with this very section.
    pub(super) fn of(config: &Arc<FileExporterConfig>) -> Arc<Self> {
        let mut writers = WRITERS.lock();
        writers.retain(|writer| writer.strong_count() > 0);
        let known = writers.iter().filter_map(Weak::upgrade);
        if let Some(writer) = known.into_iter().find(|writer| Arc::ptr_eq(&writer.config, config)) {
            return writer;
        }
        let writer = Arc::new(Self { config: Arc::clone(config), running: tokio::sync::Mutex::new(None) });
        writers.push(Arc::downgrade(&writer));
        writer
    }

    /// The way to the thread, which is started for the first that asks. On an error says what is wrong.
    pub(super) async fn start(&self) -> Result<mpsc::Sender<Job>, String> {
        let mut running = self.running.lock().await;
        if let Some(running) = &mut *running {
            running.users += 1;
            return Ok(running.jobs.clone());
        }
        let (jobs, to_write) = mpsc::channel(WAITING_JOBS);
        let (opened, is_open) = oneshot::channel();
        let (ended, is_ended) = oneshot::channel();
        let config = Arc::clone(&self.config);
        let write = move || {
            match Output::open(&config) {
                Ok(output) => {
                    let _ = opened.send(Ok(()));
                    output.write_all(to_write);
                }
                Err(error) => {
                    let _ = opened.send(Err(format!("cannot open {}: {error}", config.path)));
                }
            }
            let _ = ended.send(());
        };
        let thread = thread::Builder::new().name("weir-file".to_owned()).spawn(write);
        thread.map_err(|error| format!("cannot start a thread: {error}"))?;
        is_open.await.map_err(|_| "the thread that writes ended".to_owned())??;
        *running = Some(Running { users: 1, jobs: jobs.clone(), ended: is_ended });
        Ok(jobs)
    }

    /// With the last that stops, waits until everything is on the disk, but not beyond `deadline`.
    pub(super) async fn stop(&self, deadline: Instant) {
        let mut running = self.running.lock().await;
        let Some(mut last) = running.take() else { return };
        last.users -= 1;
        if last.users > 0 {
            *running = Some(last);
            return;
        }
        drop(last.jobs);
        if timeout_at(deadline, last.ended).await.is_err() {
            tracing::error!(path = self.config.path, "The disk did not take everything before the deadline.");
        }
    }
}

/// What the thread works on.
struct Output {
    config: Arc<FileExporterConfig>,
    encoding: Encoding,
    files: Files,
}

enum Files {
    One(OutputFile),
    Grouped(GroupedFiles),
}

impl Output {
    fn open(config: &Arc<FileExporterConfig>) -> io::Result<Self> {
        let files = match config.pattern() {
            Some((prefix, suffix)) => Files::Grouped(GroupedFiles::new(config, prefix, suffix)),
            None => Files::One(open_one(config)?),
        };
        Ok(Self { config: Arc::clone(config), encoding: Encoding::of(config), files })
    }

    /// Writes what comes until nobody is left to send.
    fn write_all(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(Job { batch, answer }) = jobs.blocking_recv() {
            // A client that went away does not wait for the answer; the batch is written all the same.
            let _ = answer.send(self.write(batch));
        }
        let synced = match &self.files {
            Files::One(file) => file.sync(),
            Files::Grouped(files) => files.sync(),
        };
        if let Err(error) = synced {
            tracing::error!(path = self.config.path, %error, "Cannot sync the file to the disk.");
        }
    }

    fn write(&mut self, batch: Batch) -> Outcome {
        match &mut self.files {
            Files::One(file) => {
                let result = write_to(file, self.encoding, &batch);
                let result = result.map_err(|error| refusal(file.path(), &error));
                Outcome { result, unplaced_items: 0, problem: String::new() }
            }
            Files::Grouped(files) => {
                write_groups(files, self.encoding, &batch, &self.config.group_by.resource_attribute)
            }
        }
    }
}

fn open_one(config: &FileExporterConfig) -> io::Result<OutputFile> {
    let path = Path::new(&config.path);
    if config.create_directory
        && let Some(directory) = path.parent()
    {
        create_directory(directory, config.directory_mode())?;
    }
    let rotation = config.rotation.get().cloned();
    if let Some(rotation) = &rotation {
        rotation::delete_old(path, rotation);
    }
    let goes_on = config.append || rotation.is_some();
    OutputFile::open(path, if goes_on { Existing::Continue } else { Existing::Empty }, rotation)
}

fn write_to(file: &mut OutputFile, encoding: Encoding, batch: &Batch) -> io::Result<()> {
    file.write(&encode(encoding, batch)?)
}

/// Writes each part of the batch to its file. What an error of the disk kept out is left in the refusal.
fn write_groups(files: &mut GroupedFiles, encoding: Encoding, batch: &Batch, attribute: &str) -> Outcome {
    let (groups, unplaced_items) = group(batch, attribute);
    let problem = format!("no text in the resource attribute {attribute:?}");
    let mut outcome = Outcome { result: Ok(()), unplaced_items, problem };
    let mut is_any_done = unplaced_items > 0;
    let mut groups = groups.into_iter();
    while let Some(Group { segment, batch }) = groups.next() {
        let written = files.file(&segment).and_then(|file| write_to(file, encoding, &batch));
        match written {
            Ok(()) => is_any_done = true,
            Err(error) if is_unusable(&error) => {
                is_any_done = true;
                outcome.unplaced_items += batch.items();
                outcome.problem = format!("cannot write the file for {segment:?}: {error}");
            }
            Err(error) => {
                let mut refusal = refusal(Path::new(&segment), &error);
                if is_any_done {
                    let mut remaining = batch;
                    groups.for_each(|group| remaining.merge(group.batch));
                    refusal.class = RefusalClass::Partial { remaining: Box::new(remaining) };
                }
                outcome.result = Err(refusal);
                break;
            }
        }
    }
    outcome
}

/// Disks recover: all but a batch that has no encoding may be tried again.
fn refusal(path: &Path, error: &io::Error) -> Refusal {
    let message = format!("cannot write {}: {error}", path.display());
    if error.kind() == io::ErrorKind::InvalidInput {
        return Refusal::permanent(message);
    }
    Refusal::retryable(message)
}
