//! Writes the attributes of rows as they came.

use super::block::column::{NumberColumn, StringColumn};
use super::block::rows::{FIRST_ATTRIBUTE, SHAPE};
use super::block_reading::BlockReader;
use crate::otlp::wire::{put_length_delimited, put_message};

/// Goes over the rows of a block in ascending order and writes attributes.
pub struct RowAttributes<'r, 'a> {
    reader: &'r BlockReader<'a>,
    shapes: NumberColumn,
    columns: Vec<StringColumn>,
    /// How many values of each key the rows passed by have.
    passed: Vec<usize>,
    row: usize,
}

impl<'r, 'a> RowAttributes<'r, 'a> {
    /// Stands before the first row.
    pub fn new(reader: &'r BlockReader<'a>) -> rusqlite::Result<Self> {
        let numbers = (FIRST_ATTRIBUTE..).take(reader.directory.keys.len());
        let columns = numbers.map(|number| reader.strings(number)).collect::<rusqlite::Result<Vec<_>>>()?;
        let passed = vec![0; columns.len()];
        Ok(Self { reader, shapes: reader.numbers(SHAPE)?, columns, passed, row: 0 })
    }

    /// Appends the attributes of a row, which is not before the last one, as fields of this number.
    pub fn write(&mut self, row: usize, field_number: u32, out: &mut Vec<u8>) {
        while self.row < row {
            for key in self.shape() {
                if let Some(passed) = self.passed.get_mut(*key as usize) {
                    *passed += 1;
                }
            }
            self.row += 1;
        }
        for key in self.shape() {
            let key = *key as usize;
            let (Some(name), Some(column), Some(passed)) =
                (self.reader.directory.keys.get(key), self.columns.get(key), self.passed.get_mut(key))
            else {
                continue;
            };
            put_message(out, field_number, |attribute| {
                put_length_delimited(attribute, 1, name);
                put_length_delimited(attribute, 2, column.get(*passed));
            });
            *passed += 1;
        }
        self.row = row + 1;
    }

    fn shape(&self) -> &'r [u32] {
        let shape = usize::try_from(self.shapes.get(self.row)).unwrap_or(usize::MAX);
        self.reader.directory.shapes.get(shape).map(Vec::as_slice).unwrap_or_default()
    }
}
