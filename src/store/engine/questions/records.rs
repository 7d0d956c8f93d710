//! Questions about spans and log records alike: facets, keys of attributes, exports.

use std::collections::{BTreeMap, BTreeSet};

use super::push_row;
use crate::otlp::Batch;
use crate::store::engine::block::rows::SHAPE;
use crate::store::engine::block_reading::BlockReader;
use crate::store::engine::budget::Budget;
use crate::store::engine::record_reading::{Question, RecordFormat, select, selected_rows};
use crate::store::engine::signal_store::SignalStore;
use crate::store::grouped_items::GroupedItems;
use crate::store::{Answer, Facet, Field, Filter, Limits, StoreError, TimeRange};

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
    let mut counts: Vec<BTreeMap<String, u64>> = vec![BTreeMap::new(); fields.len()];
    question.for_each_fitting(range, filter, &budget, |reader, selected| {
        let rows = selected_rows(selected);
        for (field, counts) in fields.iter().zip(&mut counts) {
            let values = reader.field(field, F::own_column(field))?;
            let mut by_number = vec![0_u64; values.len()];
            for row in &rows {
                if let Some(count) = by_number.get_mut(values.number(*row)) {
                    *count += 1;
                }
            }
            for (number, count) in by_number.into_iter().enumerate().filter(|(_, count)| *count > 0) {
                reader.with_value(&values, number, |value| {
                    if let Some(value) = value {
                        *counts.entry(value.to_text().into_owned()).or_default() += count;
                    }
                });
            }
        }
        Ok(())
    })?;
    let facet = |(field, counts)| Facet::of(field, counts, values_each);
    let value = fields.iter().zip(counts).map(facet).collect();
    Ok(Answer { value, cut: budget.cut(false) })
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
            let rows = selected.contains(&false).then(|| selected_rows(&selected));
            keys_of(reader, rows.as_deref(), &mut keys)
        })?;
    }
    let is_cut = keys.len() > budget.rows();
    let value = keys.into_iter().take(budget.rows()).map(Field::Attribute).collect();
    Ok(Answer { value, cut: budget.cut(is_cut) })
}

/// Adds the keys of rows, or of all of a block.
fn keys_of(
    reader: &BlockReader<'_>,
    rows: Option<&[usize]>,
    keys: &mut BTreeSet<String>,
) -> rusqlite::Result<()> {
    let directory = &reader.directory;
    let (mut groups, mut of_items): (BTreeSet<usize>, BTreeSet<u32>) = (BTreeSet::new(), BTreeSet::new());
    match rows {
        None => {
            groups.extend(0..directory.groups.len());
            of_items.extend(directory.shapes.iter().flatten());
        }
        Some(rows) => {
            let shapes = reader.numbers(SHAPE)?;
            let mut of_rows = BTreeSet::new();
            for row in rows {
                groups.insert(reader.group(*row));
                of_rows.insert(usize::try_from(shapes.get(*row)).unwrap_or(usize::MAX));
            }
            of_items.extend(of_rows.into_iter().filter_map(|shape| directory.shapes.get(shape)).flatten());
        }
    }
    let mut add = |key: &[u8]| keys.insert(String::from_utf8_lossy(key).into_owned());
    for key in of_items.iter().filter_map(|key| directory.keys.get(*key as usize)) {
        add(key);
    }
    for group in groups {
        reader.with_group(group, |above| {
            for attribute in above.resource.attributes.iter().chain(above.scope.attributes) {
                add(attribute.key.as_bytes());
            }
        });
    }
    Ok(())
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
