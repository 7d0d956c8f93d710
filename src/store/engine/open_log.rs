//! The log of a signal: batches that were appended and are not yet cut, as they came, so that what was answered OK is
//! there after a crash.
//!
//! A file of frames, one for each batch. After a cut it is written from its beginning again: the same blocks of the
//! disk, which are there already. Reading ends at what is no whole frame, or is one of an earlier round.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::damaged_files::copy_aside;
use super::database::{APPLICATION_ID, Durability, FORMAT_VERSION, check_version};
use super::signal_format::Appended;
use crate::otlp::{Batch, Signal, item_count};
use crate::store::StoreError;

/// The file begins with what every file of the store has in its header: whose it is, and its version.
const START: u64 = 8;

/// Before the body of a frame: a checksum of all that follows, then the sequence, the arrival and the body's length.
const FRAME_HEADER: usize = 4 + 3 * 8;

/// More frames than a file ever has.
const MOST_FRAMES: u64 = 1 << 32;

/// How much a file may keep of the disk once all in it is cut.
const MOST_KEPT: u64 = 16 << 20;

/// The file with what is not yet cut. Used by the writer alone.
pub struct OpenLog {
    path: PathBuf,
    file: File,
    durability: Durability,
    /// Where the next frame goes.
    end: u64,
    /// Room for frames that are written together.
    frames: Vec<u8>,
    /// What was found damaged, and where a copy of the file as it was then lies.
    damaged: Option<(PathBuf, &'static str)>,
}

impl OpenLog {
    /// Opens or makes the file at `path`.
    pub fn open(path: PathBuf, durability: Durability) -> Result<Self, StoreError> {
        let failed = |error| disk_error(&path, &error);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        let mut header = [0; START as usize];
        if file.metadata().map_err(failed)?.len() >= START {
            file.read_exact_at(&mut header, 0).map_err(failed)?;
        }
        let (application_id, version) = header.split_at(4);
        let mut log = Self { file, durability, end: START, frames: Vec::new(), damaged: None, path };
        if application_id == APPLICATION_ID.to_be_bytes() {
            check_version(&log.path, version.try_into().map_or(0, i32::from_le_bytes))?;
            return Ok(log);
        }
        // A power failure may leave a new file with its length and without what was written.
        if header != [0; START as usize] {
            log.note_damage("its header is damaged")?;
        }
        log.write_header().map_err(|error| disk_error(&log.path, &error))?;
        Ok(log)
    }

    /// What was found damaged so far, and where a copy of the file as it was then lies.
    pub const fn damaged(&self) -> Option<&(PathBuf, &'static str)> {
        self.damaged.as_ref()
    }

    /// Everything in it that is whole, also behind what is damaged: frames of sequences after `last_cut`. A frame of an
    /// earlier round is of a sequence that was cut.
    pub fn read_beyond_damage(&mut self, signal: Signal, last_cut: u64) -> Result<Vec<Appended>, StoreError> {
        let mut appended = self.read(signal)?;
        let bytes = std::fs::read(&self.path).map_err(|error| disk_error(&self.path, &error))?;
        let mut begin = usize::try_from(self.end).unwrap_or(usize::MAX);
        loop {
            let last = appended.last().map_or(0, |last| last.sequence).max(last_cut);
            let Some((at, frame)) = next_whole_frame(&bytes, begin, signal, last) else {
                return Ok(appended);
            };
            if at > begin {
                self.note_damage("there are whole batches behind one that is not")?;
            }
            begin = at + FRAME_HEADER + frame.batch.bytes();
            self.end = begin as u64;
            appended.push(frame);
        }
    }

    /// Everything in it up to what is no whole frame, in the order it was appended. What is appended next goes behind that.
    pub fn read(&mut self, signal: Signal) -> Result<Vec<Appended>, StoreError> {
        let bytes = std::fs::read(&self.path).map_err(|error| disk_error(&self.path, &error))?;
        let mut rest = bytes.get(START as usize..).unwrap_or_default();
        let mut appended: Vec<Appended> = Vec::new();
        self.end = START;
        while let Some((frame, behind)) = read_frame(rest, signal)
            && appended.last().is_none_or(|last| last.sequence < frame.sequence)
        {
            self.end += (rest.len() - behind.len()) as u64;
            rest = behind;
            appended.push(frame);
        }
        Ok(appended)
    }

