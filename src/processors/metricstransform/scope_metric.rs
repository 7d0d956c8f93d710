//! One metric of a scope group while transforms work on it: as it lies on the wire until one needs its
//! data points.

use opentelemetry_proto::tonic::metrics::v1::Metric;
use prost::{DecodeError, Message};

use super::data_points::{self, DataPoint};
use super::filter::{Matched, MetricFilter};
use crate::otlp::wire::{Fields, put_fields, put_length_delimited};

/// The number of a `Metric`'s field `name`.
const NAME: u32 = 1;

/// A metric of a scope group.
#[derive(Debug, Clone)]
pub(super) struct ScopeMetric<'a> {
    /// The message as it came.
    message: &'a [u8],
    /// Another name than the message has.
    new_name: Option<Vec<u8>>,
    /// What stands in the place of both once it is there.
    decoded: Option<Box<Metric>>,
}

impl<'a> ScopeMetric<'a> {
    /// A metric nothing has been done with yet.
    pub const fn new(message: &'a [u8]) -> Self {
        Self { message, new_name: None, decoded: None }
    }

    /// A metric that was made here.
    pub fn of_decoded(metric: Metric) -> Self {
        Self { message: &[], new_name: None, decoded: Some(Box::new(metric)) }
    }

    pub fn name(&self) -> &[u8] {
        match (&self.decoded, &self.new_name) {
            (Some(metric), _) => metric.name.as_bytes(),
            (None, Some(name)) => name,
            (None, None) => {
                let last = Fields::of(self.message).filter(|(number, _)| *number == NAME).last();
                last.map_or(&[], |(_, name)| name.bytes())
            }
        }
    }

    /// Gives the metric another name. Its data points stay encoded if they are.
    pub fn rename(&mut self, new_name: Vec<u8>) {
        match &mut self.decoded {
            Some(metric) => metric.name = String::from_utf8_lossy(&new_name).into_owned(),
            None => self.new_name = Some(new_name),
        }
    }

    /// How far the metric is one that `filter` is for.
    pub fn matched(&self, filter: &MetricFilter) -> Matched {
        if !filter.matches_name(self.name()) {
            return Matched::Nothing;
        }
        match &self.decoded {
            None => filter.matched_points_in(self.message),
            Some(metric) => {
                let points = data_points::attributes(metric);
                Matched::of(points.into_iter().map(|attributes| filter.matches_attributes(attributes)))
            }
        }
    }

    /// The metric decoded. Fails only on text that is not UTF-8, which the wire lets through.
    pub fn decode(&mut self) -> Result<&mut Metric, DecodeError> {
        let metric = match self.decoded.take() {
            Some(metric) => metric,
            None => Box::new(Metric::decode(self.encoded().as_slice())?),
        };
        Ok(self.decoded.insert(metric))
    }

    /// The metric decoded, owned. Fails as [`decode`](Self::decode) does.
    pub fn into_decoded(mut self) -> Result<Metric, DecodeError> {
        self.decode().map(std::mem::take)
    }

    /// A copy with the data points for which `keep` says so.
    pub fn part(&self, mut keep: impl FnMut(&dyn DataPoint) -> bool) -> Result<Self, DecodeError> {
        let mut part = self.clone();
        data_points::retain(part.decode()?, |point| keep(point));
        Ok(part)
    }

    /// The encoded metric.
    pub fn encoded(&self) -> Vec<u8> {
        if let Some(metric) = &self.decoded {
            return metric.encode_to_vec();
        }
        let Some(new_name) = &self.new_name else { return self.message.to_vec() };
        let mut encoded = Vec::with_capacity(self.message.len() + new_name.len() + 2);
        put_length_delimited(&mut encoded, NAME, new_name);
        put_fields(&mut encoded, self.message, |number, _| number != NAME);
        encoded
    }
}
