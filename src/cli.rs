//! The command line: arguments, and the commands that do not run pipelines.

pub mod arguments;
mod component_list;
mod print_config;
mod reference;
pub mod run;
mod test;

use std::io::Write;
use std::process::ExitCode;

pub use arguments::{Arguments, Command, PrintConfigArguments, PrintFormat, RunArguments, TestArguments};
pub use print_config::print_config;
pub use reference::component_reference;

use crate::config::{ConfigErrors, Configuration, LoadOptions, load};
use crate::pipeline::service::Service;

/// Parses the process's arguments and does what they say; `run` is what happens without a command.
///
/// The exit code is 0 on success and for `--help` and `--version`, else 1; `test` has 2 besides. What goes wrong is on standard
/// error, one sentence a line.
pub fn dispatch(
    arguments: impl IntoIterator<Item = std::ffi::OsString>,
    run: impl FnOnce(RunArguments) -> ExitCode,
) -> ExitCode {
    let arguments = match Arguments::parse(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
            // With nowhere to print to there is nothing more to say.
            return error.print().map_or(ExitCode::FAILURE, |()| code);
        }
    };
    let result = match arguments.command {
        Command::Run(run_arguments) => return run(run_arguments),
        Command::Validate(options) => validate(&options).map(|_| String::new()),
        Command::Components => Ok(component_list::component_list()),
        Command::PrintConfig(print) => print_config(&print),
        Command::Test(specs) => return test::test(&specs),
        Command::Reference => Ok(component_reference()),
    };
    finish(result)
}

/// Loads and checks a configuration and builds its pipelines, without starting anything.
pub fn validate(options: &LoadOptions) -> Result<Configuration, ConfigErrors> {
    let configuration = load(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| ConfigErrors::from_message(format!("cannot start a runtime: {error}")))?;
    let _inside = runtime.enter();
    match Service::validate(&configuration) {
        Ok(()) => Ok(configuration),
        Err(error) => Err(ConfigErrors::from_message(format!("failed to build pipelines: {error}"))),
    }
}

fn finish(result: Result<String, ConfigErrors>) -> ExitCode {
    match result {
        Ok(text) => match std::io::stdout().lock().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(errors) => {
            // The exit code says it too, should standard error be gone.
            let _ = writeln!(std::io::stderr().lock(), "{errors}");
            ExitCode::FAILURE
        }
    }
}
