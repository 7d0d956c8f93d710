//! Metrics in the engine on disk: points by series in chunks, chunks in blocks by metric name, blocks in pieces.
//!
//! What is cut becomes a piece for each partition. Small pieces are put together to larger ones now and then, so that
//! chunks have some hundred points whatever the rate at which they come.

mod asking;
mod collecting;
mod columns;
mod merging;
mod piece;
mod series_numbers;
mod taking_apart;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rusqlite::{Connection, Transaction, params};

use self::collecting::Collecting;
pub use self::piece::{MetricBlock, MetricPiece};
use self::series_numbers::Above;
use self::taking_apart::{MessageParts, attributes_field, take_apart};
use super::StoreError;
use super::engine::EngineOptions;
use super::engine::disk_budget::DiskBudget;
use super::engine::routing::{Route, Router};
use super::engine::signal_format::{Appended, CutRule, Routed, SignalFormat};
use super::engine::signal_store::SignalStore;
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
    // As much as a log keeps of the disk.
    const CUT: CutRule = CutRule { items: 256 * 1024, bytes: 15 * 1024 * 1024, age: Duration::from_secs(30) };

    type Piece = MetricPiece;

    fn encode(appended: &[Appended], router: &mut Router) -> Vec<Routed<MetricPiece>> {
        let room = appended.iter().map(|appended| appended.batch.items()).sum();
        let mut routes = Routes { room, ..Routes::default() };
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
    /// How many points there may be.
    room: usize,
}

impl<'a> Routes<'a> {
    fn take(&mut self, appended: &'a Appended, router: &mut Router) {
        let [mut resource, mut scope, mut metric] = <[MessageParts<'_>; 3]>::default();
        let groups = appended.batch.parts().iter().flat_map(|part| Fields::of(part));
        for (_, resource_group) in groups.filter(|(number, _)| *number == 1) {
            resource.take(resource_group.bytes(), 2);
            for scope_group in &resource.elements {
                scope.take(scope_group, 2);
                for of_metric in &scope.elements {
                    let Some(data_field) = metric.take_metric(of_metric) else {
                        continue;
                    };
                    let headers = [&resource.header, &scope.header, &metric.header].map(Vec::as_slice);
                    self.take_points(
                        &metric.elements,
                        data_field,
                        headers,
                        appended.arrived_unix_nano,
                        router,
                    );
                }
            }
        }
    }

    /// Takes the points of a metric with data under `data_field`, below `headers` of resource, scope and metric.
    fn take_points(
        &mut self,
        points: &[&'a [u8]],
        data_field: u32,
        headers: [&[u8]; 3],
        arrived_unix_nano: u64,
        router: &mut Router,
    ) {
        let attributes_field = attributes_field(data_field).unwrap_or_default();
        // The numbers of the headers in the route that the last point went to.
        let mut above: Option<(usize, Above)> = None;
        for point in points {
            let parts = take_apart(point, data_field, attributes_field);
            let at = self.place(router.route(parts.moment.time, arrived_unix_nano));
            let Some((_, collecting)) = self.by_route.get_mut(at) else {
                continue;
            };
            let above = match above {
                Some((of, above)) if of == at => above,
                _ => above.insert((at, collecting.series.above(headers))).1,
            };
            collecting.push(above, parts, point, attributes_field);
        }
    }

    fn place(&mut self, route: Route) -> usize {
        if self.by_route.get(self.recent).is_some_and(|(known, _)| *known == route) {
            return self.recent;
        }
        let known = self.by_route.iter().position(|(known, _)| *known == route);
        self.recent = known.unwrap_or_else(|| {
            self.by_route.push((route, Collecting::with_room(self.room)));
            self.by_route.len() - 1
        });
        self.recent
    }
}
