//! Names with any letters, for scrapers that take only the classic ones.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::samples::is_classic_name;
use super::{Label, MetricFamily};

/// The same families with each letter that is not classic as an underscore. Where two names become one,
/// the series that came first are kept: of families of different kinds the first, of series with the same
/// labels the first.
pub fn with_underscores(families: Vec<MetricFamily>) -> Vec<MetricFamily> {
    let mut by_name: BTreeMap<String, Merged> = BTreeMap::new();
    for mut family in families {
        family.name = escaped(&family.name, true);
        let (name, kind) = (family.name.clone(), family.kind);
        let series = std::mem::take(&mut family.series);
        let (shown, label_sets) = by_name.entry(name).or_insert_with(|| (family, HashSet::new()));
        if shown.kind != kind {
            continue;
        }
        for mut one in series {
            one.labels = escaped_labels(&one.labels);
            if label_sets.insert(Arc::clone(&one.labels)) {
                shown.series.push(one);
            }
        }
    }
    by_name.into_values().map(|(family, _)| family).collect()
}

/// A family with the sets of labels that it has.
type Merged = (MetricFamily, HashSet<Arc<[Label]>>);

fn escaped_labels(labels: &Arc<[Label]>) -> Arc<[Label]> {
    if labels.iter().all(|label| is_classic_name(&label.name)) {
        return Arc::clone(labels);
    }
    let mut by_name: BTreeMap<String, String> = BTreeMap::new();
    for label in labels.iter() {
        by_name
            .entry(escaped(&label.name, false))
            .and_modify(|joined| *joined = format!("{joined};{}", label.value))
            .or_insert_with(|| label.value.clone());
    }
    by_name.into_iter().map(|(name, value)| Label { name, value }).collect()
}

fn escaped(name: &str, may_have_colons: bool) -> String {
    let is_kept = |character: char| {
        character.is_ascii_alphanumeric() || character == '_' || (may_have_colons && character == ':')
    };
    let mut escaped: String =
        name.chars().map(|character| if is_kept(character) { character } else { '_' }).collect();
    if escaped.starts_with(|first: char| first.is_ascii_digit()) {
        escaped.replace_range(0..1, "_");
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prometheus::{FamilyKind, SeriesValue, ShownSeries, text};

    fn gauge(name: &str, label: &str, kind: FamilyKind, value: f64) -> MetricFamily {
        let labels = [Label::new(label, "v")].into();
        let value = SeriesValue::Number { value, exemplar: None };
        let series = vec![ShownSeries { labels, value, timestamp_ms: None }];
        MetricFamily { name: name.to_owned(), help: String::new(), kind, series }
    }

    #[test]
    fn names_that_become_one_are_merged() {
        let families = vec![
            gauge("a.b", "c.d", FamilyKind::Gauge, 1.0),
            gauge("a_b", "c_d", FamilyKind::Gauge, 2.0),
            gauge("a_b", "e", FamilyKind::Gauge, 3.0),
            gauge("a-b", "f", FamilyKind::Counter, 4.0),
            gauge("1é", "g", FamilyKind::Gauge, 5.0),
        ];
        assert_eq!(
            text::exposition(&with_underscores(families)),
            "# HELP __ \n# TYPE __ gauge\n__{g=\"v\"} 5\n\
             # HELP a_b \n# TYPE a_b gauge\na_b{c_d=\"v\"} 1\na_b{e=\"v\"} 3\n"
        );
    }
}
