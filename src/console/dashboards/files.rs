//! Reading dashboards from files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::DashboardConfig;
use crate::config::{Checking, ConfigErrors, ConfigValue as _, Decoding, parse_yaml, place_error};

/// The dashboards in the `.yaml` files of `directory` and in `files`, by id.
///
/// # Errors
///
/// Everything that is wrong with any of them, each with file, line and column.
pub fn read_dashboards(directory: &str, files: &[String]) -> Result<Vec<DashboardConfig>, ConfigErrors> {
    let mut paths: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    if !directory.is_empty() {
        paths.extend(yaml_files(Path::new(directory))?);
    }
    let mut dashboards: Vec<DashboardConfig> = Vec::new();
    let mut errors = Vec::new();
    for path in paths {
        match read_dashboard(&path) {
            Ok(dashboard) => dashboards.push(dashboard),
            Err(ConfigErrors(found)) => errors.extend(found),
        }
    }
    dashboards.sort_by(|left, right| left.id.cmp(&right.id));
    for pair in dashboards.windows(2) {
        if let [first, second] = pair
            && first.id == second.id
        {
            let message = format!("two dashboards have the id {:?}", first.id);
            errors.extend(ConfigErrors::from_message(message).0);
        }
    }
    if errors.is_empty() { Ok(dashboards) } else { Err(ConfigErrors(errors)) }
}

fn yaml_files(directory: &Path) -> Result<Vec<PathBuf>, ConfigErrors> {
    let failed = |error: std::io::Error| {
        ConfigErrors::from_message(format!("{}: dashboards cannot be listed: {error}", directory.display()))
    };
    let entries = std::fs::read_dir(directory).map_err(failed)?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut paths = paths.map_err(failed)?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml"));
    paths.sort();
    Ok(paths)
}

fn read_dashboard(path: &Path) -> Result<DashboardConfig, ConfigErrors> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigErrors::from_message(format!("{shown}: cannot be read: {error}")))?;
    let node = parse_yaml(&text, &Arc::from(shown.to_string())).map_err(|error| ConfigErrors(vec![error]))?;
    let mut dashboard = DashboardConfig::default();
    let mut decoding = Decoding::default();
    dashboard.update(&node, &mut decoding);
    let mut errors = decoding.into_errors();
    if errors.is_empty() {
        let mut checking = Checking::default();
        dashboard.check(&mut checking);
        errors = checking.into_errors().into_iter().map(|error| place_error(&node, error)).collect();
    }
    if !errors.is_empty() {
        return Err(ConfigErrors(errors));
    }
    if dashboard.id.is_empty() {
        dashboard.id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    }
    Ok(dashboard)
}
