//! What unit tests of components need around them: settings, a next component that does as told, and
//! small batches whose items can be told apart.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use parking_lot::Mutex;
use prost::Message;
use tokio::sync::watch;

use super::status::StatusBoard;
use super::{
    BoxFuture, Clock, Component, ComponentId, Consumer, Extension, Host, InFlightBytes, Refusal, Settings,
    Storage, StorageChange, StorageClient, StorageError, StorageOwner, Workers,
};
use crate::otlp::{Batch, Signal};
use crate::telemetry::Telemetry;

/// Settings of a component called `id` on the runtime of the test.
pub(crate) fn settings(id: &str, signal: Signal) -> Settings {
    Settings {
        id: ComponentId::parse(id).unwrap(),
        signal: Some(signal),
        pipeline: None,
        telemetry: Telemetry::default(),
        workers: Workers::of_current_runtime(),
        clock: Clock::default(),
        status: StatusBoard::default().reporter(id),
        in_flight: InFlightBytes::default(),
        control: tokio::runtime::Handle::current(),
    }
}

/// A batch of one request with one span for each name.
pub(crate) fn spans<T: AsRef<str>>(names: &[T]) -> Batch {
    let span = |name: &T| Span { name: name.as_ref().to_owned(), ..Span::default() };
    let scope_spans = vec![ScopeSpans { spans: names.iter().map(span).collect(), ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    Batch::from_valid_part(Signal::Traces, Bytes::from(body), names.len())
}

/// The names of the spans of a batch, in order.
pub(crate) fn span_names(batch: &Batch) -> Vec<String> {
    let scope_groups = batch.resource_groups().flat_map(|group| group.scope_groups.iter());
    scope_groups.flat_map(|group| group.spans()).map(|span| span.name.to_string()).collect()
}

/// A next component that keeps what it takes, refuses what it is told to, and can be made to stall.
pub(crate) struct Sink {
    taken: Mutex<Vec<Batch>>,
    /// What the next batches are answered; OK where nothing is said.
    answers: Mutex<VecDeque<Result<(), Refusal>>>,
    is_open: watch::Sender<bool>,
}

impl Sink {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            taken: Mutex::default(),
            answers: Mutex::default(),
            is_open: watch::Sender::new(true),
        })
    }

    /// Refuses the next batch.
    pub(crate) fn refuse_next(&self, refusal: Refusal) {
        self.answers.lock().push_back(Err(refusal));
    }

    /// Takes the next batch and refuses the one after it.
    pub(crate) fn take_then_refuse(&self, refusal: Refusal) {
        self.answers.lock().extend([Ok(()), Err(refusal)]);
    }

    /// Answers nobody until it is let go on.
    pub(crate) fn stall(&self) {
        self.is_open.send_replace(false);
    }

    /// Answers again.
    pub(crate) fn go_on(&self) {
        self.is_open.send_replace(true);
    }

    /// What was taken, in order.
    pub(crate) fn taken(&self) -> Vec<Batch> {
        self.taken.lock().clone()
    }

    /// The span names of each batch taken.
    pub(crate) fn names(&self) -> Vec<Vec<String>> {
        self.taken.lock().iter().map(span_names).collect()
    }
}

impl Consumer for Sink {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move {
            let mut is_open = self.is_open.subscribe();
            is_open.wait_for(|is_open| *is_open).await.unwrap();
            self.answers.lock().pop_front().unwrap_or(Ok(()))?;
            self.taken.lock().push(batch);
            Ok(())
        })
    }
}

/// A storage extension in memory. What a space holds outlives its client, as through a restart.
#[derive(Default)]
pub(crate) struct MemoryStorage {
    spaces: Mutex<BTreeMap<String, Arc<MemorySpace>>>,
}

/// The space of one owner.
#[derive(Default)]
pub(crate) struct MemorySpace {
    values: Mutex<BTreeMap<String, Bytes>>,
    failures: Mutex<VecDeque<StorageError>>,
}

struct MemoryClient {
    space: Arc<MemorySpace>,
    closed: std::sync::atomic::AtomicBool,
}

