//! Metrics in the engine on disk: points by series in chunks, chunks in blocks by metric name, blocks in pieces.
//!
//! What is cut becomes a piece for each partition. Small pieces are put together to larger ones now and then, so that
//! chunks have some hundred points whatever the rate at which they come.

mod asking;
mod collecting;
mod columns;
mod merging;
mod piece;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rusqlite::{Connection, Transaction, params};

use self::collecting::{Above, Collecting, attributes_field, metric_header, take_apart};
pub use self::piece::{MetricBlock, MetricPiece};
use super::StoreError;
use super::engine::EngineOptions;
use super::engine::disk_budget::DiskBudget;
use super::engine::routing::{Route, Router};
use super::engine::signal_format::{Appended, CutRule, Routed, SignalFormat};
use super::engine::signal_store::SignalStore;
use super::grouped_items::{for_each_scope_group, group_header};
use crate::otlp::Signal;
use crate::otlp::wire::Fields;

/// The metrics of an engine.
pub struct SeriesStore {
    /// The way to the writer, and views.
    pub signal: SignalStore<SeriesFormat>,
    pieces_stay: Arc<RwLock<()>>,
}

impl SeriesStore {
    /// Opens what there is, and starts the writer.
    pub fn open(options: &EngineOptions, budget: Arc<DiskBudget>) -> Result<Self, StoreError> {
        let pieces_stay = Arc::<RwLock<()>>::default();
        let format = SeriesFormat { pieces_stay: Arc::clone(&pieces_stay) };
        Ok(Self { signal: SignalStore::open(options, budget, format)?, pieces_stay })
    }
}

/// How metrics are kept.
#[derive(Debug)]
pub struct SeriesFormat {
    /// Held by readers, so that no pieces are put together meanwhile.
    pieces_stay: Arc<RwLock<()>>,
}

impl SignalFormat for SeriesFormat {
    const SIGNAL: Signal = Signal::Metrics;
    // A piece that was put together of several has the newest of their cuts.
    const TABLES: &'static [&'static str] = &["
        CREATE TABLE piece(
            id INTEGER PRIMARY KEY, cut INTEGER NOT NULL, level INTEGER NOT NULL,
            points INTEGER NOT NULL, times BLOB NOT NULL);
        CREATE INDEX piece_by_cut ON piece(cut);
        CREATE TABLE metric_block(
            id INTEGER PRIMARY KEY, piece INTEGER NOT NULL, name BLOB NOT NULL, first_unix_nano INTEGER NOT NULL,
            last_unix_nano INTEGER NOT NULL, points INTEGER NOT NULL, header BLOB NOT NULL, data BLOB NOT NULL);
        CREATE INDEX metric_block_by_name ON metric_block(name);
        CREATE INDEX metric_block_by_piece ON metric_block(piece);"];
    const CUT: CutRule = CutRule { items: 256 * 1024, bytes: 24 * 1024 * 1024, age: Duration::from_secs(30) };

    type Piece = MetricPiece;

    fn encode(appended: &[Appended], router: &mut Router) -> Vec<Routed<MetricPiece>> {
        let mut routes = Routes::default();
        for appended in appended {
            routes.take(appended, router);
        }
        let routed = |(route, collecting): (Route, Collecting<'_>)| {
            let piece = MetricPiece::of(&collecting);
            Routed {
                route,
                items: piece.points,
                first_unix_nano: piece.blocks.iter().map(|block| block.first).min().unwrap_or(u64::MAX),
                last_unix_nano: piece.blocks.iter().map(|block| block.last).max().unwrap_or(0),
                piece,
            }
        };
        routes.by_route.into_iter().map(routed).collect()
    }

    fn write(
        &mut self,
        transaction: &Transaction<'_>,
        cut: u64,
        piece: &MetricPiece,
    ) -> rusqlite::Result<()> {
        merging::insert(transaction, cut, merging::level_of(piece), piece)
    }

    fn undo(transaction: &Transaction<'_>, cut: u64) -> rusqlite::Result<()> {
        let cut = params![cut.cast_signed()];
        transaction
            .execute("DELETE FROM metric_block WHERE piece IN (SELECT id FROM piece WHERE cut = ?)", cut)?;
        transaction.execute("DELETE FROM piece WHERE cut = ?", cut)?;
        Ok(())
    }

    fn tidy(&mut self, connection: &mut Connection) -> rusqlite::Result<()> {
        // Readers see pieces as they are; the next cut is another occasion.
        match self.pieces_stay.try_write() {
            Some(_no_reader) => merging::tidy(connection),
            None => Ok(()),
        }
    }
}

/// Points by where they go.
#[derive(Default)]
struct Routes<'a> {
    by_route: Vec<(Route, Collecting<'a>)>,
    /// The route of the last point.
    recent: usize,
}

impl<'a> Routes<'a> {
    fn take(&mut self, appended: &'a Appended, router: &mut Router) {
        for_each_scope_group(&appended.batch, |resource_group, scope_group| {
            let resource_header = group_header(resource_group.bytes);
            let scope_header = group_header(scope_group.bytes);
            for metric in scope_group.records() {
                let Some((header, data_field)) = metric_header(metric) else {
                    continue;
                };
                let (Some(attributes_field), Some(data)) =
                    (attributes_field(data_field), data_of(metric, data_field))
                else {
                    continue;
                };
                // The numbers of the headers in the route that the last point went to.
                let mut above: Option<(usize, Above)> = None;
                for point in points_of(data) {
                    let parts = take_apart(point, data_field, attributes_field);
                    let at = self.place(router.route(parts.time, appended.arrived_unix_nano));
                    let Some((_, collecting)) = self.by_route.get_mut(at) else {
                        continue;
                    };
                    let above = match above {
                        Some((of, above)) if of == at => above,
                        _ => {
                            let numbers = Above {
                                resource: collecting.resources.number_of(&resource_header),
                                scope: collecting.scopes.number_of(&scope_header),
                                metric: collecting.metrics.number_of(&header),
                            };
                            above = Some((at, numbers));
                            numbers
                        }
                    };
                    collecting.push(above, parts, point, attributes_field);
                }
            }
        });
    }

    fn place(&mut self, route: Route) -> usize {
        if self.by_route.get(self.recent).is_some_and(|(known, _)| *known == route) {
            return self.recent;
        }
        let known = self.by_route.iter().position(|(known, _)| *known == route);
        self.recent = known.unwrap_or_else(|| {
            self.by_route.push((route, Collecting::default()));
            self.by_route.len() - 1
        });
        self.recent
    }
}

fn data_of(metric: &[u8], data_field: u32) -> Option<&[u8]> {
    Fields::of(metric).filter(|(number, _)| *number == data_field).last().map(|(_, data)| data.bytes())
}

fn points_of(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    Fields::of(data).filter(|(number, _)| *number == 1).map(|(_, point)| point.bytes())
}
