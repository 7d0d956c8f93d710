//! Whatever happens to files, and wherever what is written to them is cut, every line is read exactly once.

use proptest::prelude::*;

use super::fixture::Watched;

/// Something that happens.
#[derive(Debug, Clone)]
enum Event {
    /// So many bytes of what is to be written are written.
    Write(usize),
    /// The file is renamed and a new one begun.
    Rename,
    /// The file is copied, and the original cut off.
    CopyAndTruncate,
    /// The same, with a poll between.
    CopyPollAndTruncate,
    /// The oldest rotated file is deleted, as long as it was there for a poll.
    Poll,
    /// The process ends in good order and begins anew.
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => (1_usize..60).prop_map(Event::Write),
        1 => Just(Event::Rename),
        1 => Just(Event::CopyAndTruncate),
        1 => Just(Event::CopyPollAndTruncate),
        3 => Just(Event::Poll),
        1 => Just(Event::Restart),
    ]
}

/// Writes lines that are all different, cut anywhere.
struct Writer {
    next_line: usize,
    unwritten: Vec<u8>,
    rotations: usize,
}

impl Writer {
    fn write(&mut self, watched: &Watched, mut bytes: usize) {
        while bytes > 0 {
            if self.unwritten.is_empty() {
                self.unwritten = format!("line {} é\n", self.next_line).into_bytes();
                self.next_line += 1;
            }
            let chunk: Vec<u8> = self.unwritten.drain(..bytes.min(self.unwritten.len())).collect();
            bytes -= chunk.len();
            watched.append_bytes("a.log", &chunk);
        }
    }

    /// Programs write whole lines around a rotation: the file's end is a line's end.
    fn finish_line(&mut self, watched: &Watched) {
        watched.append_bytes("a.log", &std::mem::take(&mut self.unwritten));
    }

    fn rotated(&mut self) -> String {
        self.rotations += 1;
        format!("a.log.{}", self.rotations)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_read_once(events in proptest::collection::vec(event(), 1..60), fingerprint_size in 16_usize..64) {
        let yaml = format!(
            "{{start_at: beginning, force_flush_period: 0s, fingerprint_size: {fingerprint_size}}}"
        );
        let mut watched = Watched::new(&yaml);
        let mut writer = Writer { next_line: 0, unwritten: Vec::new(), rotations: 0 };
        let mut lines = Vec::new();
        for event in events {
            match event {
                Event::Write(bytes) => writer.write(&watched, bytes),
                Event::Rename => {
                    if watched.path("a.log").try_exists().unwrap() {
                        watched.rename("a.log", &writer.rotated());
                    }
                    // A line begun in one file does not go on in the next.
                    let rest = std::mem::take(&mut writer.unwritten);
                    if writer.rotations > 0 {
                        watched.append_bytes(&format!("a.log.{}", writer.rotations), &rest);
                    }
                }
                Event::CopyAndTruncate | Event::CopyPollAndTruncate => {
                    writer.finish_line(&watched);
                    if !watched.path("a.log").try_exists().unwrap() {
                        continue;
                    }
                    watched.copy("a.log", &writer.rotated());
                    if matches!(event, Event::CopyPollAndTruncate) {
                        lines.extend(watched.poll());
                    }
                    watched.truncate("a.log");
                }
                Event::Poll => lines.extend(watched.poll()),
                Event::Restart => lines.extend(watched.restart()),
            }
            watched.pass_milliseconds(200);
        }
        writer.finish_line(&watched);
        lines.extend(watched.poll());
        lines.extend(watched.poll());
        let mut expected: Vec<String> = (0..writer.next_line).map(|line| format!("line {line} é")).collect();
        expected.sort();
        lines.sort();
        prop_assert_eq!(lines, expected);
    }
}
