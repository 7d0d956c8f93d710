//! What remains to be done once a batch was answered.

use std::sync::Arc;

use tokio::time::Instant;

use crate::metric_streams::wire::MessageList;
use crate::metric_streams::{Origin, Point, StreamId};
use crate::processors::dimensions::engine::{Engine, Waiting};
use crate::processors::dimensions::streams::{HandedOn, Merging};

/// What is to be done once the next component answered. Dropped without an answer, as when the client
/// went away, it does what a refusal asks for.
pub(in crate::processors::dimensions) struct Settling<'e, 'b> {
    engine: &'e Engine,
    origins: Vec<Origin<'b>>,
    series: Vec<UnsettledSeries>,
}

/// A merged series of the batch.
pub(super) struct UnsettledSeries {
    pub output: StreamId,
    /// The place of its metric.
    pub metric: usize,
    pub merging: Merging,
    pub attributes: MessageList,
    pub what: Unsettled,
}

/// What depends on the answer.
pub(super) enum Unsettled {
    /// A point in the batch: a refusal gives back what others had held back in it.
    HandedOn(HandedOn),
    /// Deltas of the batch that are not in it: they are kept if it is taken, and come again if not.
    Late(Point),
}

impl<'e, 'b> Settling<'e, 'b> {
    pub(super) const fn new(
        engine: &'e Engine,
        origins: Vec<Origin<'b>>,
        series: Vec<UnsettledSeries>,
    ) -> Self {
        Self { engine, origins, series }
    }

    /// True where the answer does not matter.
    pub const fn is_settled(&self) -> bool {
        self.series.is_empty()
    }

    /// The batch was taken.
    pub fn accept(mut self) {
        for series in std::mem::take(&mut self.series) {
            if let Unsettled::Late(_) = series.what {
                self.amend(series);
            }
        }
    }

    fn amend(&self, series: UnsettledSeries) {
        let UnsettledSeries { output, metric, merging, attributes, what } = series;
        let Some(origin) = self.origins.get(metric) else { return };
        self.engine.amend(
            output,
            |stream| match what {
                Unsettled::HandedOn(refused) => stream.take_back(refused),
                Unsettled::Late(late) => stream.hold_back(late),
            },
            || Waiting {
                since: Instant::now(),
                merging,
                origin: Arc::new(origin.to_owned_origin()),
                attributes,
            },
        );
    }
}

/// The batch was refused.
impl Drop for Settling<'_, '_> {
    fn drop(&mut self) {
        for series in std::mem::take(&mut self.series) {
            if let Unsettled::HandedOn(_) = series.what {
                self.amend(series);
            }
        }
    }
}
