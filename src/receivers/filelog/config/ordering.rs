//! Which files are read where that depends on their names or age: `ordering_criteria`.

use crate::config::{Checking, compile_go_regexp};
use crate::{config_section, config_word};

config_section! {
    /// Sorts the files found and keeps the first of them.
    pub struct OrderingConfig {
        /// A regular expression for paths; what its named groups match is sorted by. Files it does not match are
        /// not read.
        pub regex: String = String::new(),
        /// A regular expression for paths; files whose first group matches the same are sorted among themselves.
        pub group_by: String = String::new(),
        /// How many files of each group are read; 0 for all. 1 where `sort_by` is written and this is not.
        pub top_n: Option<i64> = None,
        /// What is sorted by; the last one matters most.
        pub sort_by: Vec<SortConfig> = Vec::new(),
    }
    check(section, checking) {
        section.check_values(checking);
    }
}

config_section! {
    /// One thing that is sorted by.
    pub struct SortConfig {
        /// As what: `numeric`, `alphabetical`, `timestamp`, or `mtime` for when the file was modified.
        pub sort_type: Option<SortType> = None,
        /// The named group of `regex`; not for `mtime`.
        pub regex_key: String = String::new(),
        /// Whether the least comes first.
        pub ascending: bool = false,
        /// How a timestamp is written, in the directives of strptime.
        pub layout: String = String::new(),
        /// The time zone of timestamps without one, such as `Europe/Berlin`; UTC where empty.
        pub location: String = String::new(),
    }
}

config_word! {
    /// As what something is sorted.
    #[derive(Default)]
    pub enum SortType {
        /// As a whole number.
        #[default]
        Numeric = "numeric",
        /// As text.
        Alphabetical = "alphabetical",
        /// As a time.
        Timestamp = "timestamp",
        /// By the time of the last change.
        Mtime = "mtime",
    }
    refused(_text) { "'sort_type' must be specified".to_owned() }
}

impl OrderingConfig {
    /// How many files of each group are read; none for all.
    pub fn most_files(&self) -> Option<usize> {
        if self.sort_by.is_empty() {
            return None;
        }
        usize::try_from(self.top_n.unwrap_or(1)).ok().filter(|most| *most > 0)
    }

    fn check_values(&self, checking: &mut Checking) {
        if let Err(error) = compile_go_regexp(&self.group_by) {
            checking.error_at("group_by", format!("compile group_by regex: {error}"));
        }
        if self.sort_by.is_empty() {
            return;
        }
        if self.top_n.is_some_and(|top_n| top_n < 0) {
            checking.error_at("top_n", "'top_n' must not be negative");
        }
        let needs_regex = self.sort_by.iter().any(|sort| sort.sort_type != Some(SortType::Mtime));
        if needs_regex && self.regex.is_empty() {
            checking.error_at("regex", "'regex' must be specified when 'sort_by' is specified");
        }
        if let Err(error) = compile_go_regexp(&self.regex) {
            checking.error_at("regex", format!("compile regex: {error}"));
        }
        for (index, sort) in self.sort_by.iter().enumerate() {
            checking.within("sort_by", |checking| {
                checking.within(format!("[{index}]"), |checking| sort.check_values(checking));
            });
        }
    }
}

impl SortConfig {
    fn check_values(&self, checking: &mut Checking) {
        let name = match self.sort_type {
            None => return checking.error("'sort_type' must be specified"),
            Some(SortType::Mtime) => return,
            Some(sort_type) => sort_type.word(),
        };
        if self.sort_type == Some(SortType::Timestamp) && self.layout.is_empty() {
            checking.error("timestamp sort: layout must be specified");
        }
        if self.regex_key.is_empty() {
            checking.error(format!("{name} sort: regex key must be specified"));
        }
    }
}