    /// Adds batches: all of them or, on an error, none.
    pub fn append(&mut self, appended: &[Appended]) -> Result<(), StoreError> {
        self.frames.clear();
        appended.iter().for_each(|appended| put_frame(&mut self.frames, appended));
        let written = self.file.write_all_at(&self.frames, self.end).and_then(|()| match self.durability {
            Durability::Normal => Ok(()),
            Durability::Full => self.file.sync_data(),
        });
        let length = self.frames.len() as u64;
        self.frames.shrink_to(MOST_KEPT as usize);
        if let Err(error) = written {
            // Frames that are whole nevertheless must not be found at the next start.
            let _ = self.file.write_all_at(&[0; FRAME_HEADER], self.end);
            let _ = self.file.set_len(self.end + FRAME_HEADER as u64);
            return Err(disk_error(&self.path, &error));
        }
        self.end += length;
        Ok(())
    }

    /// Forgets everything in it.
    pub fn clear(&mut self) -> Result<(), StoreError> {
        let end = std::mem::replace(&mut self.end, START);
        let shortened = if end > MOST_KEPT { self.file.set_len(START) } else { Ok(()) };
        shortened
            .and_then(|()| self.file.write_all_at(&[0; FRAME_HEADER], START))
            .map_err(|error| disk_error(&self.path, &error))
    }

    fn write_header(&self) -> io::Result<()> {
        let version = FORMAT_VERSION.to_le_bytes();
        self.file.write_all_at(&[APPLICATION_ID.to_be_bytes(), version].concat(), 0)?;
        self.file.sync_all()?;
        // The name of the file, too, must be there after a power failure.
        self.path.parent().map(File::open).transpose()?.iter().try_for_each(File::sync_all)
    }

    /// Keeps a copy of the file as it is, the first time.
    fn note_damage(&mut self, damage: &'static str) -> Result<(), StoreError> {
        if self.damaged.is_none() {
            let copy = copy_aside(&self.path).map_err(|error| disk_error(&self.path, &error))?;
            self.damaged = Some((copy, damage));
        }
        Ok(())
    }
}

/// The first whole frame from `begin` on that is of a sequence after `last`, and where it begins.
fn next_whole_frame(bytes: &[u8], begin: usize, signal: Signal, last: u64) -> Option<(usize, Appended)> {
    (begin..bytes.len().saturating_sub(FRAME_HEADER - 1)).find_map(|at| {
        let sequence = bytes.get(at + 4..)?.first_chunk().map(|sequence| u64::from_le_bytes(*sequence))?;
        // Spares nearly all places a checksum.
        if sequence <= last || sequence - last > MOST_FRAMES {
            return None;
        }
        read_frame(bytes.get(at..)?, signal).map(|(frame, _)| (at, frame))
    })
}

fn put_frame(out: &mut Vec<u8>, Appended { sequence, arrived_unix_nano, batch }: &Appended) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    for number in [*sequence, *arrived_unix_nano, batch.bytes() as u64] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    // The parts of a batch make one body when put together.
    batch.parts().iter().for_each(|part| out.extend_from_slice(part));
    if let Some((checksum, rest)) = out.get_mut(start..).and_then(|frame| frame.split_first_chunk_mut()) {
        *checksum = crc32fast::hash(rest).to_le_bytes();
    }
}

/// The frame that `bytes` begin with, and what is behind it.
fn read_frame(bytes: &[u8], signal: Signal) -> Option<(Appended, &[u8])> {
    let (checksum, checked) = bytes.split_first_chunk()?;
    let (numbers, rest) = checked.split_first_chunk::<{ FRAME_HEADER - 4 }>()?;
    let number = |place| numbers.get(place..)?.first_chunk().map(|number| u64::from_le_bytes(*number));
    let (body, behind) = rest.split_at_checked(usize::try_from(number(16)?).ok()?)?;
    let frame = checked.get(..numbers.len() + body.len())?;
    if crc32fast::hash(frame) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let items = item_count(signal, body);
    let batch = Batch::from_valid_part(signal, Bytes::copy_from_slice(body), items);
    Some((Appended { sequence: number(0)?, arrived_unix_nano: number(8)?, batch }, behind))
}

