//! What readers see of a signal: the same all through one question, whatever is appended meanwhile.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::partition::Partition;
use super::routing::Router;
use super::signal_format::{Appended, Routed, SignalFormat};
use crate::store::TimeRange;

/// One state of a signal: files up to a cut, and what was appended since.
pub struct View<F: SignalFormat> {
    /// The partition files, the oldest first.
    pub partitions: Arc<Vec<Partition>>,
    /// The newest cut that belongs to this state; rows of later ones must be passed over.
    pub last_cut: u64,
    /// What was appended after that cut.
    pub open: Arc<OpenPart<F>>,
}

impl<F: SignalFormat> View<F> {
    /// The partition files that may have items of `range`, the oldest first.
    pub fn partitions_in(&self, range: TimeRange) -> impl DoubleEndedIterator<Item = &Partition> {
        self.partitions.iter().filter(move |partition| partition.overlaps(range))
    }
}

/// What was appended and is not yet cut.
pub struct OpenPart<F: SignalFormat> {
    /// The batches in order.
    pub appended: Vec<Appended>,
    pieces: OnceLock<Vec<Routed<F::Piece>>>,
    router: Mutex<Router>,
}

impl<F: SignalFormat> OpenPart<F> {
    /// Pieces as they would be written now; made once.
    pub fn pieces(&self) -> &[Routed<F::Piece>] {
        self.pieces.get_or_init(|| F::encode(&self.appended, &mut self.router.lock()))
    }
}

/// The newest state, which the writer moves on.
pub struct Live<F: SignalFormat> {
    partitions: Arc<Vec<Partition>>,
    last_cut: u64,
    appended: Vec<Appended>,
    /// The open part as last asked for, until something is appended.
    open: Option<Arc<OpenPart<F>>>,
    new_router: Box<dyn Fn() -> Router + Send>,
}

impl<F: SignalFormat> Live<F> {
    /// The state found at the start.
    pub fn new(
        partitions: Vec<Partition>,
        last_cut: u64,
        appended: Vec<Appended>,
        new_router: impl Fn() -> Router + Send + 'static,
    ) -> Self {
        let partitions = Arc::new(partitions);
        Self { partitions, last_cut, appended, open: None, new_router: Box::new(new_router) }
    }

    /// This state, to read.
    pub fn view(&mut self) -> View<F> {
        let open = self.open.get_or_insert_with(|| {
            Arc::new(OpenPart {
                appended: self.appended.clone(),
                pieces: OnceLock::new(),
                router: Mutex::new((self.new_router)()),
            })
        });
        View { partitions: Arc::clone(&self.partitions), last_cut: self.last_cut, open: Arc::clone(open) }
    }

    /// The partition files, the oldest first.
    pub const fn partitions(&self) -> &Arc<Vec<Partition>> {
        &self.partitions
    }

    /// What was appended after the last cut.
    pub fn appended(&self) -> &[Appended] {
        &self.appended
    }

    /// Batches were appended.
    pub fn append(&mut self, appended: &[Appended]) {
        self.appended.extend_from_slice(appended);
        self.open = None;
    }

    /// Everything appended up to `cut` went into files, which are now `partitions`.
    pub fn cut(&mut self, cut: u64, partitions: Vec<Partition>) {
        self.appended.retain(|appended| appended.sequence > cut);
        self.open = None;
        self.last_cut = cut;
        self.partitions = Arc::new(partitions);
    }

    /// The files are now `partitions`; nothing else changed.
    pub fn set_partitions(&mut self, partitions: Vec<Partition>) {
        self.partitions = Arc::new(partitions);
    }
}
