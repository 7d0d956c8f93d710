//! The operators of a receiver at work.

use tokio::time::Instant;

use super::config::Operators;
use super::entry::LogEntry;
use super::failures::Failures;
use super::graph::{OperatorGraph, Target};
use super::operator::{BuildContext, Fate, Operator, Outlet};
use crate::pipeline::{BuildError, Settings};

/// The operators under `operators`, connected. What leaves the last one is the receiver's to send on.
pub struct OperatorChain {
    operators: Vec<Node>,
    /// What one operator sent, with the way each entry takes.
    sent: Vec<(usize, LogEntry)>,
    /// Entries on their way, with the operator each comes to next. The last one goes first.
    waiting: Vec<(usize, LogEntry)>,
    failures: Failures,
}

struct Node {
    operator: Box<dyn Operator>,
    targets: Vec<Vec<Target>>,
}

impl OperatorChain {
    /// Builds the operators.
    ///
    /// # Errors
    ///
    /// What checking the section finds, too.
    pub fn build(operators: &Operators, settings: &Settings) -> Result<Self, BuildError> {
        let context = BuildContext { clock: settings.clock };
        let graph = OperatorGraph::connect(operators.sections())
            .map_err(|(_, invalid)| BuildError(invalid.message))?;
        let mut nodes = Vec::new();
        for (section, targets) in operators.sections().iter().zip(graph.targets) {
            let operator = section.build(&context).map_err(|invalid| BuildError(invalid.message))?;
            nodes.push(Node { operator, targets });
        }
        let failures = Failures::new(settings, graph.ids);
        Ok(Self { operators: nodes, sent: Vec::new(), waiting: Vec::new(), failures })
    }

    /// True where entries would leave as they come.
    pub fn is_empty(&self) -> bool {
        self.operators.is_empty()
    }

    /// Runs an entry through the operators. What leaves the last one is appended to `out`; what an
    /// operator drops because it failed is counted and logged.
    pub fn process(&mut self, entry: LogEntry, out: &mut Vec<LogEntry>) {
        self.run_through(0, entry, out);
        self.run_waiting(out);
    }

    /// When [`tick`](Self::tick) is to be called; none while no operator holds anything back.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.operators.iter().filter_map(|node| node.operator.next_deadline()).min()
    }

    /// Sends on what operators held back until now.
    pub fn tick(&mut self, out: &mut Vec<LogEntry>) {
        self.with_each_operator(out, |operator, outlet| operator.tick(outlet));
    }

    /// Sends on all that operators hold back, since nothing more will come.
    pub fn flush(&mut self, out: &mut Vec<LogEntry>) {
        // What one sends may be held back by the next, which need not stand behind it in the list.
        for _ in 0..self.operators.len() {
            if !self.with_each_operator(out, |operator, outlet| operator.flush(outlet)) {
                return;
            }
        }
    }

    /// Calls `act` for each operator and runs what it sends through the others. True where one sent something.
    fn with_each_operator(
        &mut self,
        out: &mut Vec<LogEntry>,
        mut act: impl FnMut(&mut dyn Operator, &mut Outlet<'_>),
    ) -> bool {
        let mut has_sent = false;
        for index in 0..self.operators.len() {
            self.call(index, &mut act);
            has_sent |= !self.sent.is_empty();
            self.bring_on_the_way(index, out);
            self.run_waiting(out);
        }
        has_sent
    }

    /// Runs what waits until nothing does.
    fn run_waiting(&mut self, out: &mut Vec<LogEntry>) {
        while let Some((index, entry)) = self.waiting.pop() {
            self.run_through(index, entry, out);
        }
    }

    /// Runs an entry through the operators from `index` on, as far as its way is a plain one.
    fn run_through(&mut self, mut index: usize, mut entry: LogEntry, out: &mut Vec<LogEntry>) {
        loop {
            // Without any operator the way leads out at once.
            let fate = self.call(index, |operator, outlet| operator.process(&mut entry, outlet));
            if fate == Some(Fate::IsTaken) {
                return self.bring_on_the_way(index, out);
            }
            let target = match self.operators.get(index).map(|node| node.targets.first().map(Vec::as_slice)) {
                None => Target::Out,
                Some(Some([only])) if self.sent.is_empty() => *only,
                Some(_) => {
                    self.sent.push((0, entry));
                    return self.bring_on_the_way(index, out);
                }
            };
            match target {
                Target::Operator(next) => index = next,
                Target::Out => return out.push(entry),
            }
        }
    }

    /// Lets one operator act.
    fn call<R>(
        &mut self,
        index: usize,
        act: impl FnOnce(&mut dyn Operator, &mut Outlet<'_>) -> R,
    ) -> Option<R> {
        let operator = &mut *self.operators.get_mut(index)?.operator;
        let failures = &mut self.failures;
        let mut failed = |error: &_, entry| failures.failed(index, error, entry);
        Some(act(operator, &mut Outlet::new(&mut self.sent, &mut failed)))
    }

    /// Sends what one operator sent on its ways.
    fn bring_on_the_way(&mut self, index: usize, out: &mut Vec<LogEntry>) {
        let Some(node) = self.operators.get(index) else { return };
        let first_waiting = self.waiting.len();
        for (way, entry) in self.sent.drain(..) {
            let Some((last, others)) = node.targets.get(way).and_then(|targets| targets.split_last()) else {
                continue;
            };
            for target in others {
                send(*target, entry.clone(), out, &mut self.waiting);
            }
            send(*last, entry, out, &mut self.waiting);
        }
        // The last one waiting goes first, and what was sent first shall.
        if let Some(sent) = self.waiting.get_mut(first_waiting..) {
            sent.reverse();
        }
    }
}

fn send(target: Target, entry: LogEntry, out: &mut Vec<LogEntry>, waiting: &mut Vec<(usize, LogEntry)>) {
    match target {
        Target::Operator(index) => waiting.push((index, entry)),
        Target::Out => out.push(entry),
    }
}