fn disk_error(path: &Path, error: &io::Error) -> StoreError {
    let sentence = format!("{}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full(sentence),
        _ => StoreError::Engine(sentence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appended(sequence: u64, length: usize) -> Appended {
        // One field of OTLP's requests, of a number unknown to it: no items, but a body to be known again.
        let mut body = Vec::new();
        crate::otlp::wire::put_length_delimited(&mut body, 15, &vec![b'x'; length]);
        let batch = Batch::from_valid_part(Signal::Logs, Bytes::from(body), 0);
        Appended { sequence, arrived_unix_nano: 7, batch }
    }

    /// What is found at the next start: sequences and lengths.
    fn found(path: &Path) -> Vec<(u64, usize)> {
        let mut log = OpenLog::open(path.to_owned(), Durability::Normal).unwrap();
        let appended = log.read(Signal::Logs).unwrap();
        assert!(appended.iter().all(|appended| appended.arrived_unix_nano == 7));
        appended.iter().map(|appended| (appended.sequence, appended.batch.bytes())).collect()
    }

    #[test]
    fn a_frame_of_an_earlier_round_is_not_found_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("open.log");
        let mut log = OpenLog::open(path.clone(), Durability::Full).unwrap();
        log.append(&[appended(1, 100), appended(2, 100)]).unwrap();
        log.append(&[appended(3, 100)]).unwrap();
        assert_eq!(found(&path), [(1, 102), (2, 102), (3, 102)]);
        log.clear().unwrap();
        assert_eq!(found(&path), []);
        // The same length as the first, so that the second of the earlier round stands right behind it.
        log.append(&[appended(4, 100)]).unwrap();
        assert_eq!(found(&path), [(4, 102)]);
        log.append(&[appended(5, 30)]).unwrap();
        assert_eq!(found(&path), [(4, 102), (5, 32)]);
    }

    #[test]
    fn what_is_found_is_appended_to() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("open.log");
        OpenLog::open(path.clone(), Durability::Normal).unwrap().append(&[appended(1, 0)]).unwrap();
        let mut log = OpenLog::open(path.clone(), Durability::Normal).unwrap();
        log.read(Signal::Logs).unwrap();
        log.append(&[appended(2, 9)]).unwrap();
        assert_eq!(found(&path), [(1, 2), (2, 11)]);
    }

    #[test]
    fn frames_are_found_up_to_the_first_that_is_damaged() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("open.log");
        let mut log = OpenLog::open(path.clone(), Durability::Normal).unwrap();
        log.append(&[appended(1, 10), appended(2, 10), appended(3, 10)]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let frame = FRAME_HEADER + 12;
        for place in START as usize..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x10;
            std::fs::write(&path, &damaged).unwrap();
            let first_damaged = (place - START as usize) / frame;
            assert_eq!(found(&path), [(1, 12), (2, 12), (3, 12)][..first_damaged], "{place}");
            std::fs::write(&path, &whole[..place]).unwrap();
            assert_eq!(found(&path), [(1, 12), (2, 12), (3, 12)][..first_damaged], "{place}");
        }
    }

    #[test]
    fn a_long_file_gives_its_room_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("open.log");
        let mut log = OpenLog::open(path.clone(), Durability::Normal).unwrap();
        log.append(&[appended(1, MOST_KEPT as usize)]).unwrap();
        log.clear().unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() < 100);
    }

    #[test]
    fn a_newer_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("open.log");
        let open = || OpenLog::open(path.clone(), Durability::Normal).err().unwrap();
        std::fs::write(&path, [&b"WEIR"[..], &(FORMAT_VERSION + 1).to_le_bytes()].concat()).unwrap();
        let refused = open().to_string();
        assert!(refused.contains(&format!("has format version {}", FORMAT_VERSION + 1)), "{refused}");
    }

    #[test]
    fn what_is_behind_damage_is_found_and_what_was_cut_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("open.log");
        let mut log = OpenLog::open(path.clone(), Durability::Normal).unwrap();
        log.append(&[appended(4, 10), appended(5, 10)]).unwrap();
        log.clear().unwrap();
        log.append(&[appended(6, 1)]).unwrap();
        let read = |last_cut| {
            let mut log = OpenLog::open(path.clone(), Durability::Normal).unwrap();
            let appended = log.read_beyond_damage(Signal::Logs, last_cut).unwrap();
            let sequences: Vec<u64> = appended.iter().map(|appended| appended.sequence).collect();
            (sequences, log.damaged().is_some(), log.end)
        };
        let frame = (FRAME_HEADER + 12) as u64;
        assert_eq!(read(5), (vec![6], false, START + frame - 9));
        log.append(&[appended(7, 10), appended(8, 10)]).unwrap();
        let mut damaged = std::fs::read(&path).unwrap();
        // Sequence 6, and the application's mark.
        damaged[START as usize + 20] ^= 1;
        damaged[0] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        assert_eq!(read(5), (vec![7, 8], true, START + 3 * frame - 9));
        assert_eq!(std::fs::read(directory.path().join("open.log.damaged")).unwrap(), damaged);
    }

    #[test]
    fn a_file_of_zeros_is_an_empty_log() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("open.log");
        for length in [0, 3, 8, 100] {
            std::fs::write(&path, vec![0; length]).unwrap();
            let mut log = OpenLog::open(path.clone(), Durability::Full).unwrap();
            assert_eq!(log.read_beyond_damage(Signal::Logs, 0).unwrap().len(), 0);
            assert!(log.damaged().is_none());
            log.append(&[appended(1, 10)]).unwrap();
            assert_eq!(found(&path), [(1, 12)]);
        }
    }
}
