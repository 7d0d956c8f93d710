//! `include` and `exclude` of scrapers: which devices, interfaces, processes or mount points are reported.

use crate::config::Checking;
use crate::config_section;
use crate::processors::record_filter::{RegexpCacheConfig, TextCondition};

config_section! {
    /// How names are compared.
    pub struct MatchConfig {
        /// `strict` for names, `regexp` for patterns that are looked for anywhere in a name. Needed where
        /// names are written.
        pub match_type: String = String::new(),
        /// Taken for compatibility, without effect: matching needs no cache.
        pub regexp: RegexpCacheConfig = RegexpCacheConfig::default(),
    }
}

/// Declares a section that lists names of one sort.
macro_rules! name_list {
    ($(#[doc = $text:literal])* $section:ident, $field:ident, $what:literal) => {
        config_section! {
            $(#[doc = $text])*
            pub struct $section {
                /// The names, or patterns, as `match_type` says.
                pub $field: Vec<String> = Vec::new(),
                /// How they are compared.
                pub [flatten] matching: MatchConfig = MatchConfig::default(),
            }
            check(section, checking) {
                check_names(&section.$field, &section.matching, $what, checking);
            }
        }

        impl NameList for $section {
            fn names(&self) -> (&[String], &str) {
                (&self.$field, &self.matching.match_type)
            }
        }
    };
}

name_list!(
    /// Devices.
    DeviceMatchConfig, devices, "device"
);
name_list!(
    /// Types of filesystem.
    FsTypeMatchConfig, fs_types, "fs_types"
);
name_list!(
    /// Mount points, from the host's point of view.
    MountPointMatchConfig, mount_points, "mount_points"
);
name_list!(
    /// Network interfaces.
    InterfaceMatchConfig, interfaces, "network interface"
);
name_list!(
    /// Names of processes.
    ProcessMatchConfig, names, "process"
);

/// A section that lists names.
pub(super) trait NameList {
    /// The names and how they are compared.
    fn names(&self) -> (&[String], &str);
}

/// Names that are included and not excluded.
#[derive(Debug, Default)]
pub(super) struct NameFilter {
    include: Option<TextCondition>,
    exclude: Option<TextCondition>,
}

impl NameFilter {
    /// A filter of two lists; an empty one says nothing.
    ///
    /// # Errors
    /// An unknown way to compare, or a pattern that is none.
    pub fn new(include: &impl NameList, exclude: &impl NameList) -> Result<Self, String> {
        Ok(Self { include: compile(include.names())?, exclude: compile(exclude.names())? })
    }

    pub fn takes(&self, name: &str) -> bool {
        let name = name.as_bytes();
        self.include.as_ref().is_none_or(|include| include.matches(name))
            && !self.exclude.as_ref().is_some_and(|exclude| exclude.matches(name))
    }
}

fn compile((names, match_type): (&[String], &str)) -> Result<Option<TextCondition>, String> {
    if names.is_empty() {
        return Ok(None);
    }
    TextCondition::compile(match_type, names).map(Some)
}

fn check_names(names: &[String], matching: &MatchConfig, what: &str, checking: &mut Checking) {
    if let Err(problem) = compile((names, &matching.match_type)) {
        checking.error(format!("error creating {what} filters: {problem}"));
    }
}
