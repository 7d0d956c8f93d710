//! Connections that read partition files, a few of them kept for the next question.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::database::{engine_error, open_for_reading};
use crate::store::StoreError;

/// How many idle connections are kept; each has half a megabyte of pages at most.
const MOST_IDLE: usize = 32;

/// Idle connections, those used longest ago first.
#[derive(Default)]
pub struct ReadConnections {
    idle: Mutex<VecDeque<(PathBuf, Connection)>>,
}

impl ReadConnections {
    /// Runs `read` with a connection to the file at `path`, which sees one state of it throughout.
    pub fn read<T>(
        &self,
        path: &Path,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.take_idle(path);
        let mut connection = match idle {
            Some(connection) => connection,
            None => open_for_reading(path)?,
        };
        let result = {
            let transaction = connection.transaction().map_err(|error| engine_error(path, &error))?;
            read(&transaction)?
        };
        self.put_back(path, connection);
        Ok(result)
    }

    /// Closes the idle connections to the file at `path`, which was removed.
    pub fn forget(&self, path: &Path) {
        self.idle.lock().retain(|(of, _)| of != path);
    }

    fn take_idle(&self, path: &Path) -> Option<Connection> {
        let mut idle = self.idle.lock();
        let at = idle.iter().rposition(|(of, _)| of == path)?;
        idle.remove(at).map(|(_, connection)| connection)
    }

    fn put_back(&self, path: &Path, connection: Connection) {
        let mut idle = self.idle.lock();
        idle.push_back((path.to_owned(), connection));
        let oldest = if idle.len() > MOST_IDLE { idle.pop_front() } else { None };
        drop(idle);
        drop(oldest);
    }
}
