//! What was answered OK is delivered, or its drop is counted.

use super::*;
use crate::pipeline::Refusal;

#[tokio::test(start_paused = true)]
async fn a_batch_refused_for_now_is_kept_and_offered_again() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(config(2, 0), &sink);
    sink.refuse_next(Refusal::retryable("sending queue is full"));
    sink.refuse_next(Refusal::retryable("sending queue is full"));
    batch.consume(spans(&["a", "b"])).await.unwrap();
    batch.consume(spans(&["c", "d"])).await.unwrap();
    assert!(sink.names().is_empty());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(sink.names(), [["a", "b"], ["c", "d"]], "in order");
}

#[tokio::test(start_paused = true)]
async fn a_named_delay_is_kept() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(config(1, 0), &sink);
    sink.refuse_next(Refusal::retryable("busy").after(Some(Duration::from_secs(30))));
    batch.consume(spans(&["a"])).await.unwrap();
    sleep(Duration::from_millis(29_900)).await;
    assert!(sink.names().is_empty());
    sleep(Duration::from_millis(200)).await;
    assert_eq!(sink.names(), [["a"]]);
}

#[tokio::test(start_paused = true)]
async fn only_what_was_not_delivered_is_offered_again() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(config(3, 0), &sink);
    let mut refusal = Refusal::retryable("one table is locked");
    refusal.class = crate::pipeline::RefusalClass::Partial { remaining: Box::new(spans(&["b"])) };
    sink.refuse_next(refusal);
    batch.consume(spans(&["a", "b", "c"])).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(sink.names(), [["b"]]);
}

#[tokio::test(start_paused = true)]
async fn callers_wait_while_too_much_is_kept() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(config(1, 0), &sink);
    sink.stall();
    for name in ["a", "b", "c", "d"] {
        batch.consume(spans(&[name])).await.unwrap();
    }
    let waiting = tokio::spawn({
        let batch = Arc::clone(&batch);
        async move { batch.consume(spans(&["e"])).await }
    });
    sleep(Duration::from_secs(60)).await;
    assert!(!waiting.is_finished());
    sink.go_on();
    waiting.await.unwrap().unwrap();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(sink.names(), [["a"], ["b"], ["c"], ["d"], ["e"]]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_gives_up_waiting_leaves_nothing_behind() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(config(1, 0), &sink);
    sink.stall();
    for name in ["a", "b", "c", "d"] {
        batch.consume(spans(&[name])).await.unwrap();
    }
    let too_long = tokio::time::timeout(Duration::from_secs(1), batch.consume(spans(&["e"])));
    assert!(too_long.await.is_err());
    sink.go_on();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(sink.names(), [["a"], ["b"], ["c"], ["d"]], "what got no answer was not taken");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_dropped_and_counted() {
    let sink = Sink::new();
    let (batch, settings) = batch_processor(config(2, 0), &sink);
    sink.refuse_next(Refusal::permanent("no such tenant"));
    batch.consume(spans(&["a", "b", "c"])).await.unwrap();
    batch.consume(spans(&["d", "e"])).await.unwrap();
    assert_eq!(sink.names(), [["d", "e"]]);
    assert_eq!(drops(&settings.telemetry), [("permanent".to_owned(), 3.0)]);
    assert_eq!(number(&settings.telemetry, "otelcol_processor_batch_batch_size_trigger_send"), 1.0);
}

#[tokio::test(start_paused = true)]
async fn shutdown_hands_on_what_is_held() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(BatchConfig::default(), &sink);
    batch.consume(spans(&["a"])).await.unwrap();
    sink.refuse_next(Refusal::retryable("busy"));
    batch.shutdown(soon()).await;
    assert_eq!(sink.names(), [["a"]]);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);

    let refusal = batch.consume(spans(&["b"])).await.unwrap_err();
    assert_eq!(refusal.message, "the batch processor is shut down");
    assert!(!refusal.is_permanent());
    batch.shutdown(soon()).await;
    assert_eq!(sink.names(), [["a"]]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_taken_until_the_deadline_is_dropped_and_counted() {
    let sink = Sink::new();
    let (batch, settings) = batch_processor(config(2, 0), &sink);
    sink.stall();
    batch.consume(spans(&["a", "b"])).await.unwrap();
    batch.consume(spans(&["c"])).await.unwrap();
    batch.shutdown(soon()).await;
    assert!(sink.names().is_empty());
    assert_eq!(drops(&settings.telemetry), [("shutdown".to_owned(), 3.0)]);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_waits_is_refused_at_shutdown() {
    let sink = Sink::new();
    let (batch, _) = batch_processor(config(1, 0), &sink);
    sink.stall();
    for name in ["a", "b", "c", "d"] {
        batch.consume(spans(&[name])).await.unwrap();
    }
    let waiting = tokio::spawn({
        let batch = Arc::clone(&batch);
        async move { batch.consume(spans(&["e"])).await }
    });
    sleep(Duration::from_millis(1)).await;
    batch.shutdown(soon()).await;
    assert!(!waiting.await.unwrap().unwrap_err().is_permanent());
}
