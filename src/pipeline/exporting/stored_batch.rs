//! How the persistent queue writes a batch into its storage.
//!
//! Version 1: one byte version, four bytes (little-endian) length of the head, the head as protobuf, and the
//! request body as it is on the wire. Auth data of a client is not kept, as in the Collector.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::Message;

use crate::otlp::{Batch, ClientInfo, Signal};

/// The version written, and the newest read.
const VERSION: u8 = 1;

/// Version and length of the head.
const PREFIX_LENGTH: usize = 5;

/// What is kept besides the request body.
#[derive(Clone, PartialEq, Message)]
struct Head {
    /// Spans, data points or log records.
    #[prost(uint64, tag = "1")]
    items: u64,
    #[prost(message, optional, tag = "2")]
    client: Option<Client>,
}

#[derive(Clone, PartialEq, Message)]
struct Client {
    #[prost(string, tag = "1")]
    address: String,
    #[prost(btree_map = "string, message", tag = "2")]
    metadata: BTreeMap<String, Values>,
}

#[derive(Clone, PartialEq, Message)]
struct Values {
    #[prost(string, repeated, tag = "1")]
    values: Vec<String>,
}

/// Why a stored value is no batch.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStoredBatch {
    /// A later version of this program wrote it.
    #[error("it has format version {0}, of a newer Weir; this one reads up to version {VERSION}")]
    Newer(u8),
    /// It is too short or its head is not one.
    #[error("it is not a stored request")]
    Malformed,
}

/// The value of `batch`.
pub fn encode(batch: &Batch) -> Bytes {
    let head = Head {
        items: batch.items() as u64,
        client: batch.client().map(|client| Client {
            address: client.address.map(|address| address.to_string()).unwrap_or_default(),
            metadata: client
                .metadata
                .iter()
                .map(|(name, values)| (name.clone(), Values { values: values.clone() }))
                .collect(),
        }),
    };
    let head_length = head.encoded_len();
    let mut value = BytesMut::with_capacity(PREFIX_LENGTH + head_length + batch.bytes());
    value.put_u8(VERSION);
    value.put_u32_le(u32::try_from(head_length).unwrap_or(u32::MAX));
    value.put_slice(&head.encode_to_vec());
    batch.parts().iter().for_each(|part| value.put_slice(part));
    value.freeze()
}

/// The batch that `value` was made from; its body stays part of `value`.
///
/// # Errors
///
/// Where `value` was not made by [`encode`], or by that of a newer version.
pub fn decode(signal: Signal, mut value: Bytes) -> Result<Batch, InvalidStoredBatch> {
    let malformed = |_| InvalidStoredBatch::Malformed;
    let version = value.try_get_u8().map_err(malformed)?;
    if version != VERSION {
        let newer = InvalidStoredBatch::Newer(version);
        return Err(if version > VERSION { newer } else { InvalidStoredBatch::Malformed });
    }
    let head_length = value.try_get_u32_le().map_err(malformed)? as usize;
    if head_length > value.len() {
        return Err(InvalidStoredBatch::Malformed);
    }
    let head = Head::decode(value.split_to(head_length)).map_err(|_| InvalidStoredBatch::Malformed)?;
    let items = usize::try_from(head.items).map_err(|_| InvalidStoredBatch::Malformed)?;
    let client = head.client.map(|client| {
        Arc::new(ClientInfo {
            address: client.address.parse().ok(),
            metadata: client.metadata.into_iter().map(|(name, values)| (name, values.values)).collect(),
            auth: BTreeMap::new(),
        })
    });
    Ok(Batch::from_valid_part(signal, value, items).with_client(client))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::testing::{span_names, spans};

    #[test]
    fn a_batch_comes_back_with_its_client() {
        let client = ClientInfo {
            address: Some("[::1]:4317".parse().unwrap()),
            metadata: BTreeMap::from([("tenant".to_owned(), vec!["a".to_owned(), "b".to_owned()])]),
            auth: BTreeMap::from([("subject".to_owned(), "not kept".to_owned())]),
        };
        let mut batch = spans(&["a", "b"]);
        batch.merge(spans(&["c"]));
        let batch = batch.with_client(Some(Arc::new(client.clone())));
        let read = decode(Signal::Traces, encode(&batch)).unwrap();
        assert_eq!((span_names(&read), read.items()), (vec!["a".into(), "b".into(), "c".into()], 3));
        assert_eq!(read.bytes(), batch.bytes());
        let expected = ClientInfo { auth: BTreeMap::new(), ..client };
        assert_eq!(read.client().map(|client| (**client).clone()), Some(expected));
        assert_eq!(decode(Signal::Traces, encode(&spans(&["a"]))).unwrap().client(), None);
    }

    #[test]
    fn other_values_are_refused() {
        let mut value = encode(&spans(&["a"])).to_vec();
        value[0] = 2;
        let newer = decode(Signal::Traces, value.clone().into()).unwrap_err();
        assert_eq!(newer, InvalidStoredBatch::Newer(2));
        assert_eq!(
            newer.to_string(),
            "it has format version 2, of a newer Weir; this one reads up to version 1"
        );
        value[0] = 1;
        value[4] = 255;
        for malformed in [value.as_slice(), b"", b"\x01\x00", b"\x00\x00\x00\x00\x00"] {
            let error = decode(Signal::Traces, Bytes::copy_from_slice(malformed)).unwrap_err();
            assert_eq!(error, InvalidStoredBatch::Malformed);
        }
    }
}
