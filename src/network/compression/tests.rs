//! Round trips, what other encoders write, broken bodies and bombs.

use bytes::Bytes;
use proptest::prelude::*;

use super::{Compression, CompressionParams, DecompressError, compress, decompress};
use crate::config::{Checking, ConfigValue, Decoding, Node, NodeValue};

const LIMIT: usize = 1 << 20;

fn text() -> Vec<u8> {
    b"service.name=checkout http.route=/cart ".repeat(5_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_compressed_in_parts_comes_back_whole(
        parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..2_000), 0..6),
        repeat in 1_usize..40,
        level in -2_i32..=9,
    ) {
        let parts: Vec<Bytes> = parts.iter().map(|part| Bytes::from(part.repeat(repeat))).collect();
        let whole = parts.concat();
        for compression in Compression::ALL.into_iter().chain([Compression::None]) {
            let body = compress(compression, level, &parts).unwrap();
            let back = decompress(compression, &body, LIMIT).unwrap();
            prop_assert!(back[..] == whole[..], "{compression:?}");
        }
    }

    #[test]
    fn noise_is_refused_and_never_breaks(noise in prop::collection::vec(any::<u8>(), 1..400)) {
        let noise = Bytes::from(noise);
        for compression in Compression::ALL {
            if let Ok(output) = decompress(compression, &noise, LIMIT) {
                // A snappy block may be noise by chance; the others carry magic numbers or checksums.
                prop_assert!(compression == Compression::Snappy, "{compression:?} gave {output:?}");
            }
        }
    }
}

#[test]
fn the_limit_is_exact() {
    let text = text();
    for compression in Compression::ALL.into_iter().chain([Compression::None]) {
        let body = compress(compression, 0, &[Bytes::from(text.clone())]).unwrap();
        assert_eq!(decompress(compression, &body, text.len()).unwrap(), text, "{compression:?}");
        assert_eq!(
            decompress(compression, &body, text.len() - 1),
            Err(DecompressError::TooLarge { limit: text.len() - 1 }),
            "{compression:?}"
        );
    }
}

#[test]
fn a_bomb_is_refused() {
    let zeros = Bytes::from(vec![0; 64 << 20]);
    for compression in Compression::ALL {
        let bomb = compress(compression, 0, std::slice::from_ref(&zeros)).unwrap();
        assert!(bomb.len() < 4 << 20, "{compression:?}: {}", bomb.len());
        let refused = decompress(compression, &bomb, LIMIT);
        assert_eq!(refused, Err(DecompressError::TooLarge { limit: LIMIT }), "{compression:?}");
    }
}

#[test]
fn a_truncated_body_is_refused_wherever_it_ends() {
    let whole = text();
    for compression in Compression::ALL {
        let body = compress(compression, 0, &[Bytes::from(whole.clone())]).unwrap();
        for length in 1..body.len() {
            if let Ok(output) = decompress(compression, &body.slice(..length), LIMIT) {
                // The framing format of snappy has no end mark: a body may end between two frames.
                assert_eq!(compression, Compression::SnappyFramed, "ends after {length} bytes");
                assert!(whole.starts_with(&output));
            }
        }
    }
}

#[test]
fn bodies_of_several_members_or_frames_are_one_body() {
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Lz4, Compression::SnappyFramed] {
        let mut body = compress(compression, 0, &[Bytes::from_static(b"one ")]).unwrap().to_vec();
        body.extend(compress(compression, 0, &[Bytes::from_static(b"two")]).unwrap());
        assert_eq!(decompress(compression, &body.into(), LIMIT).unwrap(), "one two", "{compression:?}");
    }
}

#[test]
fn snappy_is_understood_as_block_and_framed() {
    let body = compress(Compression::SnappyFramed, 0, &[Bytes::from_static(b"text")]).unwrap();
    assert_eq!(decompress(Compression::Snappy, &body, LIMIT).unwrap(), "text");
}

#[test]
fn a_stated_length_is_not_believed() {
    // A snappy block and a zstd frame that state far more than they hold.
    let snappy = Bytes::from_static(b"\xff\xff\xff\x07\x00a");
    assert_eq!(
        decompress(Compression::Snappy, &snappy, LIMIT),
        Err(DecompressError::TooLarge { limit: LIMIT })
    );
    let mut gzip = compress(Compression::Gzip, 0, &[Bytes::from_static(b"text")]).unwrap().to_vec();
    let length_at = gzip.len() - 4;
    gzip[length_at..].copy_from_slice(&u32::MAX.to_le_bytes());
    let refused = decompress(Compression::Gzip, &gzip.into(), LIMIT).unwrap_err();
    assert!(refused.to_string().starts_with("the body is not valid gzip: "), "{refused}");
}

#[test]
fn a_window_above_the_limit_is_refused() {
    use std::io::Write;
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(b"text").unwrap();
    encoder.flush().unwrap();
    let body = encoder.finish().unwrap();
    let refused = decompress(Compression::Zstd, &body.into(), LIMIT).unwrap_err();
    assert!(refused.to_string().contains("too much memory"), "{refused}");
}

#[test]
fn names_and_levels_are_the_collectors() {
    let mut decoded = Compression::Gzip;
    for (text, expected) in
        [("zstd", Compression::Zstd), ("", Compression::None), ("none", Compression::None)]
    {
        let mut decoding = Decoding::default();
        decoded.update(&Node::anonymous(NodeValue::String(text.into())), &mut decoding);
        assert!(decoding.into_errors().is_empty());
        assert_eq!(decoded, expected);
    }
    let mut decoding = Decoding::default();
    decoded.update(&Node::anonymous(NodeValue::String("brotli".into())), &mut decoding);
    assert_eq!(decoding.into_errors()[0].message, "'' unsupported compression type \"brotli\"");

    for (compression, level, expected) in [
        (Compression::Gzip, 9, None),
        (Compression::Deflate, -2, None),
        (Compression::Zstd, 22, None),
        (Compression::Snappy, 0, None),
        (Compression::Gzip, 10, Some("unsupported parameters {Level:10} for compression type \"gzip\"")),
        (Compression::Lz4, 1, Some("unsupported parameters {Level:1} for compression type \"lz4\"")),
    ] {
        let mut checking = Checking::default();
        compression.check_level(&CompressionParams { level }, &mut checking);
        let errors = checking.into_errors();
        assert_eq!(errors.first().map(|error| error.message.as_str()), expected);
    }
}