impl MemoryStorage {
    /// A host whose extension `file_storage` this is.
    pub(crate) fn host(self: &Arc<Self>) -> Host {
        let id = ComponentId::parse("file_storage").unwrap();
        let extensions = BTreeMap::from([(id, Arc::clone(self) as Arc<dyn Extension>)]);
        Host { extensions, ..Host::default() }
    }

    /// The space of `owner`, for looking at and for making it fail.
    pub(crate) fn space(&self, owner: &StorageOwner) -> Arc<MemorySpace> {
        let name = format!("{}_{}_{}", owner.kind.name(), owner.id, owner.name);
        Arc::clone(self.spaces.lock().entry(name).or_default())
    }
}

impl MemorySpace {
    /// A copy of everything stored.
    pub(crate) fn values(&self) -> BTreeMap<String, Bytes> {
        self.values.lock().clone()
    }

    /// Stores a value as an earlier life would have.
    pub(crate) fn set(&self, key: &str, value: &'static [u8]) {
        self.values.lock().insert(key.to_owned(), Bytes::from_static(value));
    }

    /// Fails the next write, which then changes nothing.
    pub(crate) fn fail_next_write(&self, error: StorageError) {
        self.failures.lock().push_back(error);
    }
}

impl Component for MemoryStorage {}

impl Extension for MemoryStorage {
    fn storage(&self) -> Option<&dyn Storage> {
        Some(self)
    }
}

impl Storage for MemoryStorage {
    fn open(&self, owner: StorageOwner) -> BoxFuture<'_, Result<Arc<dyn StorageClient>, StorageError>> {
        let client = MemoryClient { space: self.space(&owner), closed: false.into() };
        Box::pin(async move { Ok(Arc::new(client) as Arc<dyn StorageClient>) })
    }
}

impl MemoryClient {
    fn open_space(&self) -> Result<&MemorySpace, StorageError> {
        if self.closed.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(StorageError::Closed);
        }
        Ok(&self.space)
    }
}

impl StorageClient for MemoryClient {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, StorageError>> {
        Box::pin(async move { Ok(self.open_space()?.values.lock().get(key).cloned()) })
    }

    fn keys(&self) -> BoxFuture<'_, Result<Vec<String>, StorageError>> {
        Box::pin(async move { Ok(self.open_space()?.values.lock().keys().cloned().collect()) })
    }

    fn write(&self, changes: Vec<StorageChange>) -> BoxFuture<'_, Result<(), StorageError>> {
        Box::pin(async move {
            let space = self.open_space()?;
            if let Some(error) = space.failures.lock().pop_front() {
                return Err(error);
            }
            let mut values = space.values.lock();
            for change in changes {
                match change {
                    StorageChange::Set { key, value } => values.insert(key, value),
                    StorageChange::Delete { key } => values.remove(&key),
                };
            }
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.closed.store(true, std::sync::atomic::Ordering::Relaxed);
        Box::pin(async {})
    }
}

#[tokio::test]
async fn a_memory_space_outlives_its_client() {
    let storage = Arc::new(MemoryStorage::default());
    let id = ComponentId::parse("otlp").unwrap();
    let owner = StorageOwner { kind: super::ComponentKind::Exporter, id, name: "traces".to_owned() };
    let host = storage.host();
    let client = host.storage("file_storage").unwrap().open(owner.clone()).await.unwrap();
    let set = |key: &str| StorageChange::Set { key: key.to_owned(), value: Bytes::from_static(b"1") };
    storage.space(&owner).fail_next_write(StorageError::Full("test".to_owned()));
    client.write(vec![set("a")]).await.unwrap_err();
    let delete = StorageChange::Delete { key: "a".to_owned() };
    client.write(vec![set("a"), set("b"), delete]).await.unwrap();
    client.close().await;
    assert!(matches!(client.get("b").await, Err(StorageError::Closed)));
    let client = storage.open(owner.clone()).await.unwrap();
    assert_eq!(client.keys().await.unwrap(), ["b"]);
    assert_eq!(client.get("b").await.unwrap(), Some(Bytes::from_static(b"1")));
    assert_eq!(storage.space(&owner).values().len(), 1);
}
