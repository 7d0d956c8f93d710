//! `cargo bench --bench store`: what the embedded store costs. CPU to take telemetry in, bytes on disk, memory, and the time
//! of each kind of question; and the same telemetry in another store beside it.
//!
//! `-- --help` lists the options. Telemetry is synthetic, the same in each run, or that of the shop in `examples/shop`, which
//! `benches/store/capture-shop` writes down and the bench scales up.

#![expect(clippy::print_stdout, reason = "a report is for reading")]

use std::error::Error;

use clap::Parser as _;
use tokio::runtime::Builder;

mod arguments;
mod beside;
mod capture;
mod contender;
#[path = "../measuring/document.rs"]
mod document;
mod http;
mod in_process;
mod own_process;
#[path = "../measuring/process.rs"]
mod process;
mod questions;
mod synthetic;
mod telemetry;

use self::arguments::{Arguments, Part};
use self::document::{list, provenance};

/// What a fallible step of the bench returns: the reader of the error is a person.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    let arguments = if arguments.bench { arguments } else { Arguments::smoke() };
    let provenance = list(&provenance("store")?);
    println!("{provenance}");
    let mut tables = Vec::new();
    for part in &arguments.parts {
        match part {
            Part::InProcess => tables.extend(in_process::tables(&arguments)?),
            Part::Beside => {
                let runtime = Builder::new_current_thread().enable_all().build()?;
                tables.push(runtime.block_on(beside::table(&arguments)));
            }
        }
    }
    let mut failures = 0;
    for table in tables {
        failures += table.tell(&provenance, arguments.write.as_deref())?;
    }
    if failures > 0 {
        return Err(format!("{failures} rows failed").into());
    }
    Ok(())
}
