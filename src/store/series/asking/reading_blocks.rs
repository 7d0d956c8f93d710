//! The blocks that a question reads, the newest first.

use std::cmp::Reverse;
use std::time::Instant;

use rusqlite::{Connection, params};

use crate::store::engine::engine_error;
use crate::store::engine::partition::Partition;
use crate::store::series::piece::{
    BlockContents, BlockHeader, BlockSeries, Chunk, MetricBlock, ReadTimes, damaged,
};
use crate::store::series::{MetricPiece, SeriesStore};
use crate::store::{Cut, Limits, StoreError, TimeRange};

/// A block that is read: what is in it, the lists of times of its piece, and its chunks, which many questions do not
/// look at.
pub(super) struct ReadBlock<'a> {
    pub contents: BlockContents<'a>,
    pub times: &'a ReadTimes,
    pub packed_data: &'a [u8],
    /// Blocks that are read after this one have no later points.
    pub latest_of_rest: u64,
}

/// What a question reads of each block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted<'n> {
    /// Everything in blocks of this metric name.
    Name(&'n str),
    /// The headers of blocks of this metric name.
    HeadersOf(&'n str),
    /// Everything in all blocks.
    Everything,
    /// The headers of all blocks.
    Headers,
}

/// Looks at a block; what is answered with a limit is read no further.
type Visit<'v> = dyn FnMut(&ReadBlock<'_>) -> Result<(), Stop> + 'v;

/// Why reading stopped.
pub(super) enum Stop {
    /// There is enough.
    Cut(Cut),
    /// It failed.
    Store(StoreError),
    /// A file could not be read.
    Database(rusqlite::Error),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl SeriesStore {
    /// Reads all blocks that are wanted, the newest first. Answers why not all were read, where a limit cut it.
    pub(super) fn read_blocks(
        &self,
        wanted: Wanted<'_>,
        range: TimeRange,
        limits: &Limits,
        visit: &mut Visit<'_>,
    ) -> Result<Option<Cut>, StoreError> {
        // A piece put together of cuts before and after the view would be of neither.
        let _as_they_are = self.pieces_stay.read();
        let view = self.signal.view();
        let mut reading = Reading { wanted, range, limits, bytes: 0, visit };
        let mut partitions: Vec<&Partition> = view.partitions_in(range).collect();
        partitions.sort_by_key(|partition| Reverse(partition.last_unix_nano));
        let latest = |rest: &[&Partition]| rest.first().map_or(0, |partition| partition.last_unix_nano);
        let pieces = view.open.pieces().iter().map(|routed| &routed.piece);
        match reading.read_open(pieces, latest(&partitions)) {
            Err(Stop::Store(error)) => return Err(error),
            Err(Stop::Database(error)) => return Err(StoreError::Engine(error.to_string())),
            Err(Stop::Cut(cut)) => return Ok(Some(cut)),
            Ok(()) => {}
        }
        while let Some((partition, rest)) = partitions.split_first() {
            let read = self.signal.read(partition, |connection| {
                match reading.read_file(connection, view.last_cut, latest(rest)) {
                    Err(Stop::Store(error)) => Err(error),
                    Err(Stop::Database(error)) => Err(engine_error(&partition.path, &error)),
                    Err(Stop::Cut(cut)) => Ok(Some(cut)),
                    Ok(()) => Ok(None),
                }
            })?;
            if let Some(Some(cut)) = read {
                return Ok(Some(cut));
            }
            partitions.remove(0);
        }
        Ok(None)
    }
}

/// A question on its way through the blocks.
struct Reading<'r, 'v> {
    wanted: Wanted<'r>,
    range: TimeRange,
    limits: &'r Limits,
    bytes: u64,
    visit: &'r mut Visit<'v>,
}

/// Where a block lies in its file.
struct PlacedBlock {
    id: i64,
    piece: i64,
    first: u64,
    last: u64,
}

impl Reading<'_, '_> {
    /// Reads what is not yet in a file, while files have points up to `latest_of_files`.
    fn read_open<'p>(
        &mut self,
        pieces: impl Iterator<Item = &'p MetricPiece>,
        latest_of_files: u64,
    ) -> Result<(), Stop> {
        let is_wanted =
            |block: &MetricBlock| self.wanted.has(&block.name) && self.range.meets(block.first, block.last);
        let mut blocks: Vec<(&MetricPiece, &MetricBlock)> = pieces
            .flat_map(|piece| piece.blocks.iter().map(move |block| (piece, block)))
            .filter(|(_, block)| is_wanted(block))
            .collect();
        blocks.sort_by_key(|(_, block)| Reverse(block.last));
        let mut times: (Option<*const MetricPiece>, ReadTimes) = (None, ReadTimes::default());
        for (at, (piece, block)) in blocks.iter().enumerate() {
            self.spend(block.header.len() + block.data.len())?;
            if times.0 != Some(std::ptr::from_ref(*piece)) {
                times = (Some(std::ptr::from_ref(*piece)), ReadTimes::unpack(&piece.times)?);
            }
            let next = blocks.get(at + 1).map_or(0, |(_, block)| block.last);
            self.visit(&times.1, &block.header, &block.data, next.max(latest_of_files))?;
        }
        Ok(())
    }

