//! Properties of the wire code with prost as the oracle: whatever a client may send means here what
//! prost says it means.

mod arbitrary;
mod from_views;
mod prost_meaning;
mod scramble;

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message;

use self::arbitrary::request_body;
pub(super) use self::prost_meaning::prost_meaning;
use self::scramble::{Dice, scramble};
use super::{Batch, Signal, item_count, schema, validate};

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn views_read_what_prost_decodes((signal, body) in any_body()) {
        let batch = Batch::from_untrusted_part(signal, Bytes::from(body.clone())).unwrap();
        let (decoded, items) = prost_meaning(signal, &body).unwrap();
        prop_assert_eq!(batch.items(), items);
        prop_assert_eq!(validate(signal, &body), Ok(items));
        prop_assert_eq!(item_count(signal, &batch.parts()[0]), items);
        prop_assert_eq!(views_meaning(&batch), decoded);
    }

    #[test]
    fn what_is_accepted_after_damage_prost_accepts_too(
        (signal, mut body) in any_body(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        prop_assume!(!body.is_empty());
        for (place, byte) in damage {
            let place = place.index(body.len());
            body[place] = byte;
        }
        let accepted = Batch::from_untrusted_part(signal, Bytes::from(body.clone()));
        let decoded = prost_meaning(signal, &body);
        match (accepted, decoded) {
            (Ok(batch), Ok((decoded, items))) => {
                prop_assert_eq!(batch.items(), items);
                prop_assert_eq!(views_meaning(&batch), decoded);
            }
            // Only prost checks strings.
            (Ok(batch), Err(error)) => {
                prop_assert!(error.contains("UTF-8"), "{}", error);
                views_meaning(&batch);
            }
            // Only prost steps over groups.
            (Err(invalid), Ok(_)) => prop_assert!(invalid.to_string().contains("(group)"), "{}", invalid),
            (Err(_), Err(_)) => {}
        }
    }
}

/// A valid body of any signal, canonical or as odd as protobuf allows.
pub(super) fn any_body() -> impl Strategy<Value = (Signal, Vec<u8>)> {
    (prop::sample::select(&Signal::ALL[..]), any::<u64>(), any::<bool>()).prop_map(
        |(signal, seed, scrambled)| {
            let mut dice = Dice(seed);
            let body = request_body(signal, &mut dice);
            let body = if scrambled { scramble(schema::request(signal), &body, &mut dice) } else { body };
            (signal, body)
        },
    )
}

/// What the views show of a batch, encoded as prost would.
fn views_meaning(batch: &Batch) -> Vec<u8> {
    match batch.signal() {
        Signal::Traces => from_views::trace_request(batch).encode_to_vec(),
        Signal::Metrics => from_views::metrics_request(batch).encode_to_vec(),
        Signal::Logs => from_views::logs_request(batch).encode_to_vec(),
    }
}
