//! The engine that keeps telemetry on disk: SQLite files as crash-safe containers, one for each signal and piece of
//! time, with our own compressed blocks of columns in them.
//!
//! A batch is first appended to the log of its signal, as it came; that is what `append` waits for. When enough has
//! come it is *cut*: turned into blocks and written to the files of its pieces of time. Each signal has one thread that
//! writes; readers have connections of their own and see one [`View`](view::View) throughout a question.

mod cutting;
mod database;
pub mod disk_budget;
mod open_log;
mod options;
pub mod partition;
mod read_connections;
pub mod routing;
pub mod signal_format;
pub mod signal_store;
pub mod view;
mod writer;

pub use database::{Durability, FORMAT_VERSION};
pub use options::EngineOptions;
