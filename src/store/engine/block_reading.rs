//! Reads a block: single columns, the values of a field, and which rows fit a filter.

use rusqlite::Connection;

use super::block::column::{NumberColumn, StringColumn};
use super::block::rows::{Columns, DIRECTORY, Directory, FIRST_ATTRIBUTE, GROUP, SHAPE, read_group_header};
use super::block_tables::{column, column_of};
use super::budget::Budget;
use super::database::damaged;
use super::record_reading::rows_of;
use crate::otlp::{AnyValueView, List, Text};
use crate::store::filter::matching::{FieldValue, ItemView, PlacedItem, kind_word, status_word};
use crate::store::{Condition, Field};

/// Where a block is.
#[derive(Clone, Copy)]
pub enum BlockSource<'a> {
    /// In a file.
    File {
        /// A connection to it.
        connection: &'a Connection,
        /// Its number.
        block: i64,
    },
    /// In memory: not yet written.
    Open(&'a Columns),
}

/// A block that is being read.
pub struct BlockReader<'a> {
    source: BlockSource<'a>,
    budget: &'a Budget<'a>,
    /// What stands above its rows, and what they are shaped like.
    pub directory: Directory,
    groups: NumberColumn,
}

/// Which column a field of an item is, for fields that are neither attributes nor of what stands above.
#[derive(Debug, Clone, Copy)]
pub enum OwnColumn {
    /// Texts; an empty one is none.
    Text(u16),
    /// Encoded values; an empty one is none.
    Any(u16),
    /// Ids; an empty one is none.
    Id(u16),
    /// `SpanKind`s.
    Kind(u16),
    /// `StatusCode`s.
    Status(u16),
    /// `SeverityNumber`s.
    Severity(u16),
    /// Durations of spans, with the column of their starts.
    Duration(u16, u16),
}

impl<'a> BlockReader<'a> {
    /// Begins to read a block.
    pub fn open(source: BlockSource<'a>, budget: &'a Budget<'a>) -> rusqlite::Result<Self> {
        let mut reader =
            Self { source, budget, directory: Directory::default(), groups: NumberColumn::Same(0) };
        reader.directory = reader.with_column(DIRECTORY, |packed| packed.and_then(Directory::read))?;
        reader.groups = reader.numbers(GROUP)?;
        Ok(reader)
    }

    /// How many rows it has.
    pub const fn rows(&self) -> usize {
        self.directory.rows
    }

    /// A column of numbers.
    pub fn numbers(&self, number: u16) -> rusqlite::Result<NumberColumn> {
        self.with_column(number, NumberColumn::read)
    }

    /// A column of strings.
    pub fn strings(&self, number: u16) -> rusqlite::Result<StringColumn> {
        self.with_column(number, StringColumn::read)
    }

    /// The number of the group of a row.
    #[inline]
    pub fn group(&self, row: usize) -> usize {
        usize::try_from(self.groups.get(row)).unwrap_or(0)
    }

    /// The header of a group.
    pub fn group_header(&self, group: usize) -> &[u8] {
        self.directory.groups.get(group).map(Vec::as_slice).unwrap_or_default()
    }

