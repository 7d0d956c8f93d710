//! Any bytes as what a scrape shows: nothing panics, and it does not matter which series was expected.

#![no_main]

use libfuzzer_sys::fuzz_target;
use weir::prometheus::exposition::{
    ExpositionError, ExpositionFormat, ExpositionLine, ExpositionReader, read_series,
};

fuzz_target!(|text: &[u8]| {
    for format in [ExpositionFormat::Text, ExpositionFormat::OpenMetrics] {
        let plain = series(text, format, &[]);
        let (expected, _) = &plain;
        assert_eq!(series(text, format, expected), plain);
    }
});

/// The series that are read, with the bits of their values, and why no more are.
type Read = (Vec<(Vec<u8>, u64)>, Option<ExpositionError>);

fn series(text: &[u8], format: ExpositionFormat, expected: &[(Vec<u8>, u64)]) -> Read {
    let mut reader = ExpositionReader::new(text, format);
    let mut found = Vec::new();
    loop {
        let next = expected.get(found.len()).map_or(&[][..], |(series, _)| series);
        match reader.next_line(next) {
            Ok(Some(ExpositionLine::Sample(sample))) => {
                let _ = read_series(sample.series);
                let _ = sample.exemplar.map(|exemplar| read_series(exemplar.labels));
                found.push((sample.series.to_vec(), sample.value.to_bits()));
            }
            Ok(Some(_)) => {}
            Ok(None) => return (found, None),
            Err(error) => return (found, Some(error)),
        }
    }
}
