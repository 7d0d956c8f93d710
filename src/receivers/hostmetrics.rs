//! Receiver `host_metrics`: how the host is, read from `/proc` and `/sys` at an interval (Linux).
//!
//! Names, units, attributes and start times are those of the Collector's receiver 0.162. Some values are
//! not, where there they contradict their name or unit; `docs/migration.md` lists them.

mod config;
#[cfg(test)]
mod fixture;
mod host;
mod metric_recorder;
mod metric_selection;
mod metric_table;
mod name_filter;
mod scrapers;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::time::Instant;

pub use self::config::HostMetricsConfig;
use self::host::{Host as MeasuredHost, HostPaths};
use crate::otlp::Signal;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Host, Outputs, ReceiverType, Settings, Stability, StartError, TaskScope,
};
use crate::receivers::scraping::ScrapeLoop;

/// The type `host_metrics` among receivers.
pub struct HostMetricsReceiver {
    config: Arc<HostMetricsConfig>,
    settings: Settings,
    outputs: Outputs,
    scope: TaskScope,
}

impl ReceiverType for HostMetricsReceiver {
    const TYPE: &'static str = "host_metrics";
    const ALIASES: &'static [&'static str] = &["hostmetrics"];
    const SIGNALS: &'static [(Signal, Stability)] = &[(Signal::Metrics, Stability::Beta)];
    type Config = HostMetricsConfig;

    fn create(
        config: Arc<HostMetricsConfig>,
        settings: Settings,
        outputs: Outputs,
    ) -> Result<Box<dyn Component>, BuildError> {
        let scope = TaskScope::new(settings.workers.clone());
        Ok(Box::new(Self { config, settings, outputs, scope }))
    }
}

impl Component for HostMetricsReceiver {
    fn start<'a>(&'a self, _host: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async move {
            let Some(consumer) = &self.outputs.metrics else { return Ok(()) };
            let config = Arc::clone(&self.config);
            let now_unix_nano = self.settings.clock.now_unix_nano();
            let building = tokio::task::spawn_blocking(move || {
                let paths = HostPaths::new(&config.root_path, |name| std::env::var(name).ok());
                let host = MeasuredHost::new(paths, now_unix_nano).map_err(|error| error.to_string())?;
                config.scrapers.build(&Arc::new(host))
            });
            let scrapers =
                building.await.map_err(|error| StartError(error.to_string()))?.map_err(StartError)?;
            let schedule = self.config.schedule.clone();
            ScrapeLoop::new(schedule, self.settings.clone(), Arc::clone(consumer))
                .spawn(scrapers, &self.scope);
            Ok(())
        })
    }

    fn shutdown(&self, deadline: Instant) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.scope.join(deadline).await;
        })
    }
}
