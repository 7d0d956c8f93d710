//! The command `print-config`: the configuration as it is understood, defaults included.

use super::arguments::{PrintConfigArguments, PrintFormat};
use super::validate;
use crate::config::{ConfigErrors, load};

/// Loads the configuration and writes it out.
pub fn print_config(arguments: &PrintConfigArguments) -> Result<String, ConfigErrors> {
    let configuration = match arguments.validate {
        true => validate(&arguments.load)?,
        false => load(&arguments.load)?,
    };
    let document = configuration.to_yaml(arguments.secrets);
    // A tree with texts as keys cannot fail to be written.
    Ok(match arguments.format {
        PrintFormat::Yaml => serde_yaml::to_string(&document).unwrap_or_default(),
        PrintFormat::Json => serde_json::to_string_pretty(&document).unwrap_or_default() + "\n",
    })
}

#[cfg(test)]
mod tests {
    use serde_yaml::Value;

    use super::*;
    use crate::config::{LoadOptions, Secrets};

    fn arguments(secrets: Secrets, format: PrintFormat) -> PrintConfigArguments {
        let source = "yaml:receivers: {nop/a: }\nexporters: {nop: }\nservice: {telemetry: {metrics: {readers: \
                      [{periodic: {exporter: {otlp: {headers_list: secret=1}}}}]}}, pipelines: {logs: \
                      {receivers: [nop/a], exporters: [nop]}}}";
        let load = LoadOptions { sources: vec![source.to_owned()], ..LoadOptions::default() };
        PrintConfigArguments { load, secrets, format, validate: true }
    }

    #[test]
    fn defaults_are_shown_and_secrets_are_not() {
        let printed = print_config(&arguments(Secrets::Redacted, PrintFormat::Yaml)).unwrap();
        let document: Value = serde_yaml::from_str(&printed).unwrap();
        assert_eq!(document["service"]["telemetry"]["logs"]["level"], "info");
        assert_eq!(document["service"]["pipelines"]["logs"]["receivers"][0], "nop/a");
        let otlp = &document["service"]["telemetry"]["metrics"]["readers"][0]["periodic"]["exporter"]["otlp"];
        assert_eq!(otlp["headers_list"], "[REDACTED]");
        assert!(!printed.contains("secret=1"));
    }

    #[test]
    fn secrets_are_shown_where_that_is_asked_for() {
        let printed = print_config(&arguments(Secrets::Shown, PrintFormat::Json)).unwrap();
        let document: serde_json::Value = serde_json::from_str(&printed).unwrap();
        let otlp = &document["service"]["telemetry"]["metrics"]["readers"][0]["periodic"]["exporter"]["otlp"];
        assert_eq!(otlp["headers_list"], "secret=1");
    }

    #[test]
    fn what_is_printed_can_be_loaded() {
        let arguments = arguments(Secrets::Shown, PrintFormat::Yaml);
        let printed = print_config(&arguments).unwrap();
        let load = LoadOptions { sources: vec![format!("yaml:{printed}")], ..LoadOptions::default() };
        let again = print_config(&PrintConfigArguments { load, ..arguments });
        assert_eq!(again.unwrap_or_else(|errors| panic!("{errors}")), printed);
    }
}
