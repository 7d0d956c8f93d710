//! The binary as people run it: with the ready configurations, under signals, and as `docker-compose.yml` sets it up.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this crate is tests all over")]

mod certificates;
mod compose;
mod pipelines;
mod received;
mod send;
mod shutdown;
mod sink;
mod weir_process;
