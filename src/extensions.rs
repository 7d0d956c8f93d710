//! Components beside the pipelines.

pub mod console;
pub mod file_storage;
pub mod health_check;
pub mod store;
