//! What records say of the file they are from.

use std::borrow::Cow;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::config::FileAttributesConfig;
use super::records::put_text_attribute;
use crate::log_operators::ValueMap;

/// The attributes of all records of a file, in two forms.
#[derive(Debug, Default)]
pub struct FileAttributes {
    /// As values.
    pub values: ValueMap,
    /// As fields of a `LogRecord`, where all values are text.
    pub encoded: Vec<u8>,
    /// The path for which they hold.
    pub path: PathBuf,
}

impl FileAttributes {
    /// Of the file at `path`: `values`, and over them what `config` says of the file.
    pub fn of(
        config: &FileAttributesConfig,
        path: &Path,
        metadata: Option<&Metadata>,
        values: ValueMap,
    ) -> Self {
        let mut values = values;
        let mut say = |key: &str, value: Cow<'_, str>| {
            values.insert(key, value.into_owned().into());
        };
        let name_of = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if config.include_file_name {
            say("log.file.name", name_of(path).into());
        }
        if config.include_file_path {
            say("log.file.path", path.to_string_lossy());
        }
        if (config.include_file_name_resolved || config.include_file_path_resolved)
            && let Ok(resolved) = path.canonicalize()
        {
            if config.include_file_name_resolved {
                say("log.file.name_resolved", name_of(&resolved).into());
            }
            if config.include_file_path_resolved {
                say("log.file.path_resolved", resolved.to_string_lossy());
            }
        }
        if let Some(metadata) = metadata {
            if config.include_file_permissions {
                say("log.file.permissions", format!("{:03o}", metadata.mode() & 0o777).into());
            }
            if config.include_file_owner_name {
                say("log.file.owner.name", name_of_id("/etc/passwd", metadata.uid()).into());
            }
            if config.include_file_owner_group_name {
                say("log.file.owner.group.name", name_of_id("/etc/group", metadata.gid()).into());
            }
        }
        let mut encoded = Vec::new();
        for (key, value) in values.iter() {
            if let Some(text) = value.as_str() {
                put_text_attribute(&mut encoded, key, text);
            }
        }
        Self { values, encoded, path: path.to_owned() }
    }
}

/// The name that `table` (lines `name:password:id:...`) has for an id; the id itself where it has none.
fn name_of_id(table: &str, id: u32) -> String {
    let text = std::fs::read_to_string(table).unwrap_or_default();
    let name = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| id.to_string())
}
