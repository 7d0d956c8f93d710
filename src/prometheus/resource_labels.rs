//! The choice of resource attributes that become labels of every series.

use regex::Regex;

use crate::config_section;
use crate::pipeline::BuildError;

/// The attributes that `job` and `instance` are made of.
pub(super) const SERVICE_ATTRIBUTES: [&str; 3] = ["service.name", "service.namespace", "service.instance.id"];

config_section! {
    /// Which resource attributes become labels.
    pub struct ResourceLabelsConfig {
        /// The keys of attributes that do; `*` stands for any characters and `?` for one.
        pub included: Vec<String> = Vec::new(),
        /// The keys of attributes that do not, whatever `included` says. Without that, all others do.
        pub excluded: Vec<String> = Vec::new(),
        /// The older way to write `included: ["*"]`.
        pub enabled: bool = false,
        /// With `enabled`, leaves out what `job` and `instance` are made of.
        pub exclude_service_attributes: bool = false,
    }
    check(section, checking) {
        let is_legacy = section.enabled || section.exclude_service_attributes;
        if is_legacy && section.has_patterns() {
            checking.error(
                "cannot configure both legacy enabled/exclude_service_attributes and included/excluded \
                 patterns; enabled and exclude_service_attributes are deprecated",
            );
        }
    }
}

impl ResourceLabelsConfig {
    /// This section where it is written, else the one that was its name before.
    pub const fn or_older<'s>(&'s self, older: &'s Self) -> &'s Self {
        if self.is_empty() { older } else { self }
    }

    /// Whether nothing is written.
    pub const fn is_empty(&self) -> bool {
        !(self.has_patterns() || self.enabled || self.exclude_service_attributes)
    }

    /// Whether attributes are chosen by patterns.
    pub const fn has_patterns(&self) -> bool {
        !self.included.is_empty() || !self.excluded.is_empty()
    }
}

/// Which resource attributes become labels.
pub(super) enum ResourceLabels {
    None,
    All,
    AllButService,
    Matching { included: Vec<Regex>, excluded: Vec<Regex> },
}

impl ResourceLabels {
    pub fn new(config: &ResourceLabelsConfig) -> Result<Self, BuildError> {
        if config.has_patterns() {
            return Ok(Self::Matching {
                included: compiled(&config.included).map_err(invalid)?,
                excluded: compiled(&config.excluded).map_err(invalid)?,
            });
        }
        Ok(match (config.enabled, config.exclude_service_attributes) {
            (false, _) => Self::None,
            (true, false) => Self::All,
            (true, true) => Self::AllButService,
        })
    }

    /// Whether no attribute becomes a label.
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Whether the attribute with this key becomes a label.
    pub fn includes(&self, key: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::AllButService => !SERVICE_ATTRIBUTES.contains(&key),
            Self::Matching { included, excluded } => {
                let is_in = |patterns: &[Regex]| patterns.iter().any(|pattern| pattern.is_match(key));
                !is_in(excluded) && (included.is_empty() || is_in(included))
            }
        }
    }
}

fn compiled(patterns: &[String]) -> Result<Vec<Regex>, regex::Error> {
    let compile = |pattern: &String| {
        let escaped = regex::escape(pattern).replace(r"\*", ".*").replace(r"\?", ".");
        Regex::new(&format!("(?s)^{escaped}$"))
    };
    patterns.iter().map(compile).collect()
}

fn invalid(error: regex::Error) -> BuildError {
    BuildError(format!("resource_constant_labels: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(config: &ResourceLabelsConfig) -> Vec<&'static str> {
        let labels = ResourceLabels::new(config).unwrap();
        let keys = ["service.name", "k8s.pod.name", "k8s.pod.uid", "host.name"];
        keys.into_iter().filter(|key| labels.includes(key)).collect()
    }

    fn patterns(included: &[&str], excluded: &[&str]) -> ResourceLabelsConfig {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        ResourceLabelsConfig {
            included: texts(included),
            excluded: texts(excluded),
            ..ResourceLabelsConfig::default()
        }
    }

    #[test]
    fn patterns_choose_and_leave_out() {
        assert_eq!(chosen(&patterns(&["k8s.*"], &["*.u?d"])), ["k8s.pod.name"]);
        assert_eq!(chosen(&patterns(&[], &["k8s*"])), ["service.name", "host.name"]);
        assert_eq!(chosen(&patterns(&["host.name", "k8s"], &[])), ["host.name"]);
    }

    #[test]
    fn the_older_switches_choose_all_or_none() {
        let legacy = |enabled, exclude_service_attributes| ResourceLabelsConfig {
            enabled,
            exclude_service_attributes,
            ..ResourceLabelsConfig::default()
        };
        assert_eq!(chosen(&legacy(false, false)), [""; 0]);
        assert_eq!(chosen(&legacy(true, false)).len(), 4);
        assert_eq!(chosen(&legacy(true, true)), ["k8s.pod.name", "k8s.pod.uid", "host.name"]);
    }
}
