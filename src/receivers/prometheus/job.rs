//! One job: its targets, and a loop for each of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::client::ScrapeClient;
use super::config::{FileDiscoveryConfig, PrometheusReceiverConfig, ScrapeConfig, TargetGroupConfig};
use super::file_discovery::FileDiscovery;
use super::job_settings::JobSettings;
use super::labels::LabelSet;
use super::scrape_loop::{ScrapeContext, ScrapeLoop, StopSignals};
use super::target::{Target, TargetMaker};
use crate::pipeline::{BuildError, Settings, TaskScope};

/// A job that can be started.
pub(super) struct Job {
    name: String,
    client: Arc<ScrapeClient>,
    settings: Arc<JobSettings>,
    maker: TargetMaker,
    target_limit: u64,
    written: Vec<LabelSet>,
    files: Vec<FileDiscoveryConfig>,
}

/// How often files are looked at for changes: as often as Prometheus takes them over.
const FILE_CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// The targets that are scraped, and how each is told that it is none any more.
#[derive(Default)]
pub(super) struct RunningTargets {
    loops: HashMap<TargetKey, CancellationToken>,
    failure: watch::Sender<Option<String>>,
}

/// What tells the targets of a job apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct TargetKey {
    labels: LabelSet,
    url: Uri,
}

impl Job {
    /// Of its section; opens no connection yet.
    ///
    /// # Errors
    ///
    /// A sentence that says what in the section cannot be had.
    pub(super) fn new(
        job: &ScrapeConfig,
        receiver: &PrometheusReceiverConfig,
        settings: &Settings,
    ) -> Result<Self, BuildError> {
        let global = &receiver.config.global;
        Ok(Self {
            name: job.job_name.0.clone(),
            client: Arc::new(ScrapeClient::new(job, global, settings.workers.clone())?),
            settings: Arc::new(JobSettings::new(job, global, receiver).map_err(BuildError)?),
            maker: TargetMaker::new(job, global).map_err(BuildError)?,
            target_limit: job.limits.or(&global.limits).target_limit,
            written: job.static_configs.iter().flat_map(found_in).collect(),
            files: job.file_sd_configs.clone(),
        })
    }

    /// Scrapes what is found until the scope stops.
    pub(super) async fn run(self: Arc<Self>, context: Arc<ScrapeContext>, scope: TaskScope) {
        let mut running = RunningTargets::default();
        let mut discovery = FileDiscovery::new(&self.files);
        if discovery.is_empty() {
            self.sync([], &mut running, &context, &scope);
            return scope.stopping().cancelled().await;
        }
        let mut checks = tokio::time::interval(FILE_CHECK_INTERVAL);
        let mut refreshes = tokio::time::interval(discovery.refresh_interval());
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let reads_all = tokio::select! {
                biased;
                () = scope.stopping().cancelled() => return,
                _ = refreshes.tick() => true,
                _ = checks.tick() => false,
            };
            let refreshing = tokio::task::spawn_blocking(move || {
                discovery.refresh(reads_all);
                discovery
            });
            discovery = match refreshing.await {
                Ok(discovery) => discovery,
                Err(_) => return tracing::error!(job = self.name, "Reading target files panicked"),
            };
            self.sync(discovery.targets(), &mut running, &context, &scope);
        }
    }

    /// Scrapes what is found now, beside what is written in the configuration, and nothing else.
    fn sync(
        &self,
        found: impl IntoIterator<Item = LabelSet>,
        running: &mut RunningTargets,
        context: &Arc<ScrapeContext>,
        scope: &TaskScope,
    ) {
        let targets = self.targets(self.written.iter().cloned().chain(found));
        running.loops.retain(|key, removed| {
            let stays = targets.contains_key(key);
            if !stays {
                removed.cancel();
            }
            stays
        });
        let count = targets.len() as u64;
        let is_over = self.target_limit > 0 && count > self.target_limit;
        let failure = is_over.then(|| {
            format!("target_limit exceeded (number of targets: {count}, limit: {})", self.target_limit)
        });
        running.failure.send_replace(failure);
        for (key, target) in targets {
            if running.loops.contains_key(&key) {
                continue;
            }
            let removed = CancellationToken::new();
            let signals = StopSignals { removed: removed.clone(), stopping: scope.stopping().clone() };
            running.loops.insert(key, removed);
            let scrape_loop = ScrapeLoop::new(
                Arc::clone(context),
                Arc::clone(&self.client),
                Arc::clone(&self.settings),
                Arc::new(target),
                running.failure.subscribe(),
            );
            scope.spawn(scrape_loop.run(signals).in_current_span());
        }
    }

    /// Closes every connection.
    pub(super) async fn close(&self, deadline: Instant) {
        self.client.close(deadline).await;
    }

    fn targets(&self, found: impl Iterator<Item = LabelSet>) -> HashMap<TargetKey, Target> {
        let mut targets = HashMap::new();
        for labels in found {
            match self.maker.target(labels) {
                Ok(Some(target)) => {
                    let key = TargetKey { labels: target.labels.clone(), url: target.url.clone() };
                    targets.insert(key, target);
                }
                Ok(None) => {}
                Err(problem) => {
                    tracing::error!(job = self.name, error = problem, "Creating target failed");
                }
            }
        }
        targets
    }
}

/// The labels of each target of a group.
pub(super) fn found_in(group: &TargetGroupConfig) -> impl Iterator<Item = LabelSet> + '_ {
    group.targets.iter().map(|address| {
        let labels = group.labels.iter().map(|(name, value)| (name.as_str(), value.0.as_str()));
        [("__address__", address.0.as_str())].into_iter().chain(labels).collect()
    })
}
