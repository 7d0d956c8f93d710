//! A question about spans or log records: the blocks it has to look at, newest first, and what is common to finding
//! things in them.

use std::cell::OnceCell;

use super::block::bloom::may_have;
use super::block::rows::{Columns, Entry, attribute_hash};
use super::block_reading::{BlockReader, BlockSource, OwnColumn};
use super::block_tables::{BlockRow, blocks, with_filter};
use super::budget::Budget;
use super::database::{damaged, engine_error};
use super::read_connections::ReadConnection;
use super::signal_format::{Routed, SignalFormat};
use super::signal_store::SignalStore;
use super::view::View;
use crate::store::{Condition, Field, Filter, StoreError, Test, TimeRange};

/// A signal whose items are rows of blocks.
pub trait RecordFormat: SignalFormat {
    /// The columns of a block that is not yet written.
    fn columns(piece: &Self::Piece) -> &Columns;
    /// The filter of such a block.
    fn bloom(piece: &Self::Piece) -> &[u8];
    /// Which column a field is.
    fn own_column(field: &Field) -> Option<OwnColumn>;
    /// The times of the rows of a block.
    fn times(reader: &BlockReader<'_>) -> rusqlite::Result<Vec<u64>>;
    /// Appends the records of rows (ascending) as they came, and hands each to `take` with its row.
    fn write_rows(
        reader: &BlockReader<'_>,
        rows: &[usize],
        take: &mut dyn FnMut(usize, &[u8]),
    ) -> rusqlite::Result<()>;
    /// False where a further filter of a written block says that no row can fit.
    fn may_fit(_connection: &rusqlite::Connection, _block: i64, _filter: &Filter) -> rusqlite::Result<bool> {
        Ok(true)
    }
}

/// A question while it is answered: one view, and the connections to its files.
pub struct Question<'a, F: RecordFormat> {
    store: &'a SignalStore<F>,
    view: View<F>,
    /// By the place of the partition; none where the file is gone.
    connections: Vec<OnceCell<Option<ReadConnection>>>,
}

/// A block that a question may have to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockPlace {
    /// The place of its partition; past all partitions for blocks that are not yet written.
    pub partition: usize,
    /// Its number there.
    pub block: i64,
    /// How many items it has.
    pub items: u64,
    /// The time of the oldest.
    pub first_unix_nano: u64,
    /// The time of the newest.
    pub last_unix_nano: u64,
}

impl<'a, F: RecordFormat> Question<'a, F> {
    /// Begins to answer a question.
    pub fn new(store: &'a SignalStore<F>) -> Self {
        Self::of_view(store, store.view())
    }

    /// Begins to answer a question about a state seen before.
    pub fn of_view(store: &'a SignalStore<F>, view: View<F>) -> Self {
        let connections = view.partitions.iter().map(|_| OnceCell::new()).collect();
        Self { store, view, connections }
    }

    /// The state the question is about.
    pub const fn view(&self) -> &View<F> {
        &self.view
    }

    /// The blocks that may have items of `range`, in the order they were written.
    pub fn blocks(&self, range: TimeRange) -> Result<Vec<BlockPlace>, StoreError> {
        let mut places = Vec::new();
        for (place, partition) in self.view.partitions.iter().enumerate() {
            if !partition.overlaps(range) {
                continue;
            }
            let found = self.on_file(place, |connection| blocks(connection, self.view.last_cut, range))?;
            places.extend(found.unwrap_or_default().into_iter().map(|row| self.place_of(place, row)));
        }
        places.extend(self.open_blocks(range));
        Ok(places)
    }

    /// Those of them that are not yet written.
    pub fn open_blocks(&self, range: TimeRange) -> Vec<BlockPlace> {
        let row = |(id, piece): (i64, &Routed<F::Piece>)| BlockRow {
            id,
            items: piece.items,
            first_unix_nano: piece.first_unix_nano,
            last_unix_nano: piece.last_unix_nano,
        };
        let rows = (0..).zip(self.view.open.pieces()).map(row).filter(|row| row.overlaps(range));
        rows.map(|row| self.place_of(self.view.partitions.len(), row)).collect()
    }

    /// The same with those that have the newest items first.
    pub fn newest_blocks(&self, range: TimeRange) -> Result<Vec<BlockPlace>, StoreError> {
        let mut places = self.blocks(range)?;
        places.sort_by_key(|place| std::cmp::Reverse((place.last_unix_nano, place.partition, place.block)));
        Ok(places)
    }

    /// Runs `look` on the file of a partition by its place; none where the file is gone or what is looked at damaged.
    pub fn on_file<T>(
        &self,
        place: usize,
        look: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let (Some(cell), Some(partition)) = (self.connections.get(place), self.view.partitions.get(place))
        else {
            return Ok(None);
        };
        if cell.get().is_none() {
            // Nobody else sets it: a question is answered by one thread.
            let _ = cell.set(self.store.connection(partition)?);
        }
        let Some(Some(connection)) = cell.get() else { return Ok(None) };
        let looked = look(connection).map_err(|error| engine_error(&partition.path, &error));
        self.store.without_damage(partition, looked)
    }

