//! Pieces in a partition file: written, and put together when there are many small ones.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::collecting::{Collecting, Moment, OtherPoint};
use super::piece::{BlockHeader, ChunkPoint, MetricPiece, ReadTimes, unpack};
use super::taking_apart::Number;
use crate::store::StoreError;

/// How many pieces of one level are put together to one of the next.
const PIECES_TOGETHER: u32 = 8;

/// Chunks of so many points on average are long enough.
const POINTS_OF_A_CHUNK: u64 = 100;

/// Pieces of so many points are large enough.
const POINTS_OF_A_PIECE: u64 = 512 * 1024;

/// The level of pieces that stay as they are.
const HIGHEST_LEVEL: u32 = 6;

/// The level a new piece has.
pub(super) const fn level_of(piece: &MetricPiece) -> u32 {
    if is_large(piece) { HIGHEST_LEVEL } else { 0 }
}

const fn is_large(piece: &MetricPiece) -> bool {
    piece.points >= POINTS_OF_A_PIECE || piece.points >= piece.series * POINTS_OF_A_CHUNK
}

/// Writes a piece.
pub(super) fn insert(
    transaction: &Transaction<'_>,
    cut: u64,
    level: u32,
    piece: &MetricPiece,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT INTO piece(cut, level, points, times) VALUES(?, ?, ?, ?)")?
        .execute(params![cut.cast_signed(), level, piece.points.cast_signed(), piece.times])?;
    let id = transaction.last_insert_rowid();
    let mut statement = transaction.prepare_cached(
        "INSERT INTO metric_block(piece, name, first_unix_nano, last_unix_nano, points, header, data)
         VALUES(?, ?, ?, ?, ?, ?, ?)",
    )?;
    for block in &piece.blocks {
        statement.execute(params![
            id,
            block.name,
            block.first.cast_signed(),
            block.last.cast_signed(),
            block.points.cast_signed(),
            block.header,
            block.data
        ])?;
    }
    Ok(())
}

/// Puts small pieces together while there are many. Those of the newest cut stay: it may yet be undone.
pub(super) fn tidy(connection: &mut Connection) -> rusqlite::Result<()> {
    for level in 0..HIGHEST_LEVEL {
        let transaction = connection.transaction()?;
        let pieces: Vec<(i64, i64)> = transaction
            .prepare_cached(
                "SELECT id, cut FROM piece WHERE level = ?1 AND cut < (SELECT max(cut) FROM piece)
                 ORDER BY cut LIMIT ?2",
            )?
            .query_map(params![level, PIECES_TOGETHER], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        if pieces.len() < PIECES_TOGETHER as usize {
            continue;
        }
        let mut encoded = Vec::new();
        for (id, ..) in &pieces {
            encoded.push(read_piece(&transaction, *id)?);
        }
        let Ok(together) = put_together(&encoded) else {
            // What cannot be read stays as it is, for whoever can.
            transaction.execute("UPDATE piece SET level = ? WHERE level = ?", [HIGHEST_LEVEL, level])?;
            transaction.commit()?;
            tracing::error!("The store found a damaged block of metrics and leaves it as it is.");
            continue;
        };
        for (id, ..) in &pieces {
            transaction.execute("DELETE FROM metric_block WHERE piece = ?", [id])?;
            transaction.execute("DELETE FROM piece WHERE id = ?", [id])?;
        }
        let cut = pieces.iter().map(|(_, cut)| *cut).max().unwrap_or_default();
        let level = if is_large(&together) { HIGHEST_LEVEL } else { level + 1 };
        insert(&transaction, cut.cast_unsigned(), level, &together)?;
        transaction.commit()?;
    }
    Ok(())
}

/// A piece as it lies in its file.
struct EncodedPiece {
    times: Vec<u8>,
    /// Header and data of each block.
    blocks: Vec<(Vec<u8>, Vec<u8>)>,
}

fn read_piece(connection: &Connection, id: i64) -> rusqlite::Result<EncodedPiece> {
    let times = connection
        .query_row("SELECT times FROM piece WHERE id = ?", [id], |row| row.get(0))
        .optional()?
        .unwrap_or_default();
    let blocks = connection
        .prepare_cached("SELECT header, data FROM metric_block WHERE piece = ? ORDER BY id")?
        .query_map([id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(EncodedPiece { times, blocks })
}

/// One piece with the points of all.
fn put_together(pieces: &[EncodedPiece]) -> Result<MetricPiece, StoreError> {
    let mut unpacked = Vec::new();
    for piece in pieces {
        let times = ReadTimes::unpack(&piece.times)?;
        let mut blocks = Vec::new();
        for (header, data) in &piece.blocks {
            blocks.push((BlockHeader::unpack(header)?, unpack(data)?));
        }
        unpacked.push((times, blocks));
    }
    let mut collecting = Collecting::default();
    for (times, blocks) in &unpacked {
        for (header, data) in blocks {
            let contents = header.contents()?;
            for chunk in &contents.chunks {
                let Some(of) = contents.series(chunk) else {
                    return Err(super::piece::damaged());
                };
                let above = collecting.series.above([of.resource, of.scope, of.metric]);
                let series = collecting.series.number_of(above, of.attributes);
                chunk.for_each_point(times, data, |time, start, value| {
                    let number = match value {
                        ChunkPoint::Integer(value) => Number::Integer(value.cast_unsigned()),
                        ChunkPoint::Double(bits) => Number::Double(bits),
                        ChunkPoint::Other(bytes) => {
                            collecting.others.push(OtherPoint { series, time, bytes: bytes.to_vec().into() });
                            return;
                        }
                    };
                    collecting.push_number(series, Moment { time, start }, number);
                })?;
            }
        }
    }
    Ok(MetricPiece::of(&collecting))
}
