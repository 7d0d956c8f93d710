//! Jobs that are written in files beside the configuration.

use std::path::Path;

use super::config::{GlobalConfig, PrometheusConfig, ScrapeConfig, ScrapeConfigFile};
use super::file_discovery::matching_files;
use crate::config::{Checking, ConfigError, ConfigValue, Decoding, parse_yaml};

/// The jobs of the configuration, then those of its `scrape_config_files`.
///
/// # Errors
///
/// A sentence that names the file.
pub(super) fn all_jobs(config: &PrometheusConfig) -> Result<Vec<ScrapeConfig>, String> {
    let mut jobs = config.scrape_configs.clone();
    for pattern in &config.scrape_config_files {
        let files = matching_files(&pattern.0)
            .map_err(|error| format!("error retrieving scrape config files for {:?}: {error}", pattern.0))?;
        for path in files {
            let of_file =
                jobs_of(&path, &config.global).map_err(|error| format!("{}: {error}", path.display()))?;
            for job in of_file {
                let name = &job.job_name;
                if jobs.iter().any(|known| known.job_name == *name) {
                    let name = &name.0;
                    let path = path.display();
                    return Err(format!("{path}: found multiple scrape configs with job name {name:?}"));
                }
                jobs.push(job);
            }
        }
    }
    Ok(jobs)
}

fn jobs_of(path: &Path, global: &GlobalConfig) -> Result<Vec<ScrapeConfig>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let node = parse_yaml(&text, &path.to_string_lossy().into()).map_err(|error| error.to_string())?;
    let mut file = ScrapeConfigFile::default();
    let mut decoding = Decoding::default();
    file.update(&node, &mut decoding);
    first(decoding.into_errors())?;
    let mut checking = Checking::default();
    file.check(&mut checking);
    file.scrape_configs.iter().for_each(|job| job.check_with(global, &mut checking));
    first(checking.into_errors())?;
    let folder = path.parent().unwrap_or(Path::new(""));
    file.scrape_configs.iter_mut().for_each(|job| job.resolve_files(folder));
    Ok(file.scrape_configs)
}

fn first(errors: Vec<ConfigError>) -> Result<(), String> {
    errors.first().map_or(Ok(()), |error| Err(error.to_string()))
}
