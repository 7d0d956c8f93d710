//! The way on for a component that turns a batch into another, of which its sender knows no part.

use std::time::Duration;

use super::{Consumer, Refusal, RefusalClass};
use crate::otlp::Batch;
use crate::telemetry::drops::{DropReason, DropReporter};

/// How often the rest of a batch is offered of which a part was taken.
const TRIES_OF_REST: usize = 10;

/// The pause before each time.
const PAUSE: Duration = Duration::from_millis(100);

/// Hands a batch on. Where only a part of it was taken the rest is offered again here: the sender has
/// never seen it in this form, and could only send everything. What is not taken then is dropped and counted.
///
/// # Errors
///
/// A refusal of the whole batch, never of a part.
pub async fn consume_whole(next: &dyn Consumer, batch: Batch, drops: &DropReporter) -> Result<(), Refusal> {
    let Err(mut refusal) = next.consume(batch).await else { return Ok(()) };
    let mut rest = match refusal.class {
        RefusalClass::Partial { remaining } => *remaining,
        _ => return Err(refusal),
    };
    for _ in 0..TRIES_OF_REST {
        tokio::time::sleep(PAUSE).await;
        let Err(again) = next.consume(rest.clone()).await else { return Ok(()) };
        if again.is_permanent() {
            drops.dropped(rest.items(), DropReason::Permanent, &again.message);
            return Ok(());
        }
        refusal = again;
        if let RefusalClass::Partial { remaining } = refusal.class {
            rest = *remaining;
        }
    }
    drops.dropped(rest.items(), DropReason::RetriesExhausted, &refusal.message);
    Ok(())
}
