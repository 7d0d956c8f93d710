//! Splitting a batch at any record, or any data point of a metric.
//!
//! Parts and resource groups that stay whole are shared, not copied. A resource group around a cut is
//! framed anew for each side: its resource, scope and metric headers are repeated, its records are sliced.

mod cutter;

use bytes::Bytes;

use self::cutter::Cutter;
use super::{Batch, item_count};

impl Batch {
    /// Takes a batch of at most `max_items` items off the front; less only where there are fewer.
    /// Zero is taken as one. The client is that of the whole batch.
    ///
    /// A part that has to be cut is cut at each multiple of `max_items` at once, so taking a batch apart
    /// piece by piece copies each record once, however many pieces there are.
    pub fn split_off_front(&mut self, max_items: usize) -> Self {
        self.split_front_to_fill(0, max_items)
    }

    /// As [`split_off_front`](Self::split_off_front), to fill up a batch that holds `held` items already:
    /// takes `max_items - held` items, and cuts what follows at multiples of `max_items`.
    pub fn split_front_to_fill(&mut self, held: usize, max_items: usize) -> Self {
        let limit = Limit::Items(max_items.max(1));
        let mut front = Size { items: held, bytes: 0 };
        if !front.plus(Size { items: self.items(), bytes: 0 }).exceeds(limit) {
            return self.take_all();
        }
        for (index, part) in self.parts().iter().enumerate() {
            let with_part = front.plus(Size::of_part(self, part));
            if with_part.exceeds(limit) {
                let pieces = Cutter::new(self.signal(), part, limit, front).cut();
                return self.take_pieces(index, front.items - held, pieces);
            }
            front = with_part;
        }
        self.take_all()
    }

    /// Takes a batch of at most `max_bytes` bytes off the front, cut between records; a single record
    /// that is longer goes out whole. The client is that of the whole batch.
    ///
    /// Only parts that are too long by themselves are cut, so the batch taken may be shorter than the
    /// next record would allow.
    pub fn split_front_bytes(&mut self, max_bytes: usize) -> Self {
        if self.bytes() <= max_bytes {
            return self.take_all();
        }
        let limit = Limit::Bytes(max_bytes);
        let mut front = Size::default();
        for (index, part) in self.parts().iter().enumerate() {
            let part_size = Size::of_part(self, part);
            let with_part = front.plus(part_size);
            if !with_part.exceeds(limit) {
                front = with_part;
                continue;
            }
            if index > 0 {
                return self.take_front(index, front.items);
            }
            let pieces = Cutter::new(self.signal(), part, limit, front).cut();
            return self.take_pieces(index, front.items, pieces);
        }
        self.take_all()
    }

    fn take_all(&mut self) -> Self {
        let nothing = Self::empty(self.signal()).with_client(self.client().cloned());
        std::mem::replace(self, nothing)
    }

    /// Puts the pieces of the part at `index` in its place and takes all up to the first of them.
    fn take_pieces(&mut self, index: usize, items_before: usize, pieces: Vec<Piece>) -> Self {
        let first = pieces.first();
        let part_count = index + first.map_or(0, |piece| piece.parts.len());
        let items = items_before + first.map_or(0, |piece| piece.items);
        self.replace_part(index, pieces.into_iter().flat_map(|piece| piece.parts));
        self.take_front(part_count, items)
    }
}

/// What a batch taken off the front may hold.
#[derive(Debug, Clone, Copy)]
enum Limit {
    Items(usize),
    Bytes(usize),
}

#[derive(Debug, Clone, Copy, Default)]
struct Size {
    items: usize,
    bytes: usize,
}

impl Size {
    fn of_part(batch: &Batch, part: &[u8]) -> Self {
        Self { items: item_count(batch.signal(), part), bytes: part.len() }
    }

    const fn plus(self, other: Self) -> Self {
        Self { items: self.items + other.items, bytes: self.bytes + other.bytes }
    }

    const fn exceeds(self, limit: Limit) -> bool {
        match limit {
            Limit::Items(most) => self.items > most,
            Limit::Bytes(most) => self.bytes > most,
        }
    }
}

/// What one batch gets of a part that was cut: request bodies that belong together.
#[derive(Debug, Default)]
struct Piece {
    parts: Vec<Bytes>,
    items: usize,
}

#[cfg(test)]
mod tests;