    /// What `look` makes of what stands above the rows of a group, as of an item without fields of its own.
    pub fn with_group<T>(&self, group: usize, look: impl FnOnce(PlacedItem<'_>) -> T) -> T {
        let (resource_group, scope_group) = read_group_header(self.group_header(group));
        look(PlacedItem {
            resource: &resource_group.resource,
            scope: &scope_group.scope,
            item: ItemView::DataPoint(List::default()),
        })
    }

    /// Takes the rows out of `selected` for which a condition does not hold.
    pub fn select(
        &self,
        condition: &Condition,
        own: Option<OwnColumn>,
        selected: &mut [bool],
    ) -> rusqlite::Result<()> {
        let values = self.field(&condition.field, own)?;
        let mut verdicts = vec![None; values.own.len() + values.groups];
        for (row, is_selected) in selected.iter_mut().enumerate() {
            if !*is_selected {
                continue;
            }
            let number = self.value_number(&values, row);
            let Some(verdict) = verdicts.get_mut(number) else { continue };
            *is_selected = *verdict
                .get_or_insert_with(|| self.with_value(&values, number, |value| condition.holds(value)));
        }
        Ok(())
    }

    /// The values of a field.
    pub fn field(&self, field: &Field, own: Option<OwnColumn>) -> rusqlite::Result<FieldValues> {
        let values = match (field, own) {
            (Field::Attribute(key), _) => match self.directory.key(key) {
                Some(key) => return self.attribute(field, key),
                None => OwnValues::Nothing,
            },
            (Field::Service | Field::Scope, _) | (_, None) => OwnValues::Nothing,
            (_, Some(own)) => self.own_values(own)?,
        };
        let rows = match &values {
            OwnValues::Nothing => Rows::Groups,
            _ => Rows::Own,
        };
        Ok(FieldValues { field: field.clone(), own: values, rows, groups: self.directory.groups.len() })
    }

    /// The number of a row's value.
    #[inline]
    fn value_number(&self, values: &FieldValues, row: usize) -> usize {
        match (&values.rows, &values.own) {
            (Rows::Numbers(numbers), _) => numbers.get(row).map_or(0, |number| *number as usize),
            (Rows::Groups, _) => self.group(row),
            (Rows::Own, OwnValues::Strings(column, _)) => column.number(row),
            (Rows::Own, _) => row,
        }
    }

    /// How often each value comes among the selected rows, by its number.
    pub fn count(&self, values: &FieldValues, selected: &[bool]) -> Vec<u64> {
        let mut counts = vec![0_u64; values.own.len() + values.groups];
        let mut add = |number: usize| {
            if let Some(count) = counts.get_mut(number) {
                *count += 1;
            }
        };
        match (&values.rows, &self.groups) {
            (Rows::Numbers(numbers), _) => {
                let selected = numbers.iter().zip(selected).filter(|(_, is_selected)| **is_selected);
                selected.for_each(|(number, _)| add(*number as usize));
            }
            (Rows::Groups, NumberColumn::Each(groups)) => {
                let selected = groups.iter().zip(selected).filter(|(_, is_selected)| **is_selected);
                selected.for_each(|(group, _)| add(usize::try_from(*group).unwrap_or(0)));
            }
            _ => rows_of(selected).for_each(|row| add(self.value_number(values, row))),
        }
        counts
    }

    /// What `look` makes of a value by its number; none where there is none.
    pub fn with_value<T>(
        &self,
        values: &FieldValues,
        number: usize,
        look: impl FnOnce(Option<FieldValue<'_>>) -> T,
    ) -> T {
        match number.checked_sub(values.own.len()) {
            None => look(values.own.get(number)),
            Some(group) => self.with_group(group, |above| look(above.value(&values.field))),
        }
    }

    fn own_values(&self, own: OwnColumn) -> rusqlite::Result<OwnValues> {
        let words = |column: u16, kind: NumberKind| -> rusqlite::Result<OwnValues> {
            Ok(OwnValues::Numbers(self.all_numbers(column)?, kind))
        };
        match own {
            OwnColumn::Text(column) => Ok(OwnValues::Strings(self.strings(column)?, StringKind::Text)),
            OwnColumn::Any(column) => Ok(OwnValues::Strings(self.strings(column)?, StringKind::Any)),
            OwnColumn::Id(column) => Ok(OwnValues::Strings(self.strings(column)?, StringKind::Id)),
            OwnColumn::Kind(column) => words(column, NumberKind::Kind),
            OwnColumn::Status(column) => words(column, NumberKind::Status),
            OwnColumn::Severity(column) => words(column, NumberKind::Severity),
            OwnColumn::Duration(column, start) => {
                let (durations, starts) = (self.numbers(column)?, self.numbers(start)?);
                let duration = |row| saturated_duration(starts.get(row), durations.get(row));
                Ok(OwnValues::Numbers((0..self.rows()).map(duration).collect(), NumberKind::Duration))
            }
        }
    }

    fn attribute(&self, field: &Field, key: u32) -> rusqlite::Result<FieldValues> {
        let column = self.strings(FIRST_ATTRIBUTE + u16::try_from(key).unwrap_or(0))?;
        let counts: Vec<usize> = self
            .directory
            .shapes
            .iter()
            .map(|shape| shape.iter().filter(|of_shape| **of_shape == key).count())
            .collect();
        let rows = if counts.iter().all(|count| *count == 1) {
            Rows::Own
        } else {
            Rows::Numbers(self.attribute_numbers(&column, &counts)?)
        };
        let own = OwnValues::Strings(column, StringKind::Attribute);
        Ok(FieldValues { field: field.clone(), own, rows, groups: self.directory.groups.len() })
    }

    /// For each row the number of its value; `counts` says how many values of the key each shape has.
    fn attribute_numbers(&self, column: &StringColumn, counts: &[usize]) -> rusqlite::Result<Vec<u32>> {
        let shapes = self.numbers(SHAPE)?;
        let own_count = column.strings();
        let (mut rank, mut rows) = (0, Vec::with_capacity(self.rows()));
        for row in 0..self.rows() {
            let shape = usize::try_from(shapes.get(row)).unwrap_or(usize::MAX);
            let count = counts.get(shape).copied().unwrap_or(0);
            // Of several attributes of one key the first counts.
            let number = if count > 0 { column.number(rank) } else { own_count + self.group(row) };
            rows.push(u32::try_from(number).unwrap_or(u32::MAX));
            rank += count;
        }
        Ok(rows)
    }

    /// A column of numbers, one for each row.
    pub fn all_numbers(&self, number: u16) -> rusqlite::Result<Vec<u64>> {
        Ok(match self.numbers(number)? {
            NumberColumn::Each(values) => values,
            NumberColumn::Same(value) => vec![value; self.rows()],
        })
    }

    fn with_column<T>(
        &self,
        number: u16,
        read: impl FnOnce(Option<&[u8]>) -> Option<T>,
    ) -> rusqlite::Result<T> {
        match self.source {
            BlockSource::File { connection, block } => {
                let packed = column(connection, block, number)?;
                self.budget.spend(packed.as_ref().map_or(0, Vec::len));
                read(packed.as_deref()).ok_or_else(damaged)
            }
            BlockSource::Open(columns) => read(column_of(columns, number).as_deref()).ok_or_else(damaged),
        }
    }
}

/// How long a span took, from how it is kept: 0 where it ended before it began.
pub const fn saturated_duration(start: u64, wrapped_duration: u64) -> u64 {
    if start.checked_add(wrapped_duration).is_some() { wrapped_duration } else { 0 }
}

/// The values of a field in a block, numbered: first those of items, then what groups say where an item says nothing.
pub struct FieldValues {
    field: Field,
    own: OwnValues,
    rows: Rows,
    groups: usize,
}

enum OwnValues {
    Nothing,
    Strings(StringColumn, StringKind),
    Numbers(Vec<u64>, NumberKind),
}

#[derive(Clone, Copy)]
enum StringKind {
    /// An attribute's encoded value; an empty one is a value too.
    Attribute,
    Any,
    Text,
    Id,
}

#[derive(Clone, Copy)]
enum NumberKind {
    Kind,
    Status,
    Severity,
    Duration,
}

enum Rows {
    /// As the own values say.
    Own,
    /// As their groups say.
    Groups,
    Numbers(Vec<u32>),
}

impl OwnValues {
    const fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Strings(column, _) => column.strings(),
            Self::Numbers(values, _) => values.len(),
        }
    }

