//! `cargo bench --bench gateway`: what it costs to pass telemetry through a gateway.
//!
//! Each collector runs as a process of its own between a load and a sink that live in this process. Its CPU time
//! and memory are read from `/proc`, so they do not depend on how fast the load is or what else the machine does,
//! as wall-clock rates would. `-- --help` lists the options.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a report is for reading")]

use std::error::Error;

use clap::Parser as _;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

mod arguments;
mod case;
mod collector_config;
mod component;
mod components;
mod count;
#[path = "../measuring/document.rs"]
mod document;
mod edges;
mod floor;
mod idle;
mod launch;
mod load;
mod measure;
mod message_body;
mod paced;
mod payload;
#[path = "../measuring/process.rs"]
mod process;
mod report;
mod runs;
mod scaling;
mod sink;
mod subject;
mod under_load;

/// What a fallible step of the bench returns: the reader of the error is a person.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Outcome<()> {
    let arguments = arguments::Arguments::parse();
    if let Some(arguments::BenchCommand::Floor(floor)) = arguments.command {
        return floor::run(floor);
    }
    let settings = arguments.settings;
    let settings = if settings.bench { settings } else { settings.smoke() };
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        // Dropping the report's future ends the processes it started.
        tokio::select! {
            outcome = report::run(&settings) => outcome,
            _ = interrupt.recv() => Err("interrupted".into()),
            _ = terminate.recv() => Err("terminated".into()),
        }
    })
}

/// A runtime with one worker thread, for the load and the sink each.
fn one_thread_runtime(name: &str) -> Outcome<Runtime> {
    Ok(Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build()?)
}
