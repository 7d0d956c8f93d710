//! Receiver `prometheus`: scrapes Prometheus targets, with Prometheus's own configuration.
//!
//! Names, attributes, resources, start times and marks of ended series are those of the Collector's
//! receiver 0.162 and the Prometheus it has inside. `docs/migration.md` lists what differs.

mod client;
mod config;
mod config_files;
mod credentials;
mod exemplar;
mod file_discovery;
mod job;
mod job_settings;
mod labels;
mod location;
mod metadata;
mod relabeling;
mod sample_value;
mod scrape_loop;
mod series_cache;
mod streams;
mod target;
mod target_scrape;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::time::Instant;
use tracing::Instrument;

pub use self::config::PrometheusReceiverConfig;
use self::config_files::all_jobs;
use self::job::Job;
use self::scrape_loop::ScrapeContext;
use crate::otlp::Signal;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Host, Outputs, ReceiverType, Settings, Stability, StartError, TaskScope,
};
use crate::receivers::otlp::ReceiverCounters;

/// The type `prometheus` among receivers.
pub struct PrometheusReceiver {
    config: Arc<PrometheusReceiverConfig>,
    settings: Settings,
    outputs: Outputs,
    jobs: Vec<Arc<Job>>,
    scope: TaskScope,
}

impl ReceiverType for PrometheusReceiver {
    const TYPE: &'static str = "prometheus";
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Metrics, Stability::Beta)];
    type Config = PrometheusReceiverConfig;

    fn create(
        config: Arc<PrometheusReceiverConfig>,
        settings: Settings,
        outputs: Outputs,
    ) -> Result<Box<dyn Component>, BuildError> {
        let jobs = all_jobs(&config.config).map_err(BuildError)?;
        let jobs = jobs.iter().map(|job| Job::new(job, &config, &settings).map(Arc::new));
        let jobs = jobs.collect::<Result<_, _>>()?;
        let scope = TaskScope::new(settings.workers.clone());
        Ok(Box::new(Self { config, settings, outputs, jobs, scope }))
    }
}

impl Component for PrometheusReceiver {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            let Some(consumer) = &self.outputs.metrics else { return Ok(()) };
            let context = Arc::new(ScrapeContext {
                settings: self.settings.clone(),
                consumer: Arc::clone(consumer),
                received: ReceiverCounters::new(&self.settings, "http"),
                initial_offset: self.config.initial_scrape_offset.to_std(),
                scrapes_on_shutdown: self.config.scrape_on_shutdown,
            });
            for job in &self.jobs {
                let running = Arc::clone(job).run(Arc::clone(&context), self.scope.clone());
                self.scope.spawn(running.in_current_span());
            }
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.scope.join(deadline).await;
            for job in &self.jobs {
                job.close(deadline).await;
            }
        })
    }
}
