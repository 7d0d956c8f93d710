//! Where the telemetry that is stored comes from.

use std::path::PathBuf;

use clap::ValueEnum;
use weir::otlp::{Batch, Signal};

use crate::Outcome;
use crate::capture::{Capture, Scaled};
use crate::synthetic::{self, Generator};

/// Whose telemetry it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Telemetry {
    /// Made up, with plausible attributes and numbers.
    Synthetic,
    /// The shop's and its host's, scaled up.
    Shop,
}

impl Telemetry {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Synthetic, Self::Shop];

    /// As a table names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Synthetic => "synthetic",
            Self::Shop => "shop",
        }
    }

    /// A source of at least `count` items of `signal`.
    ///
    /// # Errors
    /// The shop has not been captured.
    pub fn source(self, signal: Signal, count: usize) -> Outcome<Source> {
        Ok(match self {
            Self::Synthetic => Source::Synthetic(Box::new(Generator::new(signal, count))),
            Self::Shop => Source::Shop(Capture::read(&capture_directory(), signal)?.scaled_to(count)),
        })
    }
}

/// Batches, one after the other.
pub enum Source {
    Synthetic(Box<Generator>),
    Shop(Scaled),
}

impl Source {
    /// The next batch; the telemetry goes on for as long as it is asked for.
    pub fn next_batch(&mut self) -> Batch {
        match self {
            Self::Synthetic(generator) => generator.next_batch(),
            Self::Shop(scaled) => scaled.next_batch(),
        }
    }

    /// A time behind all that was asked for at the start, in nanoseconds of Unix time.
    pub fn end(&self) -> u64 {
        match self {
            Self::Synthetic(_) => synthetic::START + synthetic::SPAN_HOURS * synthetic::HOUR,
            Self::Shop(scaled) => scaled.end(),
        }
    }
}

/// Where the programs that the bench needs are installed, as `tests/run` has it.
pub fn cache_directory() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/.cache");
    std::env::var_os("WEIR_CACHE").map_or_else(|| PathBuf::from(default), PathBuf::from)
}

fn capture_directory() -> PathBuf {
    cache_directory().join("shop-capture")
}
