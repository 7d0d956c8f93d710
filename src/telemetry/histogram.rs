//! Histograms with fixed bounds.

use std::sync::Arc;

use parking_lot::Mutex;

/// Values counted by size. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Mutex<HistogramReading>>);

/// A histogram at the moment of reading.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramReading {
    /// Inclusive upper bounds of all buckets but the last, rising.
    pub bounds: Vec<f64>,
    /// How many values fell into each bucket; one more than there are bounds.
    pub counts: Vec<u64>,
    /// The sum of all values.
    pub sum: f64,
}

impl Histogram {
    /// An empty histogram.
    pub(super) fn with_bounds(bounds: &[f64]) -> Self {
        let reading =
            HistogramReading { bounds: bounds.to_vec(), counts: vec![0; bounds.len() + 1], sum: 0.0 };
        Self(Arc::new(Mutex::new(reading)))
    }

    /// Counts one value.
    pub fn record(&self, value: f64) {
        let mut state = self.0.lock();
        let bucket = state.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = state.counts.get_mut(bucket) {
            *count += 1;
        }
        state.sum += value;
    }

    /// What was counted so far.
    pub fn read(&self) -> HistogramReading {
        self.0.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_equal_to_a_bound_falls_below_it() {
        let histogram = Histogram::with_bounds(&[10.0, 25.0]);
        for value in [10.0, 10.5, 25.0, 26.0] {
            histogram.record(value);
        }
        assert_eq!(histogram.read().counts, [1, 2, 1]);
        assert_eq!(histogram.read().sum, 71.5);
    }
}
