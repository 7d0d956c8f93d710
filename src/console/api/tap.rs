//! A look at what passes an edge of the graph.

use std::sync::Arc;

use serde::Serialize;

use crate::console::Console;
use crate::console::answer::ApiError;
use crate::console::asked::Asked;
use crate::console::event_stream::EventSender;
use crate::console::router::Produce;
use crate::otlp::json::encode_json;
use crate::otlp::{Batch, MetricData, MetricView, Signal};
use crate::pipeline::tap::TapReader;
use crate::store::Filter;
use crate::store::filter::matching::{ItemView, PlacedItem};

/// Data of the event `items`.
#[derive(Debug, Serialize)]
struct TappedItems {
    /// Each an OTLP/JSON document with one item.
    items: Vec<String>,
    /// How many passed that are not shown.
    skipped: u64,
}

/// Items of a sample.
const SHOWN_ITEMS: usize = 20;

/// Items of a batch that are looked at for those that fit a query.
const SEARCHED_ITEMS: usize = 1_000;

/// Bytes of all items of a sample as JSON, five samples a second being 64 KiB.
const SHOWN_BYTES: usize = 64 * 1024 / 5;

/// Samples of what passes the edge.
pub fn tap(console: &Arc<Console>, asked: &Asked<'_>) -> Result<Produce, ApiError> {
    let id = asked.text("edge").ok_or_else(|| {
        ApiError::bad_request("edge must say which edge is meant; /pipelines lists them.".to_owned())
    })?;
    let edge = console.service.edges.iter().find(|edge| edge.id == id);
    let edge = edge.ok_or_else(|| ApiError::not_found(format!("There is no edge {id:?}.")))?;
    let filter = asked.filter(edge.signal)?;
    let searched = if filter.conditions.is_empty() { SHOWN_ITEMS } else { SEARCHED_ITEMS };
    let tap = Arc::clone(&edge.tap);
    Ok(Box::new(move |sender| Box::pin(send_samples(tap.open(searched), filter, sender))))
}

async fn send_samples(mut reader: TapReader, filter: Filter, sender: EventSender) {
    while let Some(sample) = reader.next().await {
        let looked_at = sample.items() as u64;
        let items = shown(sample, &filter);
        let skipped = reader.take_skipped() + looked_at - items.len() as u64;
        sender.send("items", &TappedItems { items, skipped }).await;
    }
}

/// The first items that fit, each as a document.
fn shown(mut sample: Batch, filter: &Filter) -> Vec<String> {
    let mut items = Vec::new();
    let mut bytes = 0;
    while !sample.is_empty() && items.len() < SHOWN_ITEMS && bytes < SHOWN_BYTES {
        let item = sample.split_off_front(1);
        if fits(&item, filter) {
            let document = String::from_utf8(encode_json(&item)).unwrap_or_default();
            bytes += document.len();
            // One item may be longer than all that is shown.
            items.push(if document.len() > SHOWN_BYTES {
                document.chars().take(SHOWN_BYTES / 4).collect()
            } else {
                document
            });
        }
    }
    items
}

/// True where the only item of the batch fits.
fn fits(item: &Batch, filter: &Filter) -> bool {
    item.resource_groups().any(|group| {
        group.scope_groups.iter().any(|scope_group| {
            let fits = |item: ItemView<'_>| {
                filter.fits(PlacedItem { resource: &group.resource, scope: &scope_group.scope, item })
            };
            match item.signal() {
                Signal::Traces => scope_group.spans().any(|span| fits(ItemView::Span(&span))),
                Signal::Logs => scope_group.log_records().any(|record| fits(ItemView::LogRecord(&record))),
                Signal::Metrics => scope_group.metrics().any(|metric| any_point(&metric, fits)),
            }
        })
    })
}

fn any_point(metric: &MetricView<'_>, fits: impl Fn(ItemView<'_>) -> bool) -> bool {
    match metric.data {
        MetricData::Empty => false,
        MetricData::Gauge { data_points } | MetricData::Sum { data_points, .. } => {
            data_points.iter().any(|point| fits(ItemView::DataPoint(point.attributes)))
        }
        MetricData::Histogram { data_points, .. } => {
            data_points.iter().any(|point| fits(ItemView::DataPoint(point.attributes)))
        }
        MetricData::ExponentialHistogram { data_points, .. } => {
            data_points.iter().any(|point| fits(ItemView::DataPoint(point.attributes)))
        }
        MetricData::Summary { data_points } => {
            data_points.iter().any(|point| fits(ItemView::DataPoint(point.attributes)))
        }
    }
}
