//! The encoded labels of a data point, in the parts that all its series have.

use super::super::protocol::LabelWriter;
use crate::prometheus::FamilyKind;

/// The labels of a data point, cut where the name and the label of the sample go.
#[derive(Default)]
pub(super) struct PointLabels {
    encoded: Vec<u8>,
    name_at: usize,
    sample_label_at: usize,
}

/// The label `__name__` of each of the names that a metric's series have.
pub(super) struct MetricNames {
    pub plain: Vec<u8>,
    pub sum: Vec<u8>,
    pub count: Vec<u8>,
    pub bucket: Vec<u8>,
}

impl PointLabels {
    /// Encodes labels, which come in the order of their names.
    pub fn read<'l>(
        &mut self,
        writer: &mut LabelWriter,
        labels: impl Iterator<Item = (&'l str, &'l str)>,
        sample_label: Option<&str>,
    ) {
        self.encoded.clear();
        (self.name_at, self.sample_label_at) = (0, 0);
        for (name, value) in labels {
            writer.put(&mut self.encoded, name, value);
            if name < "__name__" {
                self.name_at = self.encoded.len();
            }
            if sample_label.is_some_and(|sample_label| name < sample_label) {
                self.sample_label_at = self.encoded.len();
            }
        }
        self.sample_label_at = self.sample_label_at.max(self.name_at);
    }

    /// The labels before the name, from there to the label of the sample, and the others.
    pub fn parts(&self) -> [&[u8]; 3] {
        let part = |from, to| self.encoded.get(from..to).unwrap_or_default();
        [
            part(0, self.name_at),
            part(self.name_at, self.sample_label_at),
            part(self.sample_label_at, self.encoded.len()),
        ]
    }

    /// The label of one sample among those of a point.
    pub fn sample_label(&self, writer: &mut LabelWriter, name: &str, value: f64) -> Vec<u8> {
        let mut encoded = Vec::with_capacity(24);
        let infinite = crate::otlp::special_number(value, "+Inf");
        writer.put(&mut encoded, name, &infinite.unwrap_or_else(|| value.to_string()));
        encoded
    }
}

impl MetricNames {
    pub fn new(writer: &mut LabelWriter, name: &str, kind: FamilyKind) -> Self {
        let mut encode = |suffix: &str| {
            let mut encoded = Vec::with_capacity(name.len() + 20);
            if suffix.is_empty() || kind.sample_suffixes().contains(&suffix) {
                writer.put(&mut encoded, "__name__", &format!("{name}{suffix}"));
            }
            encoded
        };
        Self { plain: encode(""), sum: encode("_sum"), count: encode("_count"), bucket: encode("_bucket") }
    }
}
