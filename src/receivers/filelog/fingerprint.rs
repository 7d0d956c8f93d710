//! How a file is known again under another name: by its first bytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The first bytes of a file, as many as there are up to the configured size. While a file is shorter
/// than that its fingerprint grows with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fingerprint(Vec<u8>);

impl Fingerprint {
    /// A fingerprint read earlier.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The first `size` bytes of `file`.
    pub fn of(file: &File, size: usize) -> io::Result<Self> {
        let mut bytes = vec![0; size];
        let read = read_fully_at(file, &mut bytes, 0)?;
        bytes.truncate(read);
        Ok(Self(bytes))
    }

    /// True where the file with this fingerprint may be the one that had `earlier` before it grew. An
    /// empty file is nobody.
    pub fn grew_from(&self, earlier: &Self) -> bool {
        !earlier.0.is_empty() && self.0.starts_with(&earlier.0)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes it has.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// True where the file had no bytes.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fingerprint with at most `size` bytes.
    pub fn shortened(&self, size: usize) -> Self {
        Self(self.0.get(..size).unwrap_or(&self.0).to_vec())
    }
}

/// Reads from `offset` on until `buffer` is full or the file ends; how many bytes that were.
pub fn read_fully_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(text: &str) -> Fingerprint {
        Fingerprint::new(text.as_bytes().to_vec())
    }

    #[test]
    fn a_file_is_known_again_after_it_grew() {
        assert!(fingerprint("abc").grew_from(&fingerprint("ab")));
        assert!(fingerprint("ab").grew_from(&fingerprint("ab")));
        assert!(!fingerprint("a").grew_from(&fingerprint("ab")));
        assert!(!fingerprint("xbc").grew_from(&fingerprint("ab")));
        assert!(!fingerprint("abc").grew_from(&fingerprint("")));
    }

    #[test]
    fn it_holds_no_more_than_its_size() {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, b"0123456789").unwrap();
        assert_eq!(Fingerprint::of(&file, 4).unwrap(), fingerprint("0123"));
        assert_eq!(Fingerprint::of(&file, 40).unwrap(), fingerprint("0123456789"));
        assert_eq!(fingerprint("0123").shortened(2), fingerprint("01"));
    }
}
