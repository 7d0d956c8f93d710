//! Writes items that were found one by one as an OTLP request again, under the headers they stood under.

use bytes::Bytes;

use crate::otlp::wire::{put_fields, put_length_delimited};
use crate::otlp::{Batch, ResourceGroup, ScopeGroup, Signal};

/// One level above an item: a resource group, a scope group, a metric or a metric's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level<'a> {
    /// The number of the field in the message above.
    pub field_number: u32,
    /// Everything in the message but the list that leads to the items, encoded.
    pub header: &'a [u8],
}

/// Resource group, scope group and metric.
const LEVELS_TO_METRIC: usize = 3;

/// A request that grows by items. Neighbours under the same headers share them.
#[derive(Debug)]
pub struct GroupedItems {
    signal: Signal,
    body: Vec<u8>,
    /// The messages that are open, the outermost first.
    open: Vec<OpenLevel>,
    items: usize,
}

#[derive(Debug)]
struct OpenLevel {
    field_number: u32,
    header_length: usize,
    /// The header and what was written behind it.
    message: Vec<u8>,
}

impl GroupedItems {
    /// A request without items.
    pub const fn new(signal: Signal) -> Self {
        Self { signal, body: Vec::new(), open: Vec::new(), items: 0 }
    }

    /// How many items it has.
    pub const fn items(&self) -> usize {
        self.items
    }

    /// Appends an item under `levels`, the outermost first.
    pub fn push(&mut self, levels: &[Level<'_>], field_number: u32, item: &[u8]) {
        let mut same = self.open.iter().zip(levels).take_while(|(open, level)| open.is(level)).count();
        if same == LEVELS_TO_METRIC && same < levels.len() {
            // A metric has room for one message with data.
            same -= 1;
        }
        if same < levels.len() {
            self.close_from(same);
            for level in levels.iter().skip(same) {
                self.open.push(OpenLevel {
                    field_number: level.field_number,
                    header_length: level.header.len(),
                    message: level.header.to_vec(),
                });
            }
        }
        let message = self.open.last_mut().map_or(&mut self.body, |open| &mut open.message);
        put_length_delimited(message, field_number, item);
        self.items += 1;
    }

    /// Appends a span or a log record that stood in these groups.
    pub fn push_record(&mut self, resource_group: &[u8], scope_group: &[u8], record: &[u8]) {
        let (resource_header, scope_header) = (group_header(resource_group), group_header(scope_group));
        let levels = [
            Level { field_number: 1, header: &resource_header },
            Level { field_number: 2, header: &scope_header },
        ];
        self.push(&levels, 2, record);
    }

    /// The batch of all items.
    pub fn into_batch(mut self) -> Batch {
        self.close_from(0);
        if self.items == 0 {
            return Batch::empty(self.signal);
        }
        Batch::from_valid_part(self.signal, Bytes::from(self.body), self.items)
    }

    fn close_from(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(closed) = self.open.pop() else {
                return;
            };
            let above = self.open.last_mut().map_or(&mut self.body, |open| &mut open.message);
            put_length_delimited(above, closed.field_number, &closed.message);
        }
    }
}

impl OpenLevel {
    fn is(&self, level: &Level<'_>) -> bool {
        self.field_number == level.field_number
            && self.message.get(..self.header_length) == Some(level.header)
    }
}

/// A resource group without its scope groups, or a scope group without its records.
pub fn group_header(group: &[u8]) -> Vec<u8> {
    let mut header = Vec::new();
    put_fields(&mut header, group, |number, _| number != 2);
    header
}

/// Calls `visit` with the groups around every scope group of a batch.
pub fn for_each_scope_group<'a>(batch: &'a Batch, mut visit: impl FnMut(ResourceGroup<'a>, ScopeGroup<'a>)) {
    for resource_group in batch.resource_groups() {
        for scope_group in resource_group.scope_groups {
            visit(resource_group, scope_group);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::otlp::{MetricData, validate};

    #[test]
    fn a_metric_with_other_data_is_another_metric() {
        let mut grouped = GroupedItems::new(Signal::Metrics);
        for data_header in [[0x10, 1], [0x10, 2]] {
            let levels = [
                Level { field_number: 1, header: &[] },
                Level { field_number: 2, header: &[] },
                Level { field_number: 2, header: b"\x0a\x01m" },
                Level { field_number: 7, header: &data_header },
            ];
            grouped.push(&levels, 1, &[]);
            grouped.push(&levels, 1, &[]);
        }
        let mut found = Vec::new();
        for_each_scope_group(&grouped.into_batch(), |_, scope_group| {
            for metric in scope_group.metrics() {
                if let MetricData::Sum { data_points, aggregation_temporality, .. } = metric.data {
                    found.push((aggregation_temporality, data_points.count()));
                }
            }
        });
        assert_eq!(found, [(1, 2), (2, 2)]);
    }

    proptest! {
        #[test]
        fn items_written_one_by_one_are_a_valid_request_in_the_same_order(
            items in prop::collection::vec((0_u8..3, 0_u8..3, 0_u8..200), 0..30),
        ) {
            let schema = |url: u8| vec![0x1a, 1, b'a' + url];
            let mut grouped = GroupedItems::new(Signal::Logs);
            for (resource, scope, length) in &items {
                let mut record = Vec::new();
                put_length_delimited(&mut record, 12, &vec![b'x'; usize::from(*length)]);
                grouped.push_record(&schema(*resource), &schema(*scope), &record);
            }
            let batch = grouped.into_batch();
            let mut found = Vec::new();
            let mut groups: Vec<Vec<u8>> = Vec::new();
            for_each_scope_group(&batch, |resource_group, scope_group| {
                let urls = [resource_group.schema_url, scope_group.schema_url].map(|url| url.as_bytes()[0] - b'a');
                groups.push(urls.to_vec());
                for record in scope_group.log_records() {
                    found.push((urls[0], urls[1], u8::try_from(record.event_name.as_bytes().len()).unwrap()));
                }
            });
            groups.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1]));
            prop_assert_eq!(batch.items(), items.len());
            for part in batch.parts() {
                prop_assert_eq!(validate(Signal::Logs, part), Ok(items.len()));
            }
            prop_assert_eq!(found, items);
        }
    }
}
