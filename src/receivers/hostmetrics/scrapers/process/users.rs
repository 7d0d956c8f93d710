//! The names of users.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;

use crate::receivers::hostmetrics::host::{HostPaths, ReadError, read_text};

/// The users in the host's `/etc/passwd`.
#[derive(Debug, Default)]
pub(super) struct Users {
    path: PathBuf,
    names: HashMap<u32, String>,
}

impl Users {
    /// The users there are; none where the file cannot be read.
    pub fn read(paths: &HostPaths) -> Self {
        let path = paths.etc.join("passwd");
        let text = read_text(&path).unwrap_or_default();
        let entry = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            Some((fields.nth(1)?.parse().ok()?, name.to_owned()))
        };
        // Of several names of one user the first counts.
        let names = text.lines().rev().filter_map(entry).collect();
        Self { path, names }
    }

    /// The name of a user.
    ///
    /// # Errors
    /// There is none.
    pub fn name_of(&self, user_id: u32) -> Result<&str, ReadError> {
        self.names.get(&user_id).map(String::as_str).ok_or_else(|| ReadError::Unreadable {
            path: self.path.clone(),
            error: io::Error::other(format!("unknown userid {user_id}")),
        })
    }
}
