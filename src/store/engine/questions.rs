//! The questions of the store's contract, answered from blocks.

pub mod logs;
pub mod records;
pub mod requests;
pub mod traces;

use super::block::rows::group_levels;
use super::block_reading::BlockReader;
use crate::store::grouped_items::GroupedItems;

/// Appends the record of a row under its resource and scope.
fn push_row(items: &mut GroupedItems, reader: &BlockReader<'_>, row: usize, record: &[u8]) {
    items.push(&group_levels(reader.group_header(reader.group(row))), 2, record);
}
