//! The section of the scraper.

use super::ProcessMetric;
use super::resource_attributes::ResourceAttributeSelection;
use crate::config::GoDuration;
use crate::config_section;
use crate::receivers::hostmetrics::metric_selection::MetricSelection;
use crate::receivers::hostmetrics::name_filter::ProcessMatchConfig;

config_section! {
    /// What each process uses.
    pub struct ProcessConfig {
        /// Which metrics are reported.
        pub metrics: MetricSelection<ProcessMetric> = MetricSelection::default(),
        /// Which attributes say what process it is.
        pub resource_attributes: ResourceAttributeSelection = ResourceAttributeSelection::default(),
        /// The processes to report, by name; all where none is written.
        pub include: ProcessMatchConfig = ProcessMatchConfig::default(),
        /// The processes not to report, by name.
        pub exclude: ProcessMatchConfig = ProcessMatchConfig::default(),
        /// Whether nothing that cannot be read is logged and counted.
        pub mute_process_all_errors: bool = false,
        /// Whether names that cannot be read are not logged and counted.
        pub mute_process_name_error: bool = false,
        /// Whether paths of executables that cannot be read are not logged and counted. Those of others'
        /// processes are for the superuser only.
        pub mute_process_exe_error: bool = false,
        /// Whether input and output that cannot be read are not logged and counted. Those of others'
        /// processes are for the superuser only.
        pub mute_process_io_error: bool = false,
        /// Whether owners that have no name are not logged and counted, such as users of a container.
        pub mute_process_user_error: bool = false,
        /// Whether control groups that cannot be read are not logged and counted.
        pub mute_process_cgroup_error: bool = false,
        /// How long a process has to run before it is reported.
        pub scrape_process_delay: GoDuration = GoDuration::ZERO,
    }
}
