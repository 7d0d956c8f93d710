//! The sending queue with a storage: what was answered OK is there after any end, until it is done.

use super::*;
use crate::pipeline::testing::MemoryStorage;
use crate::pipeline::{ComponentId, ComponentKind, StorageError, StorageOwner};

fn owner() -> StorageOwner {
    let id = ComponentId::parse("otlp_grpc").unwrap();
    StorageOwner { kind: ComponentKind::Exporter, id, name: "traces".to_owned() }
}

fn stored(storage: &Arc<MemoryStorage>) -> usize {
    storage.space(&owner()).values().len()
}

/// One exporter process after the other may be started on the same storage; dropping one is a kill.
async fn start(storage: &Arc<MemoryStorage>, change: impl FnOnce(&mut SendingQueueConfig)) -> Fixture {
    Fixture::beside(&storage.host(), ExportResponse::default(), |options, queue| {
        // Nothing is given up.
        options.retry.as_mut().unwrap().max_elapsed_time = GoDuration::ZERO;
        queue.storage = Some("file_storage".to_owned());
        queue.num_consumers = 1;
        change(queue);
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_request_is_stored_before_its_answer_and_deleted_once_it_is_sent() {
    let storage = Arc::new(MemoryStorage::default());
    let fixture = start(&storage, |_| {}).await;
    fixture.sink.stall();
    fixture.exporter.consume(spans(&["a"])).await.unwrap();
    assert_eq!(stored(&storage), 1);
    settle().await;
    assert_eq!(stored(&storage), 1, "being sent is not sent");
    fixture.sink.go_on();
    settle().await;
    assert_eq!((fixture.sink.names(), stored(&storage)), (vec![vec!["a".to_owned()]], 0));
}

#[tokio::test(start_paused = true)]
async fn after_a_kill_what_was_not_done_comes_first_and_takes_its_room() {
    let storage = Arc::new(MemoryStorage::default());
    let killed = start(&storage, |_| {}).await;
    killed.sink.stall();
    for name in ["a", "b", "c"] {
        killed.exporter.consume(spans(&[name, name])).await.unwrap();
    }
    settle().await;

    let next = start(&storage, |queue| {
        queue.sizer = Some(Sizer::Items);
        queue.queue_size = 7;
    })
    .await;
    next.sink.stall();
    let full = next.exporter.consume(spans(&["d", "d"])).await.unwrap_err();
    assert_eq!(full.message, "sending queue is full");
    next.exporter.consume(spans(&["d"])).await.unwrap();
    next.sink.go_on();
    settle().await;
    assert_eq!(next.sink.names(), [vec!["a", "a"], vec!["b", "b"], vec!["c", "c"], vec!["d"]]);
    assert_eq!(stored(&storage), 0);
    next.exporter.consume(spans(&["e"; 7])).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_leaves_what_is_not_delivered_to_the_next_start_and_drops_nothing() {
    let storage = Arc::new(MemoryStorage::default());
    let fixture = start(&storage, |_| {}).await;
    for _ in 0..2 {
        fixture.sink.refuse_next(Refusal::retryable("busy"));
    }
    fixture.exporter.consume(spans(&["a"])).await.unwrap();
    fixture.exporter.consume(spans(&["b"])).await.unwrap();
    settle().await;
    fixture.shutdown(30).await;
    assert_eq!((fixture.sink.taken().len(), stored(&storage)), (0, 2));
    assert!(DropReason::ALL.into_iter().all(|reason| fixture.dropped(reason) == 0));
    let late = fixture.exporter.consume(spans(&["c"])).await.unwrap_err();
    assert_eq!(late.message, "sending queue is stopped");

    let next = start(&storage, |_| {}).await;
    settle().await;
    assert_eq!((next.sink.names(), stored(&storage)), (vec![vec!["a".to_owned()], vec!["b".to_owned()]], 0));
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_middle_of_a_request_keeps_only_the_rest_of_it() {
    let storage = Arc::new(MemoryStorage::default());
    let pieces = |queue: &mut SendingQueueConfig| {
        let batch = QueueBatchConfig { min_size: 0, max_size: 1, ..QueueBatchConfig::default() };
        queue.batch = Optional::on(batch);
    };
    let fixture = start(&storage, pieces).await;
    fixture.sink.stall();
    fixture.exporter.consume(spans(&["a", "b", "c"])).await.unwrap();
    settle().await;
    // The first piece is under way; it is taken, and the second one not.
    fixture.sink.take_then_refuse(Refusal::retryable("busy"));
    fixture.sink.refuse_next(Refusal::retryable("busy"));
    fixture.sink.go_on();
    settle().await;
    fixture.shutdown(30).await;
    assert_eq!(fixture.sink.names(), [["a"]]);

    let next = start(&storage, pieces).await;
    settle().await;
    assert_eq!(next.sink.names(), [["b"], ["c"]]);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_for_good_is_not_kept() {
    let storage = Arc::new(MemoryStorage::default());
    let fixture = start(&storage, |_| {}).await;
    fixture.sink.refuse_next(Refusal::permanent("bad data"));
    fixture.exporter.consume(spans(&["a"])).await.unwrap();
    settle().await;
    assert_eq!((fixture.dropped(DropReason::Permanent), stored(&storage)), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_stored_is_refused_and_takes_no_room() {
    let storage = Arc::new(MemoryStorage::default());
    let fixture = start(&storage, |queue| queue.queue_size = 1).await;
    let full = || StorageError::Full("no space".to_owned());
    let space = storage.space(&owner());
    space.fail_next_write(full());
    let refusal = fixture.exporter.consume(spans(&["a"])).await.unwrap_err();
    let message = "sending queue could not store the request: storage is full: no space";
    assert_eq!((refusal.message.as_str(), refusal.is_permanent()), (message, false));
    assert_eq!(fixture.count(instruments::exporter_enqueue_failed(Signal::Traces)), 1);
    fixture.exporter.consume(spans(&["b"])).await.unwrap();
    settle().await;
    assert_eq!(fixture.sink.names(), [["b"]]);
}

#[tokio::test(start_paused = true)]
async fn gathered_requests_are_deleted_together_and_come_back_gathered() {
    let storage = Arc::new(MemoryStorage::default());
    let gathered = |queue: &mut SendingQueueConfig| {
        let batch = QueueBatchConfig { min_size: 3, ..QueueBatchConfig::default() };
        queue.batch = Optional::on(batch);
    };
    let killed = start(&storage, gathered).await;
    killed.exporter.consume(spans(&["a"])).await.unwrap();
    killed.exporter.consume(spans(&["b"])).await.unwrap();
    settle().await;
    assert_eq!((killed.sink.taken().len(), stored(&storage)), (0, 2), "two are not enough for a request");

    let next = start(&storage, gathered).await;
    next.exporter.consume(spans(&["c"])).await.unwrap();
    settle().await;
    assert_eq!((next.sink.names(), stored(&storage)), (vec![vec!["a".into(), "b".into(), "c".into()]], 0));
}

#[tokio::test(start_paused = true)]
async fn a_long_queue_is_not_held_in_memory_and_is_sent_whole() {
    let storage = Arc::new(MemoryStorage::default());
    let fixture = start(&storage, |_| {}).await;
    let name = |index: usize| format!("{index}{}", "x".repeat(1024 * 1024));
    fixture.sink.stall();
    for index in 0..40 {
        let batch = spans(&[name(index)]);
        let body = fixture.settings.in_flight.track(batch.parts()[0].clone());
        fixture.exporter.consume(Batch::from_valid_part(Signal::Traces, body, 1)).await.unwrap();
    }
    settle().await;
    let held = fixture.settings.in_flight.bytes() / (1024 * 1024);
    assert!((15..=17).contains(&held), "{held} MiB");
    fixture.sink.go_on();
    for _ in 0..10 {
        settle().await;
    }
    let names: Vec<_> = fixture.sink.names().concat();
    assert_eq!(names, (0..40).map(name).collect::<Vec<_>>());
    assert_eq!(stored(&storage), 0);
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_is_not_there_or_of_a_newer_version_is_said_at_the_start() {
    let settings = settings("otlp_grpc", Signal::Traces);
    let exporter = |storage: &str| {
        let queue = SendingQueueConfig { storage: Some(storage.to_owned()), ..SendingQueueConfig::default() };
        let options = ExporterOptions { timeout: GoDuration::ZERO, retry: None, queue: Optional::on(queue) };
        let sender = SinkSender(Sink::new(), ExportResponse::default());
        build_exporter(&settings, options, sender).unwrap()
    };
    let storage = Arc::new(MemoryStorage::default());
    let error = exporter("other").start(&storage.host()).await.unwrap_err().to_string();
    assert_eq!(error, "storage extension 'other' not found");

    storage.space(&owner()).set("00000000000000000007", b"\x02\0\0\0\0");
    let error = exporter("file_storage").start(&storage.host()).await.unwrap_err().to_string();
    assert_eq!(
        error,
        "cannot read request 00000000000000000007 of the persistent queue: it has format version 2, of a newer \
         Weir; this one reads up to version 1"
    );
}
