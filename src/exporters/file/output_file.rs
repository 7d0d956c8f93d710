//! One file that is written to, whole frames only.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::RotationConfig;
use super::rotation;

/// What happens to a file that is there when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// It is emptied.
    Empty,
    /// It is continued.
    Continue,
}

/// A file open for writing.
pub(super) struct OutputFile {
    path: PathBuf,
    file: File,
    /// Not a pipe or a device, so that it has a length and can be synced.
    is_regular: bool,
    /// Its length: the end of the last whole frame.
    length: u64,
    rotation: Option<RotationConfig>,
}

impl OutputFile {
    pub(super) fn open(
        path: &Path,
        existing: Existing,
        rotation: Option<RotationConfig>,
    ) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let metadata = file.metadata()?;
        let is_regular = metadata.is_file();
        let mut length = metadata.len();
        if is_regular && existing == Existing::Empty {
            file.set_len(0)?;
            length = 0;
        }
        Ok(Self { path: path.to_owned(), file, is_regular, length, rotation })
    }

    /// Writes `frame` whole or not at all, in a new file where the current one is full.
    pub(super) fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        let frame_length = frame.len() as u64;
        if let Some(rotation) = &self.rotation
            && self.length > 0
            && self.length + frame_length > rotation::max_bytes(rotation)
        {
            self.rotate()?;
        }
        if let Err(error) = self.file.write_all(frame) {
            if self.is_regular {
                // A disk that is full may still be cut; if not, the next error says the same.
                let _ = self.file.set_len(self.length);
            }
            return Err(error);
        }
        self.length += frame_length;
        Ok(())
    }

    /// Waits until the disk has everything.
    pub(super) fn sync(&self) -> io::Result<()> {
        if self.is_regular { self.file.sync_all() } else { Ok(()) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn rotate(&mut self) -> io::Result<()> {
        let Some(rotation) = &self.rotation else { return Ok(()) };
        self.sync()?;
        rotation::move_aside(&self.path, rotation)?;
        *self = Self::open(&self.path, Existing::Continue, Some(rotation.clone()))?;
        Ok(())
    }
}

/// Creates `directory` and those above it.
pub(super) fn create_directory(directory: &Path, mode: u32) -> io::Result<()> {
    if directory.as_os_str().is_empty() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(mode).create(directory)
}
