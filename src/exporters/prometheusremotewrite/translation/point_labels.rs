//! The encoded labels of a data point, in the parts that all its series have.

use std::collections::BTreeMap;

use super::super::protocol::LabelWriter;
use super::super::series::{Metadata, Sample, SeriesTable};
use super::metric_names::EncodedName;
use crate::metric_streams::StreamId;
use crate::otlp::special_number;

/// The labels of a data point, cut where the name and the label of the sample go.
#[derive(Default)]
pub(super) struct PointLabels {
    encoded: Vec<u8>,
    name_at: usize,
    sample_label_at: usize,
    /// Their part in the fingerprints of the series.
    id: Option<StreamId>,
}

/// The label of one sample among those of a point, such as `le="0.5"`.
#[derive(Default)]
pub(super) struct SampleLabel {
    value_bits: u64,
    name: &'static str,
    label: Vec<u8>,
    id: Option<StreamId>,
}

/// The labels of the samples of a point, which are mostly those of the point before.
#[derive(Default)]
pub(super) struct SampleLabels {
    by_place: BTreeMap<usize, SampleLabel>,
}

impl PointLabels {
    /// Encodes labels, which come in the order of their names.
    pub fn read<'l>(
        &mut self,
        table: &mut SeriesTable,
        labels: impl Iterator<Item = (&'l str, &'l str)>,
        sample_label: Option<&str>,
    ) {
        self.encoded.clear();
        (self.name_at, self.sample_label_at) = (0, 0);
        for (name, value) in labels {
            table.labels.put(&mut self.encoded, name, value);
            if name < "__name__" {
                self.name_at = self.encoded.len();
            }
            if sample_label.is_some_and(|sample_label| name < sample_label) {
                self.sample_label_at = self.encoded.len();
            }
        }
        self.sample_label_at = self.sample_label_at.max(self.name_at);
        self.id = Some(table.hasher.own_key(&self.encoded));
    }

    /// Adds a sample to the series of these labels with a name and, where there are several, the label of
    /// the sample. Returns the number of the series.
    pub fn add(
        &self,
        table: &mut SeriesTable,
        name: &EncodedName,
        sample_label: Option<&SampleLabel>,
        metadata: Metadata,
        sample: Sample,
    ) -> usize {
        let part = |from, to| self.encoded.get(from..to).unwrap_or_default();
        let labels = [
            part(0, self.name_at),
            &name.label,
            part(self.name_at, self.sample_label_at),
            sample_label.map_or(&[], |label| &label.label),
            part(self.sample_label_at, self.encoded.len()),
        ];
        let ids = [self.id, name.id, sample_label.and_then(|label| label.id)];
        let id = ids.into_iter().flatten().fold(StreamId::NO_ATTRIBUTES, StreamId::with);
        table.add(id, &labels, metadata, sample)
    }
}

impl SampleLabels {
    /// The label of the sample that comes at `place` among those of its point.
    pub fn at(
        &mut self,
        table: &mut SeriesTable,
        place: usize,
        name: &'static str,
        value: f64,
    ) -> &SampleLabel {
        let known = self.by_place.entry(place).or_default();
        if known.name != name || known.value_bits != value.to_bits() {
            *known = SampleLabel::new(table, name, value);
        }
        known
    }
}

impl SampleLabel {
    fn new(table: &mut SeriesTable, name: &'static str, value: f64) -> Self {
        let text = special_number(value, "+Inf").unwrap_or_else(|| value.to_string());
        let label = encoded(&mut table.labels, name, &text);
        let id = table.hasher.own_key(&[name.as_bytes(), &[0], text.as_bytes()].concat());
        Self { value_bits: value.to_bits(), name, label, id: Some(id) }
    }
}

fn encoded(writer: &mut LabelWriter, name: &str, value: &str) -> Vec<u8> {
    let mut label = Vec::with_capacity(name.len() + value.len() + 8);
    writer.put(&mut label, name, value);
    label
}
