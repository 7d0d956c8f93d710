//! The memory limiter with bytes in flight as tracked and resident memory as told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::sleep;

use super::*;
use crate::config::ConfigValue;
use crate::pipeline::testing::{Sink, settings};

/// A limiter with a hard limit of 10 MiB and a soft one of 8, measured every second.
struct Limiter {
    limiter: MemoryLimiter,
    settings: Settings,
    sink: Arc<Sink>,
    resident: Arc<AtomicU64>,
}

impl Limiter {
    fn new() -> Self {
        let config = MemoryLimiterConfig {
            check_interval: GoDuration::from_secs(1),
            limit_mib: 10,
            ..MemoryLimiterConfig::default()
        };
        let (settings, sink) = (settings("memory_limiter", Signal::Logs), Sink::new());
        let resident = Arc::new(AtomicU64::new(0));
        let read = {
            let resident = Arc::clone(&resident);
            Box::new(move || Some(resident.load(Ordering::Relaxed)))
        };
        let limiter = MemoryLimiter::new(&config, &settings, Arc::clone(&sink) as _, read).unwrap();
        Self { limiter, settings, sink, resident }
    }

    fn set_resident_mib(&self, mib: u64) {
        self.resident.store(mib * MIB, Ordering::Relaxed);
    }

    /// A batch of so many KiB and ten items, as a receiver hands it over.
    fn batch(&self, kib: usize) -> Batch {
        let body = self.settings.in_flight.track(Bytes::from(vec![0; kib * 1024]));
        Batch::from_valid_part(Signal::Logs, body, 10)
    }

    async fn admits(&self, kib: usize) -> bool {
        let answer = self.limiter.consume(self.batch(kib)).await;
        if let Err(refusal) = &answer {
            assert_eq!(refusal.message, "data refused due to high memory usage");
            assert!(!refusal.is_permanent());
        }
        answer.is_ok()
    }

    fn counted(&self) -> (u64, u64) {
        (self.limiter.accepted.value(), self.limiter.refused.value())
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_in_flight_never_pass_the_soft_limit() {
    let limiter = Limiter::new();
    assert!(limiter.admits(5 * 1024).await);
    assert!(limiter.admits(3 * 1024).await, "8 MiB are still within");
    assert!(!limiter.admits(1).await);
    assert_eq!(limiter.settings.in_flight.bytes(), 8 * 1024 * 1024, "what was refused is gone");
    assert_eq!(limiter.counted(), (20, 10));
}

#[tokio::test(start_paused = true)]
async fn above_the_soft_limit_a_quarter_of_the_spike_may_be_in_flight() {
    let limiter = Limiter::new();
    limiter.set_resident_mib(8);
    assert!(limiter.admits(400).await, "nothing else is in flight");
    assert!(limiter.admits(112).await, "400 KiB of 512 are");
    assert!(limiter.admits(1).await, "512 KiB of 512 are");
    assert!(!limiter.admits(1).await, "513 KiB of 512 are");
}

#[tokio::test(start_paused = true)]
async fn above_the_hard_limit_batches_pass_one_at_a_time() {
    let limiter = Limiter::new();
    limiter.set_resident_mib(10);
    assert!(limiter.admits(100).await, "memory that does not come back must not stop the pipeline");
    assert!(!limiter.admits(100).await);
    assert_eq!(limiter.sink.taken().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn resident_memory_is_read_once_an_interval() {
    let limiter = Limiter::new();
    assert!(limiter.admits(1024).await);
    limiter.set_resident_mib(9);
    sleep(Duration::from_millis(999)).await;
    assert!(limiter.admits(1).await);
    sleep(Duration::from_millis(1)).await;
    assert!(!limiter.admits(1).await);
    limiter.set_resident_mib(7);
    assert!(!limiter.admits(1).await);
    sleep(Duration::from_secs(1)).await;
    assert!(limiter.admits(1).await);
}

fn check_messages(config: &MemoryLimiterConfig) -> Vec<String> {
    let mut checking = Checking::default();
    config.check(&mut checking);
    checking.into_errors().into_iter().map(|error| error.message).collect()
}

#[test]
fn checks_speak_as_the_collector_does() {
    assert_eq!(
        check_messages(&MemoryLimiterConfig::default()),
        [
            "'check_interval' must be greater than zero",
            "'limit_mib' or 'limit_percentage' must be greater than zero",
        ]
    );
    let valid = MemoryLimiterConfig {
        check_interval: GoDuration::from_secs(1),
        limit_mib: 100,
        ..MemoryLimiterConfig::default()
    };
    assert_eq!(check_messages(&valid), Vec::<String>::new());
    let spiky = MemoryLimiterConfig {
        spike_limit_mib: 100,
        limit_percentage: 50,
        spike_limit_percentage: 101,
        min_gc_interval_when_hard_limited: GoDuration::from_secs(11),
        ..valid
    };
    assert_eq!(
        check_messages(&spiky),
        [
            "'min_gc_interval_when_soft_limited' should be larger than 'min_gc_interval_when_hard_limited'",
            "'limit_percentage' and 'spike_limit_percentage' must be greater than zero and less than or \
             equal to hundred",
            "'spike_limit_mib' must be smaller than 'limit_mib'",
            "'spike_limit_percentage' must be smaller than 'limit_percentage'",
        ]
    );
}

#[test]
fn limits_come_from_mebibytes_before_percentages() {
    let config = MemoryLimiterConfig {
        limit_mib: 100,
        spike_limit_mib: 30,
        limit_percentage: 50,
        ..MemoryLimiterConfig::default()
    };
    let limits = config.limits(|| panic!("the percentage does not count")).unwrap();
    assert_eq!(limits, MemoryLimits::new(100 * MIB, 30 * MIB));
    assert_eq!(limits.soft(), 70 * MIB);

    let config = MemoryLimiterConfig { limit_percentage: 50, ..MemoryLimiterConfig::default() };
    assert_eq!(config.limits(|| Some(1000)).unwrap().soft(), 400, "the spike is a fifth");
    let config = MemoryLimiterConfig { spike_limit_percentage: 5, ..config };
    assert_eq!(config.limits(|| Some(1000)).unwrap().soft(), 450);
    assert_eq!(
        config.limits(|| None).unwrap_err().to_string(),
        "failed to get total memory, use fixed memory settings (limit_mib)"
    );
}
