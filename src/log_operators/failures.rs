//! Where it is counted and logged that operators failed.

use std::time::Duration;

use tokio::time::Instant;
use tracing::Span;

use super::error::OperatorError;
use super::operator::FailedEntry;
use crate::pipeline::Settings;
use crate::telemetry::drops::{DropReason, DropReporter};
use crate::telemetry::{Counter, component_span, instruments};

/// Counts and logs the failures of a chain's operators. Every failure is counted; of entries that are sent
/// on all the same the first of a burst is logged, and then how many more there were.
pub(super) struct Failures {
    drops: DropReporter,
    span: Span,
    operators: Vec<OfOperator>,
}

struct OfOperator {
    id: String,
    errors: Counter,
    quiet_until: Option<Instant>,
    unreported: u64,
    last_error: String,
}

/// After a line about failures the next one of the same operator waits this long.
const QUIET_TIME: Duration = Duration::from_secs(10);

impl Failures {
    pub fn new(settings: &Settings, ids: Vec<String>) -> Self {
        let component = settings.id.to_string();
        let of_operator = |id: String| {
            let attributes = [("component", component.as_str()), ("operator", id.as_str())];
            OfOperator {
                errors: settings.telemetry.counter(&instruments::LOG_OPERATOR_ERRORS, &attributes),
                quiet_until: None,
                unreported: 0,
                last_error: String::new(),
                id,
            }
        };
        Self {
            drops: DropReporter::new(settings, "receiver"),
            span: component_span(settings, "receiver"),
            operators: ids.into_iter().map(of_operator).collect(),
        }
    }

    pub fn failed(&mut self, operator: usize, error: &OperatorError, entry: FailedEntry) {
        let Some(of_operator) = self.operators.get_mut(operator) else { return };
        of_operator.errors.add(1);
        match (entry.is_dropped, entry.is_quiet) {
            (true, true) => self.drops.dropped_quietly(1, DropReason::OperatorFailed),
            (true, false) => {
                let error = format!("{}: {error}", of_operator.id);
                self.drops.dropped(1, DropReason::OperatorFailed, &error);
            }
            (false, true) => {}
            (false, false) => of_operator.sent_on(&self.span, error),
        }
    }
}

impl OfOperator {
    fn sent_on(&mut self, span: &Span, error: &OperatorError) {
        self.unreported += 1;
        self.last_error = error.to_string();
        let now = Instant::now();
        if self.quiet_until.is_some_and(|quiet_until| now < quiet_until) {
            return;
        }
        self.log(span);
        self.quiet_until = Some(now + QUIET_TIME);
    }

    fn log(&mut self, span: &Span) {
        // The Collector's sentence, which people search logs for.
        tracing::error!(
            parent: span,
            operator_id = self.id,
            entries = self.unreported,
            action = "send",
            error = self.last_error,
            "Failed to process entry"
        );
        self.unreported = 0;
    }
}

/// What was not yet logged is logged when the chain ends.
impl Drop for Failures {
    fn drop(&mut self) {
        for of_operator in &mut self.operators {
            if of_operator.unreported > 0 {
                of_operator.log(&self.span);
            }
        }
    }
}
