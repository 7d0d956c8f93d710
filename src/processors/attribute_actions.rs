//! The list of actions that `attributes` and `resource` apply to attributes, in order, on the wire.
//!
//! A list is compiled once into [`AttributeActions`]. For each batch an [`ActionRun`] looks up what the
//! client sent, and for each message it notes where the attributes lie that the actions name, applies the
//! actions to those notes alone, and splices what came out differently.
//!
//! Keys of attributes should be unique. Where a sender repeats one, an action reads and changes the first,
//! as in the Collector; but `delete` and `hash` change all of them, so that nothing meant to be hidden
//! gets through.

mod client_value;
mod compile;
mod config;
mod convert;
mod plan;
mod run;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

pub use self::config::{ActionConfig, check_actions};
pub use self::plan::AttributeActions;
pub use self::run::ActionRun;
