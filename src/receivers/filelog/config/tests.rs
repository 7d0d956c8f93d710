//! What sections mean, and what is refused.

use std::sync::Arc;

use super::*;
use crate::config::{ConfigValue, Decoding, parse_yaml};

fn errors_of(yaml: &str) -> Vec<String> {
    let mut config = FileLogConfig::default();
    let mut decoding = Decoding::default();
    config.update(&parse_yaml(yaml, &Arc::from("test")).unwrap(), &mut decoding);
    let mut errors: Vec<_> = decoding.into_errors().into_iter().map(|error| error.message).collect();
    let mut checking = Checking::default();
    config.check(&mut checking);
    errors.extend(checking.into_errors().into_iter().map(|error| error.message));
    errors
}

#[test]
fn an_include_is_enough() {
    assert_eq!(errors_of("include: [/var/log/*.log]"), Vec::<String>::new());
}

#[test]
fn what_is_wrong_is_said_in_the_collectors_words() {
    for (yaml, expected) in [
        ("{}", "'include' must be specified"),
        ("include: ['[']", "include: parse glob: syntax error in pattern"),
        ("{include: [a], exclude: ['[']}", "exclude: parse glob: syntax error in pattern"),
        ("{include: [a], start_at: middle}", "'start_at' invalid start_at location 'middle'"),
        ("{include: [a], fingerprint_size: 15}", "'fingerprint_size' must be at least 16 bytes"),
        ("{include: [a], max_log_size: 0}", "'max_log_size' must be positive"),
        ("{include: [a], max_concurrent_files: 0}", "'max_concurrent_files' must be positive"),
        ("{include: [a], max_batches: -1}", "'max_batches' must not be negative"),
        ("{include: [a], encoding: klingon}", "unsupported encoding 'klingon'"),
        (
            "{include: [a], multiline: {line_start_pattern: a, line_end_pattern: b}}",
            "only one of line_start_pattern or line_end_pattern can be set",
        ),
        (
            "{include: [a], delete_after_read: true}",
            "'delete_after_read' cannot be used with 'start_at: end'",
        ),
        (
            "{include: [a], header: {pattern: '^#', metadata_operators: [{type: noop}]}}",
            "'header' cannot be specified with 'start_at: end'",
        ),
        (
            "{include: [a], start_at: beginning, header: {pattern: '^#'}}",
            "invalid config for 'header': at least one operator must be specified for `metadata_operators`",
        ),
        (
            "{include: [a], max_log_size_behavior: x}",
            "'max_log_size_behavior' must be either 'split' or 'truncate'",
        ),
        ("{include: [a], on_truncate: x}", "'on_truncate' must be one of: ignore, read_whole_file, read_new"),
        (
            "{include: [a], ordering_criteria: {sort_by: [{sort_type: numeric, regex_key: n}]}}",
            "'regex' must be specified when 'sort_by' is specified",
        ),
        (
            "{include: [a], ordering_criteria: {regex: a, sort_by: [{sort_type: numeric}]}}",
            "numeric sort: regex key must be specified",
        ),
        ("{include: [a], ordering_criteria: {sort_by: [{}], regex: a}}", "'sort_type' must be specified"),
        (
            "{include: [a], ordering_criteria: {top_n: -1, sort_by: [{sort_type: mtime}]}}",
            "'top_n' must not be negative",
        ),
    ] {
        assert_eq!(errors_of(yaml), [expected], "{yaml}");
    }
}
