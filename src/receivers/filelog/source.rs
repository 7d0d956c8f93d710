//! Where the bytes of a file come from: the file itself, or what is compressed in it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use flate2::bufread::GzDecoder;
use flate2::read::MultiGzDecoder;

use super::config::Compression;
use super::fingerprint::Fingerprint;

/// The first two bytes of a gzip file (RFC 1952).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A file read from some place on.
pub enum Source {
    /// As it is.
    Plain(FileFrom),
    /// Unpacked.
    Gzip(Box<GzipSource>),
}

/// A place in a gzip file between two of the compressed streams it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GzipPlace {
    /// How many bytes of the file lie before it.
    pub compressed: u64,
    /// How many bytes those are when unpacked.
    pub unpacked: u64,
}

/// Reads a file without moving a cursor that others share.
pub struct FileFrom {
    file: Arc<File>,
    offset: u64,
}

/// Unpacks the streams of a gzip file, one after the other.
pub struct GzipSource {
    /// None behind the last stream.
    decoder: Option<GzDecoder<BufReader<FileFrom>>>,
    unpacked: u64,
    /// The end of the last stream that was read to its end.
    place: GzipPlace,
}

/// True where `file` is to be unpacked.
pub fn is_compressed(file: &File, compression: Compression) -> io::Result<bool> {
    match compression {
        Compression::None => Ok(false),
        Compression::Gzip => Ok(true),
        Compression::Auto => {
            let mut magic = [0; 2];
            let read = super::fingerprint::read_fully_at(file, &mut magic, 0)?;
            Ok(read == magic.len() && magic == GZIP_MAGIC)
        }
    }
}

/// The fingerprint of `file`, of what is unpacked where it is compressed.
pub fn fingerprint_of(file: &Arc<File>, size: usize, compression: Compression) -> io::Result<Fingerprint> {
    if !is_compressed(file, compression)? {
        return Fingerprint::of(file, size);
    }
    let unpacked = MultiGzDecoder::new(FileFrom { file: Arc::clone(file), offset: 0 });
    let mut bytes = Vec::new();
    match unpacked.take(size as u64).read_to_end(&mut bytes) {
        // It may still be written to.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(Fingerprint::new(bytes)),
    }
}

impl Source {
    /// `file` from the byte `offset` on, counted unpacked. `gzip` is a place before that, for files to unpack.
    pub fn open(file: &Arc<File>, offset: u64, gzip: Option<GzipPlace>) -> io::Result<Self> {
        let Some(place) = gzip else {
            return Ok(Self::Plain(FileFrom { file: Arc::clone(file), offset }));
        };
        let from = FileFrom { file: Arc::clone(file), offset: place.compressed };
        let decoder = GzDecoder::new(BufReader::new(from));
        let mut source = GzipSource { decoder: Some(decoder), unpacked: place.unpacked, place };
        let to_skip = offset.saturating_sub(place.unpacked);
        io::copy(&mut (&mut source).take(to_skip), &mut io::sink())?;
        Ok(Self::Gzip(Box::new(source)))
    }

    /// Reads until `buffer` is full or the file ends; how many bytes that were.
    pub fn read_fully(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let read = match self {
                Self::Plain(file) => file.read(rest),
                Self::Gzip(gzip) => gzip.read(rest),
            };
            match read {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What was unpacked so far is good.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && filled > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// The end of the last stream that was read, for files that are unpacked.
    pub fn gzip_place(&self) -> Option<GzipPlace> {
        match self {
            Self::Plain(_) => None,
            Self::Gzip(gzip) => Some(gzip.place),
        }
    }
}

impl Read for FileFrom {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

impl Read for GzipSource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(decoder) = &mut self.decoder else { return Ok(0) };
            if decoder.get_mut().fill_buf()?.is_empty() && self.place.unpacked == self.unpacked {
                self.decoder = None;
                return Ok(0);
            }
            let read = decoder.read(buffer)?;
            self.unpacked += read as u64;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(decoder) = self.decoder.take() else { return Ok(0) };
            let rest = decoder.into_inner();
            let compressed = rest.get_ref().offset - rest.buffer().len() as u64;
            self.place = GzipPlace { compressed, unpacked: self.unpacked };
            self.decoder = Some(GzDecoder::new(rest));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression as Level;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn file_of(bytes: &[u8]) -> Arc<File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Arc::new(file)
    }

    fn read(file: &Arc<File>, offset: u64, place: GzipPlace) -> (io::Result<String>, GzipPlace) {
        let mut source = Source::open(file, offset, Some(place)).unwrap();
        let mut buffer = vec![0; 100];
        let read = source.read_fully(&mut buffer);
        let text = read.map(|read| String::from_utf8(buffer[..read].to_vec()).unwrap());
        (text, source.gzip_place().unwrap())
    }

    #[test]
    fn streams_are_unpacked_one_after_the_other_and_from_any_place_on() {
        let (first, second) = (gzip("12345"), gzip("678"));
        let file = file_of(&[first.clone(), second.clone()].concat());
        let end = GzipPlace { compressed: (first.len() + second.len()) as u64, unpacked: 8 };
        let start = GzipPlace::default();
        for (offset, text) in [(0, "12345678"), (3, "45678"), (5, "678"), (8, "")] {
            let (found, place) = read(&file, offset, start);
            assert_eq!((found.unwrap().as_str(), place), (text, end), "from {offset}");
        }
        let middle = GzipPlace { compressed: first.len() as u64, unpacked: 5 };
        assert_eq!(read(&file, 6, middle).0.unwrap(), "78");
        assert_eq!(read(&file, 8, end).0.unwrap(), "");
    }

    #[test]
    fn a_stream_that_is_not_whole_yields_what_there_is_and_then_an_error() {
        let whole = gzip("12345");
        let file = file_of(&whole[..whole.len() - 4]);
        let mut source = Source::open(&file, 0, Some(GzipPlace::default())).unwrap();
        let mut buffer = [0; 10];
        let first = source.read_fully(&mut buffer);
        let text = first.map_or(0, |read| read);
        let last = if text > 0 { source.read_fully(&mut buffer) } else { Ok(0) };
        assert!(text == 0 || last.unwrap_err().kind() == io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn compressed_and_plain_files_with_the_same_text_have_the_same_fingerprint() {
        let (plain, packed) = (file_of(b"123456"), file_of(&gzip("123456")));
        for compression in [Compression::Auto, Compression::Gzip] {
            assert_eq!(fingerprint_of(&packed, 4, compression).unwrap().bytes(), b"1234");
        }
        assert_eq!(fingerprint_of(&plain, 4, Compression::Auto).unwrap().bytes(), b"1234");
        assert_eq!(fingerprint_of(&packed, 2, Compression::None).unwrap().bytes(), GZIP_MAGIC);
    }
}