    /// Runs `look` on a block; none where its file is gone or it is damaged.
    pub fn on_block<T>(
        &self,
        place: BlockPlace,
        budget: &Budget<'_>,
        look: impl FnOnce(&BlockReader<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        if let Some(piece) = self.open_piece(place) {
            let read = || look(&BlockReader::open(BlockSource::Open(F::columns(piece)), budget)?);
            return read().map(Some).map_err(|error| StoreError::Engine(error.to_string()));
        }
        self.on_file(place.partition, |connection| {
            let reader = BlockReader::open(BlockSource::File { connection, block: place.block }, budget)?;
            if reader.rows() as u64 != place.items {
                return Err(damaged());
            }
            look(&reader)
        })
    }

    /// False where the filters of a block say that no row of it fits.
    pub fn may_fit(
        &self,
        place: BlockPlace,
        budget: &Budget<'_>,
        sought: &Sought<'_>,
    ) -> Result<bool, StoreError> {
        if let Some(piece) = self.open_piece(place) {
            return Ok(sought.may_be_in(F::bloom(piece)));
        }
        let may_fit = self.on_file(place.partition, |connection| {
            if !sought.entries.is_empty() {
                let look = |bloom: &[u8]| {
                    budget.spend(bloom.len());
                    sought.may_be_in(bloom)
                };
                if with_filter(connection, place.block, look)? == Some(false) {
                    return Ok(false);
                }
            }
            F::may_fit(connection, place.block, sought.filter)
        })?;
        Ok(may_fit.unwrap_or(false))
    }

    /// The piece of a block that is not yet written.
    pub fn open_piece(&self, place: BlockPlace) -> Option<&F::Piece> {
        if place.partition < self.view.partitions.len() {
            return None;
        }
        let number = usize::try_from(place.block).ok()?;
        self.view.open.pieces().get(number).map(|piece| &piece.piece)
    }

    /// Calls `visit` with every block that has rows in `range` that fit, and which of them do; the newest first, as long
    /// as the budget lasts.
    pub fn for_each_fitting(
        &self,
        range: TimeRange,
        filter: &Filter,
        budget: &Budget<'_>,
        mut visit: impl FnMut(&BlockReader<'_>, &[bool]) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        let sought = Sought::new::<F>(filter);
        for place in self.newest_blocks(range)? {
            if !budget.may_go_on() {
                break;
            }
            if !self.may_fit(place, budget, &sought)? {
                continue;
            }
            self.on_block(place, budget, |reader| {
                let selected = select::<F>(reader, place, range, filter)?;
                if selected.contains(&true) {
                    visit(reader, &selected)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// A block of a partition by its place.
    pub const fn place_of(&self, partition: usize, row: BlockRow) -> BlockPlace {
        let BlockRow { id, items, first_unix_nano, last_unix_nano } = row;
        BlockPlace { partition, block: id, items, first_unix_nano, last_unix_nano }
    }
}

/// The rows of a block that lie in `range` and fit. Times are only read where some of them may lie outside.
pub fn select<F: RecordFormat>(
    reader: &BlockReader<'_>,
    place: BlockPlace,
    range: TimeRange,
    filter: &Filter,
) -> rusqlite::Result<Vec<bool>> {
    let is_within = range.contains(place.first_unix_nano) && range.contains(place.last_unix_nano);
    let mut selected = if is_within {
        vec![true; reader.rows()]
    } else {
        F::times(reader)?.into_iter().map(|time| range.contains(time)).collect()
    };
    for condition in &filter.conditions {
        if !selected.contains(&true) {
            break;
        }
        reader.select(condition, F::own_column(&condition.field), &mut selected)?;
    }
    Ok(selected)
}

/// What a block's filter must have for rows of the block to fit.
pub struct Sought<'a> {
    filter: &'a Filter,
    entries: Vec<u64>,
}

impl<'a> Sought<'a> {
    /// What a filter seeks.
    pub fn new<F: RecordFormat>(filter: &'a Filter) -> Self {
        let is_of_logs = F::SIGNAL == crate::otlp::Signal::Logs;
        let entry = |condition: &Condition| match (&condition.field, &condition.test) {
            _ if condition.negated => None,
            (Field::Attribute(key), Test::Equals(text)) => Some(attribute_hash(key.as_bytes(), text)),
            (Field::Service, Test::Equals(text)) => Some(Entry::Service.hash(text.as_bytes())),
            (Field::Name, Test::Equals(text)) => Some(Entry::Name.hash(text.as_bytes())),
            (Field::Scope, Test::Equals(text)) => Some(Entry::Scope.hash(text.as_bytes())),
            (Field::TraceId, Test::Equals(text)) if is_of_logs => {
                Some(Entry::TraceId.hash(&bytes_of_hexadecimal(text)?))
            }
            _ => None,
        };
        Self { filter, entries: filter.conditions.iter().filter_map(entry).collect() }
    }

    fn may_be_in(&self, bloom: &[u8]) -> bool {
        self.entries.iter().all(|entry| may_have(bloom, *entry))
    }
}

/// The bytes that lower-case hexadecimal digits stand for; none for any other text.
pub fn bytes_of_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

/// The places of rows that are selected.
pub fn rows_of(selected: &[bool]) -> impl Iterator<Item = usize> {
    selected.iter().enumerate().filter(|(_, is_selected)| **is_selected).map(|(row, _)| row)
}

/// The same as a list.
pub fn selected_rows(selected: &[bool]) -> Vec<usize> {
    rows_of(selected).collect()
}
