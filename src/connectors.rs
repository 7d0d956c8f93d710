//! Components that end one pipeline and begin another.

pub mod alarms;
pub mod forward;
pub mod servicegraph;
pub mod spanmetrics;
