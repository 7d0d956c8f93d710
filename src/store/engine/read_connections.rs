//! Connections that read partition files, a few of them kept for the next question.

use std::collections::VecDeque;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Connection;

use super::database::open_for_reading;
use crate::store::StoreError;

/// How many idle connections are kept; each has half a megabyte of pages at most.
const MOST_IDLE: usize = 32;

/// Idle connections, those used longest ago first.
#[derive(Default, Clone)]
pub struct ReadConnections {
    idle: Arc<Mutex<VecDeque<(PathBuf, Connection)>>>,
}

/// A connection in use.
pub struct ReadConnection {
    path: PathBuf,
    /// There until it is dropped.
    connection: Option<Connection>,
    idle: Arc<Mutex<VecDeque<(PathBuf, Connection)>>>,
}

impl ReadConnections {
    /// A connection to the file at `path`; none where there is no such file any more.
    pub fn open(&self, path: &Path) -> Result<Option<ReadConnection>, StoreError> {
        let idle = self.take_idle(path);
        let connection = match idle.map_or_else(|| open_for_reading(path), Ok) {
            Err(_) if !path.try_exists().unwrap_or(true) => return Ok(None),
            connection => connection?,
        };
        Ok(Some(ReadConnection {
            path: path.to_owned(),
            connection: Some(connection),
            idle: Arc::clone(&self.idle),
        }))
    }

    /// Closes the idle connections to the file at `path`, which was removed.
    pub fn forget(&self, path: &Path) {
        self.idle.lock().retain(|(of, _)| of != path);
    }

    /// Closes all idle connections.
    pub fn clear(&self) {
        self.idle.lock().clear();
    }

    fn take_idle(&self, path: &Path) -> Option<Connection> {
        let mut idle = self.idle.lock();
        let at = idle.iter().rposition(|(of, _)| of == path)?;
        idle.remove(at).map(|(_, connection)| connection)
    }
}

impl Deref for ReadConnection {
    type Target = Connection;

    #[expect(clippy::expect_used, reason = "it is taken out in drop alone")]
    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a connection in use")
    }
}

impl Drop for ReadConnection {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let mut idle = self.idle.lock();
        idle.push_back((std::mem::take(&mut self.path), connection));
        let oldest = if idle.len() > MOST_IDLE { idle.pop_front() } else { None };
        drop(idle);
        drop(oldest);
    }
}
