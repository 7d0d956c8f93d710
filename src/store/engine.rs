//! The engine that keeps telemetry on disk: SQLite files as crash-safe containers, one for each signal and piece of
//! time, with our own compressed blocks of columns in them.
//!
//! A batch is first appended to the log of its signal, as it came; that is what `append` waits for. When enough has
//! come it is *cut*: turned into blocks and written to the files of its pieces of time. One appender of a signal at a time
//! writes; readers have connections of their own and see one [`View`](view::View) throughout a question.

mod believed_clock;
pub(super) mod block;
mod block_reading;
mod block_tables;
mod budget;
mod catalog;
mod cutting;
mod damaged_files;
mod database;
pub mod disk_budget;
mod log_of_version_1;
mod logs;
mod open_log;
mod options;
pub mod partition;
mod questions;
mod read_connections;
mod record_blocks;
mod record_reading;
pub mod routing;
mod row_attributes;
pub mod signal_format;
pub mod signal_store;
mod spans;
mod sqlite_store;
mod turns;
pub mod view;
mod writer;

#[cfg(test)]
mod tests;

pub use catalog::Catalog;
pub use database::{Durability, FORMAT_VERSION, engine_error};
pub use options::EngineOptions;
pub use signal_store::SignalCounters;
pub use sqlite_store::SqliteStore;
