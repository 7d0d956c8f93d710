//! Properties of the wire code with prost as the oracle: whatever a client may send means here what
//! prost says it means.

mod arbitrary;
mod flat;
mod from_views;
mod prost_meaning;
mod scramble;

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message;

use self::arbitrary::request_body;
use self::flat::flat_items;
pub(crate) use self::prost_meaning::prost_meaning;
use self::scramble::{Dice, scramble};
use super::{
    AnyValueView, AttributeList, AttributeVerdict, Batch, Context, Editor, KeyValueView, MessageKind, Signal,
    Verdict, item_count, rewrite, schema, validate,
};

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
    fn a_batch_taken_apart_holds_what_it_held(
        bodies in (prop::sample::select(&Signal::ALL[..]), prop::collection::vec(any::<u64>(), 1..4)),
        limit in 1_usize..12,
        by_bytes in any::<bool>(),
    ) {
        let (signal, seeds) = bodies;
        let mut batch = Batch::empty(signal);
        for seed in seeds {
            let body = odd_body(signal, seed);
            batch.merge(Batch::from_untrusted_part(signal, Bytes::from(body)).unwrap());
        }
        let expected = flat_items(&batch);
        prop_assert_eq!(batch.items(), expected.len());

        let mut found = Vec::new();
        while !batch.is_empty() {
            let front =
                if by_bytes { batch.split_front_bytes(limit * 50) } else { batch.split_off_front(limit) };
            let items = flat_items(&front);
            prop_assert_eq!(front.items(), items.len());
            if by_bytes {
                prop_assert!(front.bytes() <= limit * 50 || items.len() <= 1);
            } else {
                prop_assert!(items.len() == limit || batch.is_empty());
            }
            for part in front.parts() {
                let (_, part_items) = prost_meaning(signal, part).unwrap();
                prop_assert_eq!(validate(signal, part), Ok(part_items));
            }
            found.extend(items);
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_walk_through_everything_that_edits_nothing_keeps_the_bytes((signal, body) in any_body()) {
        let batch = Batch::from_untrusted_part(signal, Bytes::from(body)).unwrap();
        let part = &batch.parts()[0];
        let rewritten = rewrite(signal, part, &mut EnterEverything { mark: None });
        prop_assert_eq!(rewritten.part.as_ptr(), part.as_ptr());
        prop_assert_eq!(&rewritten.part, part);
    }

    #[test]
    fn an_attribute_added_and_deleted_again_leaves_the_meaning((signal, body) in any_body()) {
        let batch = Batch::from_untrusted_part(signal, Bytes::from(body)).unwrap();
        let expected = views_meaning(&batch);
        let items = batch.items();
        let marked = batch.rewrite(&mut EnterEverything { mark: Some(Mark::Add) });
        for part in marked.parts() {
            prop_assert!(validate(signal, part).is_ok());
        }
        prop_assert!(items == 0 || views_meaning(&marked) != expected);
        let unmarked = marked.rewrite(&mut EnterEverything { mark: Some(Mark::Delete) });
        prop_assert_eq!(unmarked.items(), items);
        prop_assert_eq!(views_meaning(&unmarked), expected);
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
pub(crate) fn any_body() -> impl Strategy<Value = (Signal, Vec<u8>)> {
    (prop::sample::select(&Signal::ALL[..]), any::<u64>(), any::<bool>()).prop_map(
        |(signal, seed, scrambled)| {
            let body = if scrambled { odd_body(signal, seed) } else { request_body(signal, &mut Dice(seed)) };
            (signal, body)
        },
    )
}

/// A body in an encoding that protobuf allows and no exporter writes.
fn odd_body(signal: Signal, seed: u64) -> Vec<u8> {
    let mut dice = Dice(seed);
    let body = request_body(signal, &mut dice);
    scramble(schema::request(signal), &body, &mut dice)
}

/// Enters every message, and may add a marking attribute to each or delete it again.
struct EnterEverything {
    mark: Option<Mark>,
}

#[derive(PartialEq)]
enum Mark {
    Add,
    Delete,
}

impl Editor for EnterEverything {
    fn message(&mut self, _: MessageKind, _: &[u8], _: &Context<'_>) -> Verdict {
        Verdict::Enter
    }

    fn attribute(
        &mut self,
        _: MessageKind,
        attribute: KeyValueView<'_>,
        _: &mut AttributeList<'_, '_>,
    ) -> AttributeVerdict {
        match self.mark {
            Some(Mark::Delete) if attribute.key == "mark" => AttributeVerdict::Delete,
            _ => AttributeVerdict::Keep,
        }
    }

    fn end_of_attributes(&mut self, _: MessageKind, list: &mut AttributeList<'_, '_>) {
        if self.mark == Some(Mark::Add) {
            list.push("mark", AnyValueView::Double(0.5));
        }
    }
}

/// What the views show of a batch, encoded as prost would.
fn views_meaning(batch: &Batch) -> Vec<u8> {
    match batch.signal() {
        Signal::Traces => from_views::trace_request(batch).encode_to_vec(),
        Signal::Metrics => from_views::metrics_request(batch).encode_to_vec(),
        Signal::Logs => from_views::logs_request(batch).encode_to_vec(),
    }
}
