//! The command line of the bench.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use weir::otlp::Signal;

use crate::telemetry::Telemetry;

/// A part of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The store alone, called in this process.
    InProcess,
    /// Weir and another store as processes, sent the same requests over OTLP/HTTP and asked the same questions.
    Beside,
}

/// Measures the embedded store: CPU, bytes on disk, memory, and the time of questions.
#[derive(Debug, Parser)]
#[command(name = "store")]
pub struct Arguments {
    /// Parts of the report.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Part::InProcess, Part::Beside])]
    pub parts: Vec<Part>,
    /// What is stored in this process; beside others it is the shop's.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Telemetry::ALL)]
    pub telemetry: Vec<Telemetry>,
    /// Millions of spans; 0 leaves traces out.
    #[arg(long, default_value_t = 10.0)]
    spans: f64,
    /// Millions of log records; 0 leaves logs out.
    #[arg(long, default_value_t = 10.0)]
    logs: f64,
    /// Millions of data points; 0 leaves metrics out.
    #[arg(long, default_value_t = 20.0)]
    points: f64,
    /// How often telemetry is taken in, in this process.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub repetitions: u16,
    /// The Weir that runs beside others, when it is not the one built with the bench.
    #[arg(long, value_name = "BINARY", default_value = env!("CARGO_BIN_EXE_weir"))]
    pub weir: PathBuf,
    /// Puts the tables between their markers in this file, too.
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Given by `cargo bench`; without it, as in `cargo test --benches`, only a smoke run is made.
    #[arg(long, hide = true)]
    pub bench: bool,
}

impl Arguments {
    /// What `cargo test --benches` runs: little of everything that needs nothing installed.
    pub fn smoke() -> Self {
        Self::parse_from(
            "store --parts in-process --telemetry synthetic --spans 0.02 --logs 0.02 --points 0.02 --repetitions 1"
                .split(' '),
        )
    }

    /// How many items of `signal` are stored.
    pub fn items(&self, signal: Signal) -> usize {
        let millions = match signal {
            Signal::Traces => self.spans,
            Signal::Logs => self.logs,
            Signal::Metrics => self.points,
        };
        (millions * 1e6) as usize
    }
}
