//! Files by their names, in which `*` stands for any characters.

use std::path::{Path, PathBuf};

use regex::Regex;

/// The files that match, in the order of their names.
///
/// # Errors
///
/// A sentence where the pattern is none, or its folder cannot be read.
pub(super) fn matching_files(pattern: &str) -> Result<Vec<PathBuf>, String> {
    let (folder, name) = pattern
        .rsplit_once('/')
        .map_or((".", pattern), |(folder, name)| (if folder.is_empty() { "/" } else { folder }, name));
    if !name.contains(['*', '?', '[']) {
        let is_there = std::fs::symlink_metadata(pattern).is_ok();
        return Ok(is_there.then(|| PathBuf::from(pattern)).into_iter().collect());
    }
    let names = Regex::new(&name_regex(name)).map_err(|_| format!("syntax error in pattern {pattern:?}"))?;
    let failed = |error: std::io::Error| format!("reading {folder}: {error}");
    let mut files = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(files),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let file_name = entry.map_err(failed)?.file_name();
        if file_name.to_str().is_some_and(|name| names.is_match(name)) {
            let in_folder = Path::new(folder).join(&file_name);
            files.push(if pattern.contains('/') { in_folder } else { PathBuf::from(file_name) });
        }
    }
    files.sort();
    Ok(files)
}

fn name_regex(pattern: &str) -> String {
    let mut regex = "^(?s:".to_owned();
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        match character {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' | ']' | '-' | '^' => regex.push(character),
            '\\' => rest
                .next()
                .into_iter()
                .for_each(|escaped| regex.push_str(&regex::escape(escaped.encode_utf8(&mut [0; 4])))),
            other => regex.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    regex.push_str(")$");
    regex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_characters() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for name in ["b.yml", "a.yml", "ab.yml", "a.json"] {
            std::fs::write(path(name), "").unwrap();
        }
        let found = |name: &str| {
            let files = matching_files(path(name).to_str().unwrap()).unwrap();
            files
                .iter()
                .map(|file| file.file_name().unwrap().to_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("*.yml"), ["a.yml", "ab.yml", "b.yml"]);
        assert_eq!(found("?.yml"), ["a.yml", "b.yml"]);
        assert_eq!(found("[b-z]*.yml"), ["b.yml"]);
        assert_eq!(found("a.json"), ["a.json"]);
        assert_eq!(found("missing.yml"), Vec::<String>::new());
        assert_eq!(found("no/*.yml"), Vec::<String>::new());
    }
}
