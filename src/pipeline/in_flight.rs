//! How many bytes of telemetry the process holds: exact, because telemetry is bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// The bytes of every request body that was taken in and is not yet gone. Cloning shares the count; one
/// count serves the whole process.
#[derive(Debug, Clone, Default)]
pub struct InFlightBytes(Arc<AtomicUsize>);

impl InFlightBytes {
    /// The bytes held at this moment.
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts `body` until its last clone and its last slice are gone. Receivers call this once per
    /// request, before handing it on.
    ///
    /// A slice counts with the whole body, as it keeps the whole allocation alive.
    #[must_use]
    pub fn track(&self, body: Bytes) -> Bytes {
        if body.is_empty() {
            return body;
        }
        self.0.fetch_add(body.len(), Ordering::Relaxed);
        Bytes::from_owner(Tracked { body, count: self.clone() })
    }
}

/// Owns a counted body; the count goes down when this is dropped.
struct Tracked {
    body: Bytes,
    count: InFlightBytes,
}

impl AsRef<[u8]> for Tracked {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.count.0.fetch_sub(self.body.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_counts_until_its_last_clone_and_slice_are_gone() {
        let in_flight = InFlightBytes::default();
        let body = in_flight.track(Bytes::from_static(b"0123456789"));
        assert_eq!(body, "0123456789");
        assert_eq!(in_flight.bytes(), 10);

        let clone = body.clone();
        let slice = body.slice(2..4);
        assert_eq!(in_flight.bytes(), 10, "clones and slices share the body");
        drop(body);
        drop(clone);
        assert_eq!(in_flight.bytes(), 10, "a slice keeps the whole body");
        drop(slice);
        assert_eq!(in_flight.bytes(), 0);
    }

    #[test]
    fn several_bodies_add_up_over_clones_of_the_count() {
        let in_flight = InFlightBytes::default();
        let elsewhere = in_flight.clone();
        let first = in_flight.track(Bytes::from_static(b"abc"));
        let second = elsewhere.track(Bytes::from_static(b"defgh"));
        let empty = elsewhere.track(Bytes::new());
        assert_eq!((in_flight.bytes(), elsewhere.bytes()), (8, 8));
        drop((first, empty));
        assert_eq!(in_flight.bytes(), 5);
        drop(second);
        assert_eq!(elsewhere.bytes(), 0);
    }
}
