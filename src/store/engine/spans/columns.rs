//! The numbers of the columns of spans, and the codes in that of their parents. Part of the format.

/// When the span began; the others by the names of their fields.
pub const START: u16 = 3;
pub const DURATION: u16 = 4;
pub const KIND: u16 = 5;
pub const STATUS_CODE: u16 = 6;
pub const STATUS_MESSAGE: u16 = 7;
pub const NAME: u16 = 8;
pub const TRACE_ID: u16 = 9;
pub const SPAN_ID: u16 = 10;
/// The parent as the distance to its row, or one of the codes below.
pub const PARENT_ROW: u16 = 11;
/// The ids of parents that are in no row, in order.
pub const PARENT_ID: u16 = 12;
pub const TRACE_STATE: u16 = 13;
pub const FLAGS: u16 = 14;
pub const DROPPED_ATTRIBUTES: u16 = 15;
pub const DROPPED_EVENTS: u16 = 16;
pub const DROPPED_LINKS: u16 = 17;
/// Events as they lie in the span.
pub const EVENTS: u16 = 18;
/// Links as they lie in the span.
pub const LINKS: u16 = 19;
/// Fields that OTLP does not know, as they lie in the span.
pub const EXTRA: u16 = 20;

/// In [`PARENT_ROW`]: the span has no parent.
pub const NO_PARENT: u64 = 0;
/// In [`PARENT_ROW`]: the next of [`PARENT_ID`] is the parent.
pub const PARENT_ELSEWHERE: u64 = 1;

/// In [`PARENT_ROW`]: the parent is in another row of the block, or the same.
pub const fn parent_distance(row: usize, parent_row: usize) -> u64 {
    let distance = (row as u64).wrapping_sub(parent_row as u64).cast_signed();
    ((distance << 1) ^ (distance >> 63)).cast_unsigned() + 2
}

/// The row that [`parent_distance`] means.
pub const fn parent_row(row: usize, code: u64) -> u64 {
    let zigzag = code.wrapping_sub(2);
    let distance = (zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed());
    (row as u64).wrapping_sub(distance.cast_unsigned())
}
