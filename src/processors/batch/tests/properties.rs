//! Whatever clients send and however the next component refuses: what went in comes out, once, each
//! client's items in order, and no batch is too large.

use proptest::prelude::*;

use super::*;
use crate::pipeline::Refusal;

/// What happens to the processor.
#[derive(Debug, Clone)]
enum Event {
    /// A client sends so many spans.
    Send { client: usize, spans: usize },
    /// Time passes.
    Wait { milliseconds: u64 },
    /// The next batch is refused for now.
    Refuse,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..4_usize, 0..30_usize).prop_map(|(client, spans)| Event::Send { client, spans }),
        1 => (0..400_u64).prop_map(|milliseconds| Event::Wait { milliseconds }),
        1 => Just(Event::Refuse),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn items_in_are_items_out(
        size in 0..20_u32,
        above in prop_oneof![Just(None), (0..10_u32).prop_map(Some)],
        timeout_milliseconds in 0..300_i64,
        events in prop::collection::vec(event(), 0..60),
    ) {
        let most = above.map_or(0, |above| size + above);
        let config = BatchConfig {
            timeout: GoDuration::from_millis(timeout_milliseconds),
            ..config(size, most)
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let (sent, received) = runtime.unwrap().block_on(run(config, events));
        if most > 0 {
            for batch in &received {
                prop_assert!(batch.len() <= most as usize, "{} spans in one batch", batch.len());
            }
        }
        let received: Vec<String> = received.concat();
        for client in 0..4 {
            let of_client = |names: &[String]| -> Vec<String> {
                names.iter().filter(|name| name.starts_with(&format!("{client}:"))).cloned().collect()
            };
            prop_assert_eq!(of_client(&received), of_client(&sent));
        }
        prop_assert_eq!(received.len(), sent.len());
    }
}

/// The names sent, and the names of each batch that came out.
async fn run(config: BatchConfig, events: Vec<Event>) -> (Vec<String>, Vec<Vec<String>>) {
    let sink = Sink::new();
    let (batch, _) = batch_processor(config, &sink);
    let mut sent = Vec::new();
    for event in events {
        match event {
            Event::Send { client, spans: count } => {
                let first = sent.len();
                let names: Vec<_> =
                    (first..first + count).map(|number| format!("{client}:{number}")).collect();
                batch.consume(spans(&names)).await.unwrap();
                sent.extend(names);
            }
            Event::Wait { milliseconds } => sleep(Duration::from_millis(milliseconds)).await,
            Event::Refuse => sink.refuse_next(Refusal::retryable("not now")),
        }
    }
    batch.shutdown(Instant::now() + Duration::from_secs(3600)).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    (sent, sink.names())
}
