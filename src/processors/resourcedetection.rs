//! Processor `resource_detection`: says of all telemetry which host it comes from.

mod environment;
mod system;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::sync::OnceLock;

use self::environment::attributes_of_environment;
use self::system::SystemConfig;
use super::attribute_actions::{ActionConfig, AttributeActions};
use super::resource::with_resources_edited;
use crate::config::{Anything, GoDuration};
use crate::config_section;
use crate::network::http_client::HttpClientConfig;
use crate::otlp::{Batch, Signal};
use crate::pipeline::exporting::RetryConfig;
use crate::pipeline::factory::Consuming;
use crate::pipeline::{
    BoxFuture, BuildError, Component, Consumer, Host, ProcessorType, Refusal, Settings, Stability, StartError,
};

config_section! {
    /// Finds out where it runs and says so in the attributes of resources: from the variable
    /// `OTEL_RESOURCE_ATTRIBUTES` and from the system. Weir has the detectors `env` and `system` (Linux).
    pub struct ResourceDetectionConfig {
        /// Who finds out. Of an attribute that several find the first one's value holds.
        pub detectors: Vec<String> = vec!["env".to_owned()],
        /// Whether attributes that a resource has already are overwritten.
        pub r#override: bool = true,
        /// The detector `system`.
        pub system: SystemConfig = SystemConfig::default(),
        /// Taken for compatibility, without effect: neither detector calls anybody.
        pub [flatten] client: HttpClientConfig = HttpClientConfig { timeout: GoDuration::from_secs(5), ..HttpClientConfig::default() },
        /// Taken for compatibility, without effect: what the two detectors read does not change while Weir runs.
        pub refresh_interval: GoDuration = GoDuration::ZERO,
        /// Taken for compatibility, without effect: there is no service to wait for.
        pub fail_on_missing_metadata: bool = false,
        /// Taken for compatibility, without effect: what cannot be read from the system now cannot be read later either.
        pub retry: RetryConfig = RetryConfig::default(),
    }
    check(section, checking) {
        for detector in &section.detectors {
            if !DETECTORS.contains(&detector.as_str()) {
                checking.error_at("detectors", format!("invalid detector key: {detector} (there are {})", DETECTORS.join(", ")));
            }
        }
    }
}

const DETECTORS: [&str; 2] = ["env", "system"];

/// The type `resource_detection` among processors.
pub struct ResourceDetection {
    config: Arc<ResourceDetectionConfig>,
    /// What to do with each resource, known once the component is started.
    actions: OnceLock<AttributeActions>,
    next: Arc<dyn Consumer>,
}

impl ProcessorType for ResourceDetection {
    const TYPE: &'static str = "resource_detection";
    const ALIASES: &'static [&'static str] = &["resourcedetection"];
    const SIGNALS: &'static [(Signal, Stability)] = &[
        (Signal::Traces, Stability::Beta),
        (Signal::Metrics, Stability::Beta),
        (Signal::Logs, Stability::Beta),
    ];
    type Config = ResourceDetectionConfig;

    fn create(
        config: Arc<ResourceDetectionConfig>,
        _: Settings,
        next: Arc<dyn Consumer>,
    ) -> Result<Consuming, BuildError> {
        Ok(Arc::new(Self { config, actions: OnceLock::new(), next }))
    }
}

impl Component for ResourceDetection {
    fn start<'a>(&'a self, _: &'a Host) -> BoxFuture<'a, Result<(), StartError>> {
        Box::pin(async {
            let config = Arc::clone(&self.config);
            let detected = tokio::task::spawn_blocking(move || {
                config.detect(|name| std::env::var(name).ok(), Path::new("/"))
            });
            let detected =
                detected.await.map_err(|error| StartError(error.to_string()))?.map_err(StartError)?;
            let actions = AttributeActions::compile(&actions_for(detected, self.config.r#override));
            let _ = self.actions.set(actions.map_err(StartError)?);
            Ok(())
        })
    }
}

impl Consumer for ResourceDetection {
    fn consume(&self, batch: Batch) -> BoxFuture<'_, Result<(), Refusal>> {
        let Some(actions) = self.actions.get() else {
            return self.next.consume(batch);
        };
        self.next.consume(with_resources_edited(batch, actions))
    }
}

/// An attribute that was found.
type Detected = (String, serde_yaml::Value);

impl ResourceDetectionConfig {
    /// What the detectors find, each key once. A detector that fails is an error only where no other finds anything.
    fn detect(
        &self,
        variable: impl Fn(&str) -> Option<String>,
        root: &Path,
    ) -> Result<Vec<Detected>, String> {
        let mut found: Vec<Detected> = Vec::new();
        let mut errors = Vec::new();
        for detector in &self.detectors {
            let detected = match detector.as_str() {
                "env" => attributes_of_environment(&variable),
                _ => self.system.detect(root),
            };
            match detected {
                Ok(detected) => {
                    for (key, value) in detected {
                        if !found.iter().any(|(known, _)| *known == key) {
                            found.push((key, value));
                        }
                    }
                }
                Err(error) => {
                    tracing::error!(detector, error, "failed to detect resource");
                    errors.push(error);
                }
            }
        }
        if !errors.is_empty() && errors.len() == self.detectors.len() {
            return Err(errors.join("\n"));
        }
        Ok(found)
    }
}

fn actions_for(detected: Vec<Detected>, overrides: bool) -> Vec<ActionConfig> {
    let action = if overrides { "upsert" } else { "insert" };
    let action_for = |(key, value)| ActionConfig {
        key,
        action: action.to_owned(),
        value: Anything(value),
        ..ActionConfig::default()
    };
    detected.into_iter().map(action_for).collect()
}
