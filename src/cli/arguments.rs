//! What may stand on the command line: the Collector's flags and commands.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};

use crate::config::{LoadOptions, Secrets};

/// A parsed command line.
#[derive(Debug, Clone, PartialEq)]
pub struct Arguments {
    /// What to do.
    pub command: Command,
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Run pipelines until a signal comes.
    Run(RunArguments),
    /// Check a configuration.
    Validate(LoadOptions),
    /// List every component there is.
    Components,
    /// Show a configuration with all defaults.
    PrintConfig(PrintConfigArguments),
    /// Run the specs in these files and folders.
    Test(TestArguments),
    /// Show the reference of every component.
    Reference,
}

/// What to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunArguments {
    /// Where the configuration comes from; without a source, the built-in one runs.
    pub load: LoadOptions,
}

/// What to print and how.
#[derive(Debug, Clone, PartialEq)]
pub struct PrintConfigArguments {
    /// Where the configuration comes from.
    pub load: LoadOptions,
    /// Whether secrets are shown.
    pub secrets: Secrets,
    /// The notation.
    pub format: PrintFormat,
    /// Whether the configuration must also be one that can run.
    pub validate: bool,
}

/// Which specs to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestArguments {
    /// Spec files, and folders of them.
    pub paths: Vec<PathBuf>,
    /// Whether what arrived is printed too.
    pub show: bool,
}

/// The notation of a printed configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrintFormat {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
}

impl Arguments {
    /// Reads a command line, the program's name first. The error is a message ready to print, `--help`
    /// and `--version` included.
    pub fn parse<I, T>(arguments: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<std::ffi::OsString> + Clone,
    {
        let line = CommandLine::try_parse_from(arguments)?;
        let load = line.load.options();
        let command = match line.command {
            None => Command::Run(RunArguments { load }),
            Some(Subcommands::Validate) => Command::Validate(load),
            Some(Subcommands::Components) => Command::Components,
            Some(Subcommands::PrintConfig { mode, format, validate }) => {
                let secrets = match mode {
                    PrintMode::Redacted => Secrets::Redacted,
                    PrintMode::Unredacted => Secrets::Shown,
                };
                Command::PrintConfig(PrintConfigArguments { load, secrets, format, validate })
            }
            Some(Subcommands::Test { paths, show }) => Command::Test(TestArguments { paths, show }),
            Some(Subcommands::Reference) => Command::Reference,
        };
        Ok(Self { command })
    }
}

/// An OpenTelemetry collector and monitoring station in one binary.
///
/// Without a command it runs the pipelines of the configuration until it is told to stop.
#[derive(Debug, Parser)]
#[command(name = "weir", version, disable_version_flag = true, disable_help_subcommand = true)]
struct CommandLine {
    #[command(flatten)]
    load: LoadArguments,

    /// Print the version.
    #[arg(short = 'v', long, action = ArgAction::Version)]
    version: Option<bool>,

    #[command(subcommand)]
    command: Option<Subcommands>,
}

#[derive(Debug, clap::Args)]
struct LoadArguments {
    /// Where the configuration is: a path, or file:, env:, yaml:, http: or https: and what follows. May
    /// stand several times; later ones are laid over earlier ones.
    #[arg(long, value_name = "URI", global = true)]
    config: Vec<String>,

    /// One value of the configuration, such as processors.batch.timeout=2s. May stand several times.
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    set: Vec<String>,

    /// Feature gates of the Collector, such as a,-b. Accepted; none has an effect.
    #[arg(long, value_name = "GATES", global = true, allow_hyphen_values = true)]
    feature_gates: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// Check a configuration without starting anything.
    Validate,
    /// List every component there is, as YAML.
    Components,
    /// Print the configuration with all defaults.
    #[command(alias = "print-initial-config")]
    PrintConfig {
        /// Whether secrets are hidden.
        #[arg(long, value_enum, default_value = "redacted")]
        mode: PrintMode,
        /// The notation.
        #[arg(long, value_enum, default_value = "yaml")]
        format: PrintFormat,
        /// Whether the pipelines must also be ones that can be built.
        #[arg(
            long,
            action = ArgAction::Set,
            default_value = "true",
            default_missing_value = "true",
            num_args = 0..=1,
            require_equals = true
        )]
        validate: bool,
    },
    /// Run specs: what pipelines must make of given telemetry.
    Test {
        /// Spec files; of folders every *.yaml below.
        #[arg(required = true, value_name = "FILE")]
        paths: Vec<PathBuf>,
        /// Print what arrived before each `expect` as well, as YAML to write specs with.
        #[arg(long)]
        show: bool,
    },
    /// Print the reference of every component, as Markdown.
    #[command(hide = true)]
    Reference,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PrintMode {
    Redacted,
    Unredacted,
}

impl LoadArguments {
    fn options(self) -> LoadOptions {
        LoadOptions { sources: self.config, settings: self.set, feature_gates: self.feature_gates }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, clap::Error> {
        Arguments::parse(line.split(' ')).map(|arguments| arguments.command)
    }

    fn load(sources: &[&str], settings: &[&str], feature_gates: &[&str]) -> LoadOptions {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        LoadOptions {
            sources: owned(sources),
            settings: owned(settings),
            feature_gates: owned(feature_gates),
        }
    }

    #[test]
    fn without_a_command_pipelines_run() {
        assert_eq!(parse("weir").unwrap(), Command::Run(RunArguments::default()));
        assert_eq!(
            parse("weir --config a.yaml --config=env:B --set x.y=1 --feature-gates -a,+b").unwrap(),
            Command::Run(RunArguments { load: load(&["a.yaml", "env:B"], &["x.y=1"], &["-a,+b"]) })
        );
    }

    #[test]
    fn flags_may_stand_before_or_after_the_command() {
        let expected = Command::Validate(load(&["a.yaml"], &[], &[]));
        assert_eq!(parse("weir validate --config a.yaml").unwrap(), expected);
        assert_eq!(parse("weir --config a.yaml validate").unwrap(), expected);
    }

    #[test]
    fn printing_has_the_collectors_flags() {
        for (line, secrets, format, validate) in [
            ("weir print-config", Secrets::Redacted, PrintFormat::Yaml, true),
            (
                "weir print-initial-config --mode=unredacted --format=json --validate=false",
                Secrets::Shown,
                PrintFormat::Json,
                false,
            ),
            ("weir print-config --validate", Secrets::Redacted, PrintFormat::Yaml, true),
        ] {
            let load = LoadOptions::default();
            let expected = PrintConfigArguments { load, secrets, format, validate };
            assert_eq!(parse(line).unwrap(), Command::PrintConfig(expected), "{line}");
        }
    }

    #[test]
    fn version_and_help_are_printed() {
        for line in ["weir -v", "weir --version"] {
            let message = parse(line).unwrap_err();
            assert!(!message.use_stderr());
            assert_eq!(message.to_string(), concat!("weir ", env!("CARGO_PKG_VERSION"), "\n"));
        }
        let help = parse("weir --help").unwrap_err().to_string();
        for word in ["--config", "--set", "--feature-gates", "validate", "components", "print-config"] {
            assert!(help.contains(word), "{word} is missing in {help}");
        }
        assert!(!help.contains("reference"));
    }

    #[test]
    fn unknown_flags_are_refused() {
        assert!(parse("weir --confg a.yaml").unwrap_err().use_stderr());
    }
}
