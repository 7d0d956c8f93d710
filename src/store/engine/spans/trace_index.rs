//! Which blocks have spans of a trace.
//!
//! Each block has a sorted list of the hashes of its traces. Looking through all of them would take longer with every
//! block, and a table with a row for each trace would dirty a page for each; so whenever there are enough lists they
//! are merged into one *run*, in chunks that are found by their first hash.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::otlp::wire::{put_varint, read_varint};
use crate::store::engine::block::byte_hash::hash_bytes;

/// The tables of the index.
pub const TABLES: &str = "
    CREATE TABLE block_traces(block INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
    CREATE TABLE trace_run(
        run INTEGER NOT NULL, first_hash INTEGER NOT NULL, entries BLOB NOT NULL, PRIMARY KEY(run, first_hash)
    ) WITHOUT ROWID;";

/// How many lists make a run.
const LISTS_PER_RUN: i64 = 64;

/// How many entries a chunk of a run has, or a few more where the last hash has more blocks.
const ENTRIES_PER_CHUNK: usize = 1_024;

/// Of so many traces each is looked up for itself; with more it is quicker to go over a whole run.
const MOST_LOOKED_UP_APART: usize = 12;

/// What the index has of a trace id.
pub fn trace_hash(trace_id: &[u8]) -> u32 {
    (hash_bytes(trace_id) >> 32) as u32
}

/// Adds the list of a block, sorted.
pub fn insert(transaction: &Transaction<'_>, block: i64, hashes: &[u32]) -> rusqlite::Result<()> {
    let mut packed = Vec::with_capacity(hashes.len() * 3);
    let mut before = 0;
    for hash in hashes {
        put_varint(&mut packed, u64::from(hash - before));
        before = *hash;
    }
    transaction.prepare_cached("INSERT INTO block_traces VALUES(?, ?)")?.execute(params![block, packed])?;
    Ok(())
}

/// The blocks that may have spans of a trace whose hash is among `hashes`, in order.
///
/// Every run has to be looked at, so this is about as dear for a hundred traces as for ten.
pub fn blocks_of(connection: &Connection, mut hashes: Vec<u32>) -> rusqlite::Result<Vec<i64>> {
    hashes.sort_unstable();
    hashes.dedup();
    let mut blocks = BTreeSet::new();
    // `SELECT DISTINCT run` would read the whole index.
    let mut next_run =
        connection.prepare_cached("SELECT run FROM trace_run WHERE run > ? ORDER BY run LIMIT 1")?;
    let mut run = i64::MIN;
    while let Some(next) = next_run.query_row([run], |row| row.get(0)).optional()? {
        run = next;
        let together = if hashes.len() > MOST_LOOKED_UP_APART { hashes.len() } else { 1 };
        for some in hashes.chunks(together) {
            look_in_run(connection, run, some, &mut blocks)?;
        }
    }
    let mut lists = connection.prepare_cached("SELECT block, hashes FROM block_traces")?;
    let mut rows = lists.query([])?;
    while let Some(row) = rows.next()? {
        let mut in_block = hashes_of(row.get_ref(1)?.as_blob()?);
        let mut entry = in_block.next();
        let has_it = hashes.iter().any(|sought| {
            while entry.is_some_and(|hash| hash < *sought) {
                entry = in_block.next();
            }
            entry == Some(*sought)
        });
        if has_it {
            blocks.insert(row.get(0)?);
        }
    }
    Ok(blocks.into_iter().collect())
}

/// Adds the blocks of a run that are sought: those of all chunks from the first of the sorted `hashes` to the last.
fn look_in_run(
    connection: &Connection,
    run: i64,
    hashes: &[u32],
    blocks: &mut BTreeSet<i64>,
) -> rusqlite::Result<()> {
    let (Some(first), Some(last)) = (hashes.first(), hashes.last()) else { return Ok(()) };
    let mut chunk = connection.prepare_cached(
        "SELECT first_hash, entries FROM trace_run WHERE run = ? AND first_hash <= ?
        ORDER BY first_hash DESC LIMIT 1",
    )?;
    let of_first = chunk.query_row([run, i64::from(*first)], |row| {
        Ok((row.get::<_, i64>(0)?, look_in_chunk(row.get_ref(1)?.as_blob()?, run, hashes, blocks)))
    });
    let (first_chunk, done) = of_first.optional()?.unwrap_or((-1, 0));
    if first == last {
        return Ok(());
    }
    let mut chunks = connection.prepare_cached(
        "SELECT entries FROM trace_run WHERE run = ? AND first_hash > ? AND first_hash <= ? ORDER BY first_hash",
    )?;
    let mut rows = chunks.query([run, first_chunk, i64::from(*last)])?;
    let mut rest = hashes.get(done..).unwrap_or_default();
    while let Some(row) = rows.next()? {
        let done = look_in_chunk(row.get_ref(0)?.as_blob()?, run, rest, blocks);
        rest = rest.get(done..).unwrap_or_default();
    }
    Ok(())
}

/// Adds the blocks of a chunk that are sought, and answers with how many of the hashes are not behind its end.
fn look_in_chunk(packed: &[u8], run: i64, hashes: &[u32], blocks: &mut BTreeSet<i64>) -> usize {
    let mut done = 0;
    for (hash, offset) in run_entries(packed) {
        while hashes.get(done).is_some_and(|sought| *sought < hash) {
            done += 1;
        }
        match hashes.get(done) {
            None => break,
            Some(sought) if *sought == hash => drop(blocks.insert(run + offset)),
            Some(_) => {}
        }
    }
    done
}

/// Merges lists into a run where there are enough.
pub fn merge(connection: &mut Connection) -> rusqlite::Result<()> {
    let count = connection
        .prepare_cached("SELECT count(*) FROM block_traces")?
        .query_row([], |row| row.get::<_, i64>(0))?;
    if count < LISTS_PER_RUN {
        return Ok(());
    }
    let transaction = connection.transaction()?;
    {
        let mut entries: Vec<(u32, i64)> = Vec::new();
        let mut lists =
            transaction.prepare_cached("SELECT block, hashes FROM block_traces ORDER BY block")?;
        let mut rows = lists.query([])?;
        while let Some(row) = rows.next()? {
            let block = row.get(0)?;
            entries.extend(hashes_of(row.get_ref(1)?.as_blob()?).map(|hash| (hash, block)));
        }
        entries.sort_unstable();
        let run = entries.iter().map(|(_, block)| *block).min().unwrap_or(0);
        let mut insert = transaction.prepare_cached("INSERT INTO trace_run VALUES(?, ?, ?)")?;
        let mut rest = entries.as_slice();
        while let Some((first_hash, _)) = rest.first() {
            let mut length = rest.len().min(ENTRIES_PER_CHUNK);
            // A hash never goes over the end of its chunk: it is looked for in one.
            while length < rest.len()
                && rest.get(length).map(hash_part) == rest.get(length - 1).map(hash_part)
            {
                length += 1;
            }
            let (chunk, behind) = rest.split_at(length);
            insert.execute(params![run, first_hash, pack_run(chunk, run)])?;
            rest = behind;
        }
    }
    transaction.execute("DELETE FROM block_traces", [])?;
    transaction.commit()
}

const fn hash_part(entry: &(u32, i64)) -> u32 {
    entry.0
}

fn pack_run(chunk: &[(u32, i64)], run: i64) -> Vec<u8> {
    let mut packed = Vec::with_capacity(chunk.len() * 4);
    let mut before = 0;
    for (hash, block) in chunk {
        put_varint(&mut packed, u64::from(hash - before));
        put_varint(&mut packed, (block - run).cast_unsigned());
        before = *hash;
    }
    packed
}

/// Hash and offset of the block of each entry of a run's chunk.
fn run_entries(packed: &[u8]) -> impl Iterator<Item = (u32, i64)> {
    let mut numbers = varints(packed);
    let mut hash = 0_u32;
    std::iter::from_fn(move || {
        hash = hash.wrapping_add(u32::try_from(numbers.next()?).ok()?);
        Some((hash, numbers.next()?.cast_signed()))
    })
}

fn hashes_of(packed: &[u8]) -> impl Iterator<Item = u32> {
    varints(packed).scan(0_u32, |hash, difference| {
        *hash = hash.wrapping_add(u32::try_from(difference).ok()?);
        Some(*hash)
    })
}

fn varints(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (value, behind) = read_varint(rest).ok()?;
        rest = behind;
        Some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_of_a_trace_is_found_before_and_after_merging() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        let trace_id = |number: u32| number.to_be_bytes();
        // Trace n is in every block that n's divisors name, so that trace 0 is in all of them.
        for block in 1..=200_u32 {
            let mut hashes: Vec<u32> =
                (0..3_000).filter(|n| n % block == 0).map(|n| trace_hash(&trace_id(n))).collect();
            hashes.sort_unstable();
            hashes.dedup();
            let transaction = connection.transaction().unwrap();
            insert(&transaction, i64::from(block), &hashes).unwrap();
            transaction.commit().unwrap();
            merge(&mut connection).unwrap();
        }
        let runs: i64 =
            connection.query_row("SELECT count(DISTINCT run) FROM trace_run", [], |row| row.get(0)).unwrap();
        assert_eq!(runs, 3);
        let sought = [0, 1, 64, 100, 199, 2_520, 2_999];
        let hash = |number: i64| trace_hash(&trace_id(u32::try_from(number).unwrap()));
        let expected = |numbers: &[i64]| -> Vec<i64> {
            (1..=200).filter(|block| numbers.iter().any(|number| number % block == 0)).collect()
        };
        for number in sought {
            assert_eq!(blocks_of(&connection, vec![hash(number)]).unwrap(), expected(&[number]), "{number}");
        }
        // Together, few and many; some are in no block.
        for numbers in [sought[1..].to_vec(), (1_009..1_099).chain(70_000..70_100).collect()] {
            let hashes = numbers.iter().map(|number| hash(*number)).collect();
            let known: Vec<i64> = numbers.into_iter().filter(|number| *number < 3_000).collect();
            assert_eq!(blocks_of(&connection, hashes).unwrap(), expected(&known), "{known:?}");
        }
    }
}
