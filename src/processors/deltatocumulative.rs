//! Processor `deltatocumulative`: adds deltas up to cumulative sums, histograms and exponential histograms.
//!
//! Of each stream the sum so far is kept, and handed on with each delta. The batch is spliced on the
//! wire; a lock is held for one point.
//!
//! A batch that is refused stays in the sums. Its points, when they come again, are not newer and dropped, and
//! the next point of each stream carries what they added.
//!
//! Other than the Collector 0.162: each point keeps its own exemplars (there those of the first point come
//! again with each); the mark that a series has ended goes on as it is (there it stays on all later
//! points); sums of integers that outgrow 64 bits become doubles (there they wrap).

mod convert;

use std::sync::Arc;

use tokio::time::Instant;

use self::convert::Conversion;
use crate::config::{Checking, GoDuration};
use crate::config_section;
use crate::otlp::{Batch, Signal};
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Consumer, Host, ProcessorType, Refusal, Settings, Stability,
    StartError, TaskScope,
};

config_section! {
    /// Adds deltas up to cumulative sums, histograms and exponential histograms.
    pub struct DeltaToCumulativeConfig {
        /// How long a stream without a new point is remembered. Looked after once a minute.
        pub max_stale: GoDuration = GoDuration::from_secs(300),
        /// How many streams are remembered at most; points of others are dropped and counted.
        pub max_streams: i64 = i64::MAX,
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

impl DeltaToCumulativeConfig {
    fn check_values(&self, checking: &mut Checking) {
        if self.max_stale <= GoDuration::ZERO {
            let message = format!("max_stale must be a positive duration (got {})", self.max_stale);
            checking.error_at("max_stale", message);
        }
        if self.max_streams < 0 {
            let message = format!("max_streams must be a positive number (got {})", self.max_streams);
            checking.error_at("max_streams", message);
        }
    }
}

/// The type `deltatocumulative` among processors.
pub struct DeltaToCumulative {
    conversion: Conversion,
    tasks: TaskScope,
    next: Arc<dyn Consumer>,
}

impl ProcessorType for DeltaToCumulative {
    const TYPE: &'static str = "deltatocumulative";
    const ALIASES: &'static [&'static str] = &["delta_to_cumulative"];
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Metrics, Stability::Alpha)];
    type Config = DeltaToCumulativeConfig;

    fn create(
        config: Arc<DeltaToCumulativeConfig>,
        settings: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        let max_streams = usize::try_from(config.max_streams).unwrap_or(usize::MAX);
        Ok(Arc::new(Self {
            conversion: Conversion::new(max_streams, config.max_stale.to_std(), &settings),
            tasks: TaskScope::new(settings.workers),
            next,
        }))
    }
}

impl Consumer for DeltaToCumulative {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        let batch = self.conversion.convert(batch);
        if batch.parts().is_empty() {
            return Box::pin(async { Ok(()) });
        }
        self.next.consume(batch)
    }
}

impl Component for DeltaToCumulative {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async {
            self.conversion.totals.forget_stale(&self.tasks);
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.tasks.join(deadline).await;
        })
    }
}
