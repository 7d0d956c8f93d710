//! A series of totals: from its newest point to its oldest, what each added to the one before it of the same total.
//!
//! A total is told from others of the same series by its start: processes that say the same of themselves are interleaved.

use super::added::{Added, Amounts};
use super::steps::StepsOfGroup;
use super::window::{Window, longest_silence};
use crate::store::Aggregation;
use crate::store::metrics::series_point::{PointValue, SeriesPoint};

/// A total whose start is told so much otherwise may be the same: some compute it anew for each point, in nanoseconds.
const STARTS_APART_NANO: u64 = 1_000_000_000;

/// So many totals of a series are followed at once.
const MOST_TOTALS: usize = 64;

/// What must be remembered of the points so far.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// The earliest point so far of each total that may have an earlier one, those met first before others.
    open: Vec<OpenTotal>,
    /// What totals added last, while nothing says that they have ended.
    newest: Vec<AddedLast>,
    /// True where a total of which a point is met only now has ended.
    has_ended: bool,
}

#[derive(Debug)]
struct OpenTotal {
    point: SeriesPoint,
    /// The newest point before it with almost the same start.
    almost: Option<SeriesPoint>,
    /// True until what its newest point added is known, for rates that go on.
    may_go_on: bool,
}

#[derive(Debug, Clone, Copy)]
struct AddedLast {
    since_unix_nano: u64,
    unix_nano: u64,
    total: f64,
}

impl Totals {
    /// Takes the next earlier point.
    pub fn take(&mut self, window: &Window, earlier: SeriesPoint, group: &mut StepsOfGroup) {
        if earlier.value == PointValue::Missing {
            self.has_ended |= self.open.is_empty();
            return;
        }
        let began_after = |later: &OpenTotal| later.point.start_unix_nano > earlier.unix_nano;
        while let Some(at) = self.open.iter().position(began_after) {
            self.close(window, at, group);
            // What was counted before it began anew does not go on.
            self.has_ended = true;
        }
        let same = |later: &OpenTotal| later.point.start_unix_nano == earlier.start_unix_nano;
        if let Some(later) = self.open.iter_mut().find(|later| same(later)) {
            let point = std::mem::replace(&mut later.point, earlier);
            let added = Added::since(&later.point, point);
            later.almost = None;
            let may_go_on = std::mem::take(&mut later.may_go_on);
            self.add(window, &added, may_go_on, group);
            return;
        }
        for later in self.open.iter_mut().filter(|later| later.almost.is_none()) {
            if is_almost_before(&earlier, &later.point) {
                later.almost = Some(earlier.clone());
            }
        }
        if self.open.len() == MOST_TOTALS {
            self.close(window, 0, group);
        }
        self.open.push(OpenTotal { point: earlier, almost: None, may_go_on: !self.has_ended });
    }

    /// All points were taken. Until `newest_of_all` was made totals rise as they did last, but those that were silent for longer
    /// than they may be: they have ended.
    pub fn finish(mut self, window: &Window, newest_of_all: u64, group: &mut StepsOfGroup) {
        while !self.open.is_empty() {
            self.close(window, 0, group);
        }
        for AddedLast { since_unix_nano, unix_nano, total } in self.newest {
            let interval = unix_nano - since_unix_nano;
            let silent = newest_of_all.saturating_sub(unix_nano);
            if interval > 0 && silent > 0 && silent <= longest_silence(interval) {
                let amounts = Amounts::Number(total * (silent as f64 / interval as f64));
                let added = Added { since_unix_nano: unix_nano, unix_nano: newest_of_all, amounts };
                group.add_added(window, &added);
            }
        }
    }

    /// No earlier point of the total can come: it began in what was read, or else it is not known what its point added.
    fn close(&mut self, window: &Window, at: usize, group: &mut StepsOfGroup) {
        let OpenTotal { point, almost, may_go_on } = self.open.remove(at);
        let begins = point.start_unix_nano;
        let added = match almost {
            Some(almost) => Added::since(&almost, point),
            // A point that began when it was made only tells where its total begins.
            None if begins != 0 && begins < point.unix_nano && window.read().contains(begins) => {
                Added::since_its_start(point)
            }
            None => return,
        };
        self.add(window, &added, may_go_on, group);
    }

    /// Adds what was added, and notes it where it is what its total added last.
    fn add(&mut self, window: &Window, added: &Added, may_go_on: bool, group: &mut StepsOfGroup) {
        group.add_added(window, added);
        if may_go_on && window.aggregation == Aggregation::Rate {
            let Added { since_unix_nano, unix_nano, .. } = *added;
            self.newest.push(AddedLast { since_unix_nano, unix_nano, total: added.amounts.total() });
        }
    }
}

/// True where a point may be an earlier one of the total of another, whose start it tells a little differently.
fn is_almost_before(earlier: &SeriesPoint, later: &SeriesPoint) -> bool {
    let (start, other) = (earlier.start_unix_nano, later.start_unix_nano);
    start != 0
        && other != 0
        && start.abs_diff(other) <= STARTS_APART_NANO
        && Amounts::since(&later.value, &earlier.value).is_some()
}
