//! How far each file was read, kept in a storage extension.
//!
//! Each file has two keys, since its first bytes change seldom and its offset often: `file/ID` and
//! `offset/ID`. Values are protobuf messages of their own. A file counts as read only up to what the
//! pipeline took, so that after a sudden end nothing is missing; some of it may come twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fingerprint::Fingerprint;
use super::following::TailId;
use super::source::GzipPlace;
use crate::otlp::wire::{Fields, WireType, put_key, put_length_delimited, put_varint};
use crate::pipeline::{StorageChange, StorageClient, StorageError};

/// The prefixes of keys.
const FILE: &str = "file/";
const OFFSET: &str = "offset/";

/// Fields of the values.
const FINGERPRINT: u32 = 1;
const PATH: u32 = 2;
const BYTES: u32 = 1;
const RECORD_NUMBER: u32 = 2;
const GZIP_COMPRESSED: u32 = 3;
const GZIP_UNPACKED: u32 = 4;
const IS_SKIPPING: u32 = 5;

/// What is kept of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkpoint {
    /// Its first bytes.
    pub fingerprint: Fingerprint,
    /// Where it was seen last.
    pub path: String,
    /// How far it was read.
    pub offset: Offset,
}

/// How far a file was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offset {
    /// How many bytes were taken, unpacked.
    pub bytes: u64,
    /// How many entries those were.
    pub record_number: u64,
    /// A place before that, for files to unpack.
    pub gzip: Option<GzipPlace>,
    /// Whether what follows is the rest of an entry that was too long.
    pub is_skipping: bool,
}

/// What happened to a followed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It was read so far.
    Read(TailId, Checkpoint),
    /// It is followed no more.
    Forgotten(TailId),
}

/// Keeps checkpoints.
pub struct Checkpoints {
    client: Arc<dyn StorageClient>,
    /// The lengths of the fingerprints that are stored; they only grow.
    stored: BTreeMap<TailId, usize>,
}

impl Checkpoints {
    /// Keeps them in an open space.
    pub const fn new(client: Arc<dyn StorageClient>) -> Self {
        Self { client, stored: BTreeMap::new() }
    }

    /// Everything kept from earlier.
    pub async fn load(&mut self) -> Result<Vec<(TailId, Checkpoint)>, StorageError> {
        let mut loaded = Vec::new();
        for key in self.client.keys().await? {
            let Some(id) = key.strip_prefix(FILE).and_then(|id| id.parse::<TailId>().ok()) else { continue };
            let (file, offset_key) = (self.client.get(&key).await?, format!("{OFFSET}{id}"));
            let offset = self.client.get(&offset_key).await?;
            let (Some(file), Some(offset)) = (file, offset) else { continue };
            let checkpoint = Checkpoint::decode(&file, &offset);
            self.stored.insert(id, checkpoint.fingerprint.len());
            loaded.push((id, checkpoint));
        }
        Ok(loaded)
    }

    /// Keeps `progress`, all of it or none.
    pub async fn save(&mut self, progress: &[Progress]) -> Result<(), StorageError> {
        let mut changes = Vec::new();
        let mut stored = Vec::new();
        for step in progress {
            match step {
                Progress::Read(id, checkpoint) => {
                    let length = checkpoint.fingerprint.len();
                    if self.stored.get(id) != Some(&length) {
                        let value = checkpoint.encode_file().into();
                        changes.push(StorageChange::Set { key: format!("{FILE}{id}"), value });
                        stored.push((*id, length));
                    }
                    let value = checkpoint.offset.encode().into();
                    changes.push(StorageChange::Set { key: format!("{OFFSET}{id}"), value });
                }
                Progress::Forgotten(id) => {
                    for prefix in [FILE, OFFSET] {
                        changes.push(StorageChange::Delete { key: format!("{prefix}{id}") });
                    }
                }
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        self.client.write(changes).await?;
        self.stored.extend(stored);
        for step in progress {
            if let Progress::Forgotten(id) = step {
                self.stored.remove(id);
            }
        }
        Ok(())
    }

    /// Closes the space.
    pub async fn close(&self) {
        self.client.close().await;
    }
}

impl Checkpoint {
    fn encode_file(&self) -> Vec<u8> {
        let mut value = Vec::new();
        put_length_delimited(&mut value, FINGERPRINT, self.fingerprint.bytes());
        put_length_delimited(&mut value, PATH, self.path.as_bytes());
        value
    }

    fn decode(file: &[u8], offset: &[u8]) -> Self {
        let mut checkpoint = Self { offset: Offset::decode(offset), ..Self::default() };
        for (number, value) in Fields::of(file) {
            match number {
                FINGERPRINT => checkpoint.fingerprint = Fingerprint::new(value.bytes().to_vec()),
                PATH => checkpoint.path = String::from_utf8_lossy(value.bytes()).into_owned(),
                _ => {}
            }
        }
        checkpoint
    }
}

impl Offset {
    fn encode(&self) -> Vec<u8> {
        let mut fields = vec![
            (BYTES, self.bytes),
            (RECORD_NUMBER, self.record_number),
            (IS_SKIPPING, self.is_skipping.into()),
        ];
        if let Some(place) = self.gzip {
            fields.extend([(GZIP_COMPRESSED, place.compressed), (GZIP_UNPACKED, place.unpacked)]);
        }
        let mut value = Vec::new();
        for (field, number) in fields {
            put_key(&mut value, field, WireType::Varint);
            put_varint(&mut value, number);
        }
        value
    }

    fn decode(value: &[u8]) -> Self {
        let mut offset = Self::default();
        for (field, value) in Fields::of(value) {
            let number = value.number();
            match field {
                BYTES => offset.bytes = number,
                RECORD_NUMBER => offset.record_number = number,
                GZIP_COMPRESSED => offset.gzip.get_or_insert_default().compressed = number,
                GZIP_UNPACKED => offset.gzip.get_or_insert_default().unpacked = number,
                IS_SKIPPING => offset.is_skipping = number != 0,
                _ => {}
            }
        }
        offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::testing::MemoryStorage;
    use crate::pipeline::{ComponentId, ComponentKind, Storage, StorageOwner};

    #[tokio::test]
    async fn what_is_saved_is_loaded_again() {
        let storage = MemoryStorage::default();
        let id = ComponentId::parse("filelog").unwrap();
        let owner = StorageOwner { kind: ComponentKind::Receiver, id, name: String::new() };
        let mut checkpoints = Checkpoints::new(storage.open(owner.clone()).await.unwrap());
        let of = |text: &str, offset| Checkpoint {
            fingerprint: Fingerprint::new(text.as_bytes().to_vec()),
            path: "/a.log".to_owned(),
            offset,
        };
        let plain = Offset { bytes: 300, record_number: 7, ..Offset::default() };
        let place = GzipPlace { compressed: 5, unpacked: 0 };
        let packed = Offset { gzip: Some(place), is_skipping: true, ..plain };
        let progress = [
            Progress::Read(1, of("ab", plain)),
            Progress::Read(2, of("c", packed)),
            Progress::Read(3, of("d", plain)),
        ];
        checkpoints.save(&progress).await.unwrap();
        let later = [Progress::Read(1, of("abc", plain)), Progress::Forgotten(3)];
        checkpoints.save(&later).await.unwrap();
        let mut after_restart = Checkpoints::new(storage.open(owner).await.unwrap());
        assert_eq!(after_restart.load().await.unwrap(), [(1, of("abc", plain)), (2, of("c", packed))]);
    }
}
