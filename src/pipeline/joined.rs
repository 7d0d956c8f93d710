//! Waiting for several things at once, on the worker that wants them.

use std::future::poll_fn;
use std::task::Poll;

use super::BoxFuture;

/// Waits for all; a slow one does not hold up the work of the others. The results come in the order in which
/// they were ready.
pub async fn join_all<T>(futures: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(Some).collect();
    let mut results = Vec::with_capacity(running.len());
    poll_fn(|context| {
        for slot in &mut running {
            let Some(future) = slot else { continue };
            if let Poll::Ready(result) = future.as_mut().poll(context) {
                results.push(result);
                *slot = None;
            }
        }
        if running.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    results
}
