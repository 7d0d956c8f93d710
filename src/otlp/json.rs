//! OTLP/JSON to and from: the JSON encoding of the OTLP specification, read into request bodies and
//! written from them.
//!
//! Written is what the Collector writes, byte for byte. Read is all that the Collector reads and all that
//! protobuf's JSON mapping allows: ids in hex of either case; 64-bit integers as numbers or in quotes;
//! enumerations as numbers or names; doubles also as `"NaN"`, `"Infinity"` and `"-Infinity"`; base64 of
//! both alphabets; the field names of the `.proto` files beside lowerCamelCase; `null` for what is not
//! set. Unknown fields are skipped.
//!
//! See <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding> and
//! <https://protobuf.dev/programming-guides/json/>.

mod decode;
mod encode;
mod error;
mod numbers;
pub(crate) mod reader;
mod response;
mod scalars;
mod schema;
mod shape;
mod strings;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::validate::unify;
use super::{Batch, Signal, item_count};

pub use error::InvalidJson;
pub use response::{decode_response_json, decode_status_json, encode_response_json, encode_status_json};
pub use shape::MessageShape;

/// The batch that `body`, an `Export*ServiceRequest` of the signal as JSON, stands for.
///
/// # Errors
///
/// [`InvalidJson`] when the body is not UTF-8, not JSON, or a field holds what it cannot; also when
/// messages nest deeper than a binary request may.
pub fn decode_json(signal: Signal, body: &[u8]) -> Result<Batch, InvalidJson> {
    let decoded = decode_message(schema::export_request(signal), body)?;
    if decoded.protobuf.is_empty() {
        return Ok(Batch::empty(signal));
    }
    if decoded.is_in_pieces {
        let unified = unify(super::schema::request(signal), &decoded.protobuf);
        let items = item_count(signal, &unified);
        return Ok(Batch::from_valid_part(signal, Bytes::from(unified), items));
    }
    Ok(Batch::from_valid_part(signal, Bytes::from(decoded.protobuf), decoded.items))
}

/// The batch as one JSON document, all its parts merged, without a line break.
///
/// Strings that are not UTF-8 have the invalid bytes replaced by U+FFFD.
pub fn encode_json(batch: &Batch) -> Vec<u8> {
    // Attribute-rich requests grow about threefold.
    let mut document = Vec::with_capacity(3 * batch.bytes());
    let parts = batch.parts().iter().map(|part| &**part);
    encode::write_parts(&mut document, schema::export_request(batch.signal()), parts);
    document
}

fn decode_message(message: &'static schema::Message, body: &[u8]) -> Result<decode::Decoded, InvalidJson> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let problem = "the body is not UTF-8, as JSON must be";
        error::Failure::new(error.valid_up_to(), problem).locate(body)
    })?;
    decode::decode(message, text).map_err(|failure| failure.locate(body))
}
