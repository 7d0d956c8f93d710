//! How appended spans and log records become blocks: by route, in the order they came, in even pieces.

use super::block::compression::Packer;
use super::routing::{Route, Router};
use super::signal_format::{Appended, Routed};
use crate::otlp::{ResourceGroup, ScopeGroup};

/// How many records a block has, about.
pub const RECORDS_PER_BLOCK: usize = 4_096;

/// What a record stands under.
pub struct RecordPlace<'a> {
    /// The batch.
    pub appended: &'a Appended,
    /// The resource group.
    pub resource_group: ResourceGroup<'a>,
    /// The scope group.
    pub scope_group: ScopeGroup<'a>,
    /// A number of these two.
    pub number: usize,
}

/// A block of one signal's records in the making.
pub trait RecordBlockBuilder: Default {
    /// The block.
    type Block;

    /// The time of an encoded record, for its route.
    fn time_of(record: &[u8]) -> u64;
    /// Adds a record.
    fn add(&mut self, place: &RecordPlace<'_>, record: &[u8]);
    /// How many records there are.
    fn len(&self) -> usize;
    /// True where another block must begin.
    fn is_full(&self) -> bool;
    /// Ends the block: itself, its times.
    fn finish(self, packer: &mut Packer) -> (Self::Block, u64, u64);
}

/// Makes blocks of batches in the order they were appended.
pub fn encode<B: RecordBlockBuilder>(appended: &[Appended], router: &mut Router) -> Vec<Routed<B::Block>> {
    let total: usize = appended.iter().map(|one| one.batch.items()).sum();
    let blocks = ((total + RECORDS_PER_BLOCK / 2) / RECORDS_PER_BLOCK).max(1);
    let mut encoding = Encoding::<B> {
        most_rows: total.div_ceil(blocks),
        packer: Packer::default(),
        open: Vec::new(),
        recent: 0,
        done: Vec::new(),
    };
    let mut number = 0;
    for appended in appended {
        for resource_group in appended.batch.resource_groups() {
            for scope_group in resource_group.scope_groups {
                number += 1;
                let place = RecordPlace { appended, resource_group, scope_group, number };
                for record in scope_group.records().iter() {
                    let route = router.route(B::time_of(record), appended.arrived_unix_nano);
                    encoding.builder(route).add(&place, record);
                }
            }
        }
    }
    encoding.finish()
}

struct Encoding<B: RecordBlockBuilder> {
    most_rows: usize,
    packer: Packer,
    open: Vec<(Route, B)>,
    /// The place of the builder used last.
    recent: usize,
    done: Vec<Routed<B::Block>>,
}

impl<B: RecordBlockBuilder> Encoding<B> {
    #[inline]
    fn builder(&mut self, route: Route) -> &mut B {
        if self.open.get(self.recent).is_none_or(|(of, _)| *of != route) {
            let found = self.open.iter().position(|(of, _)| *of == route);
            self.recent = found.unwrap_or_else(|| {
                self.open.push((route, B::default()));
                self.open.len() - 1
            });
        }
        let at = self.recent;
        if self.open.get(at).is_some_and(|(_, builder)| builder.len() >= self.most_rows || builder.is_full())
            && let Some((_, builder)) = self.open.get_mut(at)
        {
            let full = std::mem::take(builder);
            self.done.push(routed(route, full, &mut self.packer));
        }
        // The place was found or made above.
        #[expect(clippy::indexing_slicing, reason = "the place was found or made above")]
        &mut self.open[at].1
    }

    fn finish(mut self) -> Vec<Routed<B::Block>> {
        for (route, builder) in self.open {
            if builder.len() > 0 {
                self.done.push(routed(route, builder, &mut self.packer));
            }
        }
        self.done
    }
}

fn routed<B: RecordBlockBuilder>(route: Route, builder: B, packer: &mut Packer) -> Routed<B::Block> {
    let items = builder.len() as u64;
    let (piece, first_unix_nano, last_unix_nano) = builder.finish(packer);
    Routed { route, items, first_unix_nano, last_unix_nano, piece }
}
