//! What users write under `alarms`.

use std::collections::BTreeSet;

use crate::alarms::RuleConfig;
use crate::alarms::actions::{ActionConfig, Actions};
use crate::config::{Checking, GoDuration};
use crate::config_section;

config_section! {
    /// Evaluates alarms over the metrics that pass, and takes actions when their state changes. In a logs
    /// pipeline a transition comes out as a record with the attributes `alarm.name`, `alarm.state`,
    /// `alarm.previous_state`, `alarm.reason` and the labels of the series as `alarm.label.KEY`; in a metrics
    /// pipeline the metric `alarm.state` says for each series which of the three states it is in.
    pub struct AlarmsConfig {
        /// The alarms.
        pub rules: Vec<RuleConfig> = Vec::new(),
        /// What rules may set off, by name: an action of `type` `webhook`, `alertmanager` or `exec`.
        pub actions: Actions = Actions::default(),
        /// Whether actions of type `exec` may run programs.
        pub allow_exec: bool = false,
        /// The id of a storage extension that keeps states, and transitions and notifications nobody has taken
        /// yet, through a restart. Without one, alarms begin anew with `INSUFFICIENT_DATA`.
        pub storage: Option<String> = None,
        /// How often the metric `alarm.state` is reported, besides when a state changes; 0 for not at all.
        pub state_metric_interval: GoDuration = GoDuration::from_secs(60),
    }
    check(section, checking) {
        section.check_names(checking);
        if section.state_metric_interval.is_negative() {
            checking.error_at("state_metric_interval", "'state_metric_interval' must be non-negative");
        }
    }
}

impl AlarmsConfig {
    fn check_names(&self, checking: &mut Checking) {
        for (name, action) in &self.actions.0 {
            if matches!(action, ActionConfig::Exec(_)) && !self.allow_exec {
                let message = format!("the action {name:?} runs a program, which needs 'allow_exec: true'");
                checking.error_at("actions", message);
            }
        }
        let mut names = BTreeSet::new();
        for (index, rule) in self.rules.iter().enumerate() {
            if !names.insert(&rule.name) {
                checking.error_at("rules", format!("two rules have the name {:?}", rule.name));
            }
            let lists = [
                ("alarm_actions", &rule.alarm_actions),
                ("ok_actions", &rule.ok_actions),
                ("insufficient_data_actions", &rule.insufficient_data_actions),
            ];
            for (field, actions) in lists {
                for unknown in actions.iter().filter(|action| !self.actions.0.contains_key(*action)) {
                    checking.within("rules", |checking| {
                        checking.within(format!("[{index}]"), |checking| {
                            checking
                                .error_at(field, format!("there is no action {unknown:?} under 'actions'"));
                        });
                    });
                }
            }
        }
    }
}
