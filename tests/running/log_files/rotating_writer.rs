//! Writes lines and rotates the file they go to, in another way each time.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::write::GzEncoder;
use tokio::task::JoinHandle;

use super::log_sink::LogSink;

/// After how many lines the file is rotated.
const LINES_A_FILE: usize = 700;

/// How many lines are written at once.
const LINES_AT_ONCE: usize = 50;

/// The pause after that; a bound for how fast lines come.
const PAUSE: Duration = Duration::from_millis(15);

/// A task that writes.
pub struct RotatingWriter {
    task: JoinHandle<Vec<String>>,
}

struct Rotation {
    folder: PathBuf,
    /// The rotated files that are there, with the last line of each.
    rotated: VecDeque<(PathBuf, String)>,
    rotations: usize,
    sink: LogSink,
}

impl RotatingWriter {
    /// Writes `lines` lines into `app.log` in `folder`.
    pub fn start(folder: PathBuf, lines: usize, sink: LogSink) -> Self {
        fs::create_dir(&folder).unwrap();
        let mut rotation = Rotation { folder, rotated: VecDeque::new(), rotations: 0, sink };
        let task = tokio::spawn(async move {
            let mut written = Vec::new();
            while written.len() < lines {
                let mut chunk = String::new();
                for _ in 0..LINES_AT_ONCE {
                    let line = format!("line {} x{}", written.len(), "y".repeat(written.len() % 90));
                    chunk.push_str(&line);
                    chunk.push('\n');
                    written.push(line);
                }
                // Not whole lines at once: a line may be read in two parts.
                let (first, second) = chunk.as_bytes().split_at(chunk.len() * 2 / 3);
                for part in [first, second] {
                    open(&rotation.path()).write_all(part).unwrap();
                    tokio::time::sleep(PAUSE / 2).await;
                }
                if written.len().is_multiple_of(LINES_A_FILE) {
                    let last = written.last().cloned().unwrap_or_default();
                    rotation.rotate(last);
                }
            }
            written
        });
        Self { task }
    }

    /// Every line, once all are written.
    pub async fn end(self) -> Vec<String> {
        self.task.await.unwrap()
    }
}

impl Rotation {
    fn path(&self) -> PathBuf {
        self.folder.join("app.log")
    }

    fn rotate(&mut self, last_line: String) {
        self.rotations += 1;
        let rotated = self.folder.join(format!("app.log.{}", self.rotations));
        match self.rotations % 3 {
            0 => {
                fs::copy(self.path(), &rotated).unwrap();
                OpenOptions::new().write(true).truncate(true).open(self.path()).unwrap();
            }
            _ => fs::rename(self.path(), &rotated).unwrap(),
        }
        if let Some((newest, _)) = self.rotated.back_mut()
            && self.rotations.is_multiple_of(2)
        {
            *newest = compress(newest);
        }
        self.rotated.push_back((rotated, last_line));
        // Nobody could read a file that is deleted before it was read.
        while self.rotated.len() > 3
            && let Some((oldest, last_line)) = self.rotated.front()
            && self.sink.has(last_line)
        {
            fs::remove_file(oldest).unwrap();
            self.rotated.pop_front();
        }
    }
}

fn open(path: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(path).unwrap()
}

/// Compresses a file as `gzip` does, and returns where it is now.
fn compress(path: &Path) -> PathBuf {
    let packed = PathBuf::from(format!("{}.gz", path.display()));
    let mut encoder = GzEncoder::new(File::create(&packed).unwrap(), flate2::Compression::fast());
    encoder.write_all(&fs::read(path).unwrap()).unwrap();
    encoder.finish().unwrap();
    fs::remove_file(path).unwrap();
    packed
}