    fn get(&self, number: usize) -> Option<FieldValue<'_>> {
        match self {
            Self::Nothing => None,
            Self::Strings(column, kind) => {
                let string = column.string(number);
                match kind {
                    StringKind::Attribute => Some(FieldValue::Any(any_value(string))),
                    StringKind::Any => match any_value(string) {
                        AnyValueView::Empty => None,
                        value => Some(FieldValue::Any(value)),
                    },
                    StringKind::Text => (!string.is_empty()).then(|| FieldValue::Text(Text::new(string))),
                    StringKind::Id => (!string.is_empty()).then_some(FieldValue::Id(string)),
                }
            }
            Self::Numbers(values, kind) => {
                let value = values.get(number).copied()?;
                #[expect(clippy::cast_possible_truncation, reason = "protobuf's enumerations have 32 bits")]
                let code = (value as u32).cast_signed();
                Some(match kind {
                    NumberKind::Kind => FieldValue::Word(kind_word(code)),
                    NumberKind::Status => FieldValue::Word(status_word(code)),
                    NumberKind::Severity => FieldValue::Severity(code),
                    NumberKind::Duration => FieldValue::Any(AnyValueView::Double(value as f64 / 1e6)),
                })
            }
        }
    }
}

fn any_value(encoded: &[u8]) -> AnyValueView<'_> {
    use crate::otlp::View;
    AnyValueView::parse(encoded)
}
