//! Makes demonstration data.

use serde::Serialize;

use crate::console::answer::ApiError;
use crate::console::asked::Asked;
use crate::console::demo::append_demo;

/// Answer of `/demo`: how much was made.
#[derive(Debug, Serialize)]
pub struct DemoMade {
    traces: u64,
    logs: u64,
    points: u64,
}

/// An hour of a shop of four services, up to now.
pub fn demo(asked: &Asked<'_>) -> Result<DemoMade, ApiError> {
    let made = append_demo(asked.store(), asked.console.clock.now_unix_nano())?;
    Ok(DemoMade { traces: made.traces, logs: made.logs, points: made.points })
}
