//! Questions about spans and log records alike: facets, keys of attributes, exports.

use std::collections::{BTreeMap, BTreeSet};

use super::push_row;
use crate::otlp::Batch;
use crate::store::engine::block::rows::SHAPE;
use crate::store::engine::block_reading::BlockReader;
use crate::store::engine::budget::Budget;
use crate::store::engine::record_reading::{Question, RecordFormat, rows_of, select, selected_rows};
use crate::store::engine::signal_store::SignalStore;
use crate::store::facets::ValueCounts;
use crate::store::grouped_items::GroupedItems;
use crate::store::{Answer, Cut, Facet, Field, Filter, Limits, StoreError, TimeRange};

/// How often the values of fields come among the items that fit.
pub fn facets<F: RecordFormat>(
    store: &SignalStore<F>,
    (range, filter): (TimeRange, &Filter),
    fields: &[Field],
    values_each: usize,
    limits: &Limits,
) -> Result<Answer<Vec<Facet>>, StoreError> {
    let question = Question::new(store);
    let budget = Budget::new(limits);
    let mut counts = vec![ValueCounts::new(values_each); fields.len()];
    question.for_each_fitting(range, filter, &budget, |reader, selected| {
        for (field, counts) in fields.iter().zip(&mut counts) {
            let values = reader.field(field, F::own_column(field))?;
            for (number, count) in
                reader.count(&values, selected).into_iter().enumerate().filter(|(_, count)| *count > 0)
            {
                reader.with_value(&values, number, |value| {
                    if let Some(value) = value {
                        counts.add(&value.to_text(), count);
                    }
                });
            }
        }
        Ok(())
    })?;
    let is_cut = counts.iter().any(ValueCounts::is_cut);
    let facet = |(field, counts): (&Field, ValueCounts)| counts.into_facet(field, values_each);
    let value = fields.iter().zip(counts).map(facet).collect();
    Ok(Answer { value, cut: budget.cut(false).or(is_cut.then_some(Cut::Values)) })
}

/// The keys of attributes that most items which fit have.
pub fn frequent_attributes<F: RecordFormat>(
    store: &SignalStore<F>,
    (range, filter): (TimeRange, &Filter),
    limits: &Limits,
) -> Result<Answer<Vec<(Field, u64)>>, StoreError> {
    let question = Question::new(store);
    let budget = Budget::new(limits);
    let mut counts = ValueCounts::new(budget.rows());
    question.for_each_fitting(range, filter, &budget, |reader, selected| {
        for ((shape, group), items) in rows_alike(reader, selected)? {
            let mut keys = BTreeSet::new();
            add_keys(reader, [shape], [group], &mut keys);
            keys.iter().for_each(|key| counts.add(key, items));
        }
        Ok(())
    })?;
    let values_cut = counts.is_cut().then_some(Cut::Values);
    let mut keys = counts.into_most_frequent(budget.rows().saturating_add(1));
    let has_more = keys.len() > budget.rows();
    keys.truncate(budget.rows());
    let value = keys.into_iter().map(|(key, items)| (Field::Attribute(key), items)).collect();
    Ok(Answer { value, cut: budget.cut(false).or(values_cut).or(has_more.then_some(Cut::Rows)) })
}

/// The keys of attributes seen on items of `range`, on their scopes and on their resources.
pub fn attribute_keys<F: RecordFormat>(
    store: &SignalStore<F>,
    range: TimeRange,
    limits: &Limits,
) -> Result<Answer<Vec<Field>>, StoreError> {
    let question = Question::new(store);
    let budget = Budget::new(limits);
    let mut keys: BTreeSet<String> = BTreeSet::new();
    for place in question.newest_blocks(range)? {
        if !budget.may_go_on() {
            break;
        }
        question.on_block(place, &budget, |reader| {
            let selected = select::<F>(reader, place, range, &Filter::default())?;
            if !selected.contains(&false) {
                let (shapes, groups) = (reader.directory.shapes.len(), reader.directory.groups.len());
                add_keys(reader, 0..shapes, 0..groups, &mut keys);
            } else {
                for (shape, group) in rows_alike(reader, &selected)?.into_keys() {
                    add_keys(reader, [shape], [group], &mut keys);
                }
            }
            Ok(())
        })?;
        // Those behind the last one asked for are not needed, whatever else there is.
        while keys.len() > budget.rows().saturating_add(1) {
            keys.pop_last();
        }
    }
    let is_cut = keys.len() > budget.rows();
    let value = keys.into_iter().take(budget.rows()).map(Field::Attribute).collect();
    Ok(Answer { value, cut: budget.cut(is_cut) })
}

/// How many of the selected rows of a block have which shape and group.
fn rows_alike(
    reader: &BlockReader<'_>,
    selected: &[bool],
) -> rusqlite::Result<BTreeMap<(usize, usize), u64>> {
    let shapes = reader.numbers(SHAPE)?;
    let mut counts = BTreeMap::new();
    // Neighbours are mostly alike.
    let (mut alike, mut count) = ((0, 0), 0);
    for row in rows_of(selected) {
        let this = (usize::try_from(shapes.get(row)).unwrap_or(usize::MAX), reader.group(row));
        if this != alike && count > 0 {
            *counts.entry(alike).or_default() += count;
            count = 0;
        }
        (alike, count) = (this, count + 1);
    }
    if count > 0 {
        *counts.entry(alike).or_default() += count;
    }
    Ok(counts)
}

/// Adds the keys that rows of some shapes and groups have.
fn add_keys(
    reader: &BlockReader<'_>,
    shapes: impl IntoIterator<Item = usize>,
    groups: impl IntoIterator<Item = usize>,
    keys: &mut BTreeSet<String>,
) {
    let directory = &reader.directory;
    let mut add = |key: &[u8]| {
        let key = String::from_utf8_lossy(key);
        if !keys.contains(&*key) {
            keys.insert(key.into_owned());
        }
    };
    for shape in shapes {
        for key in directory.shapes.get(shape).into_iter().flatten() {
            directory.keys.get(*key as usize).into_iter().for_each(|key| add(key));
        }
    }
    for group in groups {
        reader.with_group(group, |above| {
            for attribute in above.resource.attributes.iter().chain(above.scope.attributes) {
                add(attribute.key.as_bytes());
            }
        });
    }
}

/// Hands everything in `range` to `take`, block by block.
pub fn export<F: RecordFormat>(
    store: &SignalStore<F>,
    range: TimeRange,
    take: &mut dyn FnMut(Batch) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let question = Question::new(store);
    let budget = Budget::new(&Limits::NONE);
    for place in question.blocks(range)? {
        let batch = question.on_block(place, &budget, |reader| {
            let rows = selected_rows(&select::<F>(reader, place, range, &Filter::default())?);
            let mut items = GroupedItems::new(F::SIGNAL);
            F::write_rows(reader, &rows, &mut |row, record| push_row(&mut items, reader, row, record))?;
            Ok(items.into_batch())
        })?;
        if let Some(batch) = batch.filter(|batch| !batch.is_empty()) {
            take(batch)?;
        }
    }
    Ok(())
}
