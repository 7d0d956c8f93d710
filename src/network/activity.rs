//! What goes on on one connection: how many requests are under way, and for how long none was.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The requests of one connection.
#[derive(Debug)]
pub struct Activity {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    under_way: usize,
    idle_since: Instant,
}

/// One request under way, until it is dropped.
#[derive(Debug)]
pub struct UnderWay(Arc<Activity>);

impl Default for Activity {
    fn default() -> Self {
        Self { state: Mutex::new(State { under_way: 0, idle_since: Instant::now() }) }
    }
}

impl Activity {
    /// A request has begun.
    pub fn begin(self: &Arc<Self>) -> UnderWay {
        self.state.lock().under_way += 1;
        UnderWay(Arc::clone(self))
    }

    /// Returns when no request was under way for `limit`; never without a limit.
    pub async fn idle_for(&self, limit: Option<Duration>) {
        let Some(limit) = limit else {
            return std::future::pending().await;
        };
        loop {
            let until = self.idle_until(limit);
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    /// When the limit would be reached if nothing else happened.
    fn idle_until(&self, limit: Duration) -> Instant {
        let state = self.state.lock();
        let since = if state.under_way > 0 { Instant::now() } else { state.idle_since };
        since + limit
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.under_way -= 1;
        state.idle_since = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn idleness_counts_from_the_end_of_the_last_request() {
        let activity = Arc::new(Activity::default());
        let start = Instant::now();
        let request = activity.begin();
        let ending = async {
            tokio::time::sleep(Duration::from_secs(25)).await;
            drop(request);
        };
        tokio::join!(activity.idle_for(Some(Duration::from_secs(10))), ending);
        assert_eq!(start.elapsed(), Duration::from_secs(35));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_is_idle_from_its_beginning() {
        let activity = Activity::default();
        let start = Instant::now();
        activity.idle_for(Some(Duration::from_secs(10))).await;
        assert_eq!(start.elapsed(), Duration::from_secs(10));
    }
}