    /// Reads the file behind `connection`, while others have points up to `latest_of_others`.
    fn read_file(
        &mut self,
        connection: &Connection,
        last_cut: u64,
        latest_of_others: u64,
    ) -> Result<(), Stop> {
        let (condition, name) = match self.wanted {
            Wanted::Name(name) | Wanted::HeadersOf(name) => ("name = ?2", name.as_bytes()),
            Wanted::Everything | Wanted::Headers => ("?2 IS NOT NULL", &b""[..]),
        };
        let data = match self.wanted {
            Wanted::Headers | Wanted::HeadersOf(_) => "x''",
            Wanted::Name(_) | Wanted::Everything => "data",
        };
        let mut statement = connection.prepare_cached(&format!(
            "SELECT metric_block.id, piece, first_unix_nano, last_unix_nano FROM metric_block
             JOIN piece ON piece.id = piece WHERE cut <= ?1 AND {condition}"
        ))?;
        let mut blocks: Vec<PlacedBlock> = statement
            .query_map(params![last_cut.cast_signed(), name], |row| {
                let (first, last): (i64, i64) = (row.get(2)?, row.get(3)?);
                let (first, last) = (first.cast_unsigned(), last.cast_unsigned());
                Ok(PlacedBlock { id: row.get(0)?, piece: row.get(1)?, first, last })
            })?
            .collect::<rusqlite::Result<_>>()?;
        blocks.retain(|block| self.range.meets(block.first, block.last));
        // Those of a piece one after the other where that is no matter, so that its lists of times are unpacked once.
        match self.wanted {
            Wanted::Name(_) => blocks.sort_by_key(|block| Reverse(block.last)),
            _ => blocks.sort_by_key(|block| (Reverse(block.piece), block.id)),
        }
        let (mut times, mut damage) = ((None, ReadTimes::default()), None);
        for (at, block) in blocks.iter().enumerate() {
            let (header, data): (Vec<u8>, Vec<u8>) = connection
                .prepare_cached(&format!("SELECT header, {data} FROM metric_block WHERE id = ?"))?
                .query_row([block.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
            self.spend(header.len() + data.len())?;
            if times.0 != Some(block.piece) {
                let encoded: Vec<u8> = connection
                    .prepare_cached("SELECT times FROM piece WHERE id = ?")?
                    .query_row([block.piece], |row| row.get(0))?;
                // Without its times each block is found to be damaged below.
                times = (Some(block.piece), ReadTimes::unpack(&encoded).unwrap_or_default());
            }
            let next = blocks.get(at + 1).map_or(0, |block| block.last);
            match self.visit(&times.1, &header, &data, next.max(latest_of_others)) {
                Err(Stop::Store(StoreError::Damaged(what))) => damage = Some(what),
                visited => visited?,
            }
        }
        // Said when the others have been read.
        damage.map_or(Ok(()), |damage| Err(StoreError::Damaged(damage).into()))
    }

    fn visit(
        &mut self,
        times: &ReadTimes,
        header: &[u8],
        data: &[u8],
        latest_of_rest: u64,
    ) -> Result<(), Stop> {
        let header = BlockHeader::unpack(header)?;
        (self.visit)(&ReadBlock { contents: header.contents()?, times, packed_data: data, latest_of_rest })
    }

    /// Stops where no more may be read.
    fn spend(&mut self, bytes: usize) -> Result<(), Stop> {
        let before = self.bytes;
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if before > 0 && self.bytes > self.limits.bytes {
            return Err(Stop::Cut(Cut::Bytes));
        }
        if self.limits.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Stop::Cut(Cut::Time));
        }
        Ok(())
    }
}

/// Calls `visit` with each chunk of a block that may have points in `range`.
pub(super) fn for_each_chunk<'a>(
    block: &ReadBlock<'a>,
    range: TimeRange,
    mut visit: impl FnMut(&Chunk, BlockSeries<'a>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    for chunk in block.contents.chunks.iter().filter(|chunk| chunk.overlaps(range)) {
        visit(chunk, block.contents.series(chunk).ok_or_else(damaged)?)?;
    }
    Ok(())
}

impl Wanted<'_> {
    fn has(self, name: &[u8]) -> bool {
        match self {
            Self::Name(wanted) | Self::HeadersOf(wanted) => wanted.as_bytes() == name,
            Self::Everything | Self::Headers => true,
        }
    }
}
