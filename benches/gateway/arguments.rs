//! The command line of the bench.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::case::{Case, Compression, Pipeline, Protocol, Signal};
use crate::floor::FloorArguments;
use crate::load::Shape;
use crate::subject::Subject;

/// Measures OTLP gateways side by side: CPU seconds per million items and peak resident memory.
#[derive(Debug, Parser)]
#[command(name = "gateway")]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<BenchCommand>,
    #[command(flatten)]
    pub settings: Settings,
}

/// What the bench starts itself as.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// The floor's process.
    #[command(hide = true)]
    Floor(FloorArguments),
}

/// A part of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// CPU for a million items, as fast as they are taken.
    Load,
    /// CPU and memory at the same rate for all.
    Paced,
    /// Memory at rest and time from start to ready.
    Idle,
    /// Throughput on one core and on two.
    Scaling,
    /// What components cost above pass-through.
    Components,
    /// What it costs to look at the host.
    Hostmetrics,
    /// What it costs to read log files.
    Filelog,
    /// What it costs to scrape.
    Scrape,
    /// What it costs to write to a metric store.
    RemoteWrite,
}

impl Part {
    /// All parts in the order of the report.
    pub const ALL: [Self; 9] = [
        Self::Load,
        Self::Paced,
        Self::Idle,
        Self::Scaling,
        Self::Components,
        Self::Hostmetrics,
        Self::Filelog,
        Self::Scrape,
        Self::RemoteWrite,
    ];
}

/// What to measure and how. Naming any of signals, sizes, protocols, compressions or pipelines measures all
/// combinations of the named, with the base case's value for the rest; naming none measures the published table.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Subjects, in any order.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Subject::ALL)]
    only: Vec<Subject>,
    /// Parts of the report.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Part::ALL)]
    pub parts: Vec<Part>,
    #[arg(long, value_enum, value_delimiter = ',')]
    signals: Vec<Signal>,
    /// Items in a request.
    #[arg(long, value_delimiter = ',')]
    sizes: Vec<usize>,
    #[arg(long, value_enum, value_delimiter = ',')]
    protocols: Vec<Protocol>,
    #[arg(long, value_enum, value_delimiter = ',')]
    compressions: Vec<Compression>,
    #[arg(long, value_enum, value_delimiter = ',')]
    pipelines: Vec<Pipeline>,
    /// Runs of each subject and case; the subjects take turns.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub repetitions: u16,
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: u16,
    /// Requests in flight on each connection.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    in_flight: u16,
    /// Items a second in the paced part.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1000..=10_000_000))]
    pub rate: u32,
    /// A fifth of the requests: quicker, and coarser.
    #[arg(long)]
    pub quick: bool,
    /// Another Weir than the one built with the bench.
    #[arg(long, value_name = "BINARY")]
    pub weir: Option<PathBuf>,
    /// Puts the tables between their markers in this file, too.
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
    /// Given by `cargo bench`; without it, as in `cargo test --benches`, only a smoke run is made.
    #[arg(long, hide = true)]
    pub bench: bool,
}

impl Settings {
    /// How requests are spread, `requests_per_second` of them or as many as are answered.
    pub fn shape(&self, requests_per_second: Option<f64>) -> Shape {
        Shape { connections: self.connections.into(), in_flight: self.in_flight.into(), requests_per_second }
    }

    /// The subjects in the order of their rows.
    pub fn subjects(&self) -> Vec<Subject> {
        Subject::ALL.into_iter().filter(|subject| self.only.contains(subject)).collect()
    }

    /// The same, with no other subjects than these.
    pub fn only_of(&self, subjects: &[Subject]) -> Self {
        let only = self.only.iter().copied().filter(|subject| subjects.contains(subject)).collect();
        Self { only, ..self.clone() }
    }

    /// The cases to measure under load.
    pub fn cases(&self) -> Vec<Case> {
        let base = Case::BASE;
        let nothing_named = self.signals.is_empty()
            && self.sizes.is_empty()
            && self.protocols.is_empty()
            && self.compressions.is_empty()
            && self.pipelines.is_empty();
        if nothing_named {
            return Case::published();
        }
        let mut cases = vec![base];
        cases = varied(&cases, &self.protocols, |case, protocol| Case { protocol, ..case });
        cases = varied(&cases, &self.compressions, |case, compression| Case { compression, ..case });
        cases = varied(&cases, &self.pipelines, |case, pipeline| Case { pipeline, ..case });
        cases = varied(&cases, &self.signals, |case, signal| Case { signal, ..case });
        varied(&cases, &self.sizes, |case, size| Case { size: size.max(1), ..case })
    }

    /// What `cargo test --benches` runs: the floor alone, once, to show that the bench works.
    pub fn smoke(self) -> Self {
        Self {
            only: vec![Subject::Floor],
            parts: vec![Part::Load],
            signals: Signal::ALL.to_vec(),
            sizes: vec![100],
            protocols: vec![Protocol::Grpc, Protocol::Http],
            compressions: vec![Compression::Gzip],
            repetitions: 1,
            quick: true,
            ..self
        }
    }
}

/// Each case with each of the values; the cases as they are where there are none.
fn varied<V: Copy>(cases: &[Case], values: &[V], set: fn(Case, V) -> Case) -> Vec<Case> {
    if values.is_empty() {
        return cases.to_vec();
    }
    cases.iter().flat_map(|case| values.iter().map(|value| set(*case, *value))).collect()
}
