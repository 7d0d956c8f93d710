//! Waiting until every task waits, without time passing.

use std::sync::Arc;
use std::task::{Poll, Waker};

use parking_lot::Mutex;
use tokio::runtime::Builder;

/// Knows when a runtime has nothing left to do but to let time pass. Time that is paused only moves on
/// after that, so waiting this way never fires a timer.
#[derive(Clone, Default)]
pub struct Idle {
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    waker: Option<Waker>,
    was_idle: bool,
}

impl Idle {
    /// Watches the runtime that `builder` will build. Call [`reached`](Self::reached) from a task that
    /// was spawned there: what wakes the main future alone does not keep the runtime from going to sleep.
    pub fn watch(&self, builder: &mut Builder) {
        let waiting = Arc::clone(&self.waiting);
        builder.on_thread_park(move || {
            let mut waiting = waiting.lock();
            if let Some(waker) = waiting.waker.take() {
                waiting.was_idle = true;
                waker.wake();
            }
        });
    }

    /// Returns once every other task of the runtime waits for time or for the caller. What blocking threads
    /// do is not waited for.
    pub async fn reached(&self) {
        self.waiting.lock().was_idle = false;
        std::future::poll_fn(|context| {
            let mut waiting = self.waiting.lock();
            if waiting.was_idle {
                return Poll::Ready(());
            }
            waiting.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::sync::mpsc;
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn tasks_run_to_the_end_of_their_chain_and_no_time_passes() {
        let idle = Idle::default();
        let mut builder = Builder::new_current_thread();
        builder.enable_all().start_paused(true);
        idle.watch(&mut builder);
        let runtime = builder.build().unwrap();
        let script = async move {
            let begun = Instant::now();
            let hops = Arc::new(AtomicUsize::new(0));
            let (first, mut receiver) = mpsc::channel(1);
            for _ in 0..1000 {
                let (sender, next) = mpsc::channel(1);
                let hops = Arc::clone(&hops);
                tokio::spawn(async move {
                    let number: usize = receiver.recv().await.unwrap();
                    hops.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                    sender.send(number).await.unwrap();
                });
                receiver = next;
            }
            let timer = tokio::spawn(tokio::time::sleep(Duration::from_millis(1)));
            first.send(1).await.unwrap();
            idle.reached().await;
            assert_eq!(hops.load(Ordering::Relaxed), 1000);
            assert_eq!(begun.elapsed(), Duration::ZERO);
            assert!(!timer.is_finished());
            idle.reached().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
            idle.reached().await;
            assert!(timer.is_finished());
            assert_eq!(begun.elapsed(), Duration::from_millis(1));
        };
        runtime.block_on(runtime.spawn(script)).unwrap();
    }
}
