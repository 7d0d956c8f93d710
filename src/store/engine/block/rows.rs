//! What rows of spans and of log records have in common: the resource and scope they stand under, and attributes.
//!
//! Resources and scopes are kept once per block, as they came. The keys of a row's attributes in their order are its
//! *shape*; a block has few. The values of one key are a column of their own: those of all rows that have the key.

use super::byte_hash::{hash_bytes, hash_pair, is_same};
use super::column::{DictionaryBuilder, Numbers, NumbersBuilder};
use super::compression::{Packer, unpack};
use super::interner::Interner;
use crate::otlp::wire::{
    Fields, put_fields, put_length_delimited, put_varint, read_length_delimited, read_varint,
};
use crate::otlp::{AnyValueView, KeyValueView, List, ResourceGroup, ScopeGroup, View};
use crate::store::filter::matching::{FieldValue, service_of};
use crate::store::grouped_items::Level;

/// The column with everything but the rows: resources and scopes, keys, shapes.
pub const DIRECTORY: u16 = 0;
/// The column with each row's resource and scope.
pub const GROUP: u16 = 1;
/// The column with each row's shape.
pub const SHAPE: u16 = 2;
/// The columns from here on hold attributes' values, by the number of their key.
pub const FIRST_ATTRIBUTE: u16 = 64;

/// A block has fewer different keys than this, so that every column has a number.
pub const MOST_KEYS: usize = 4_000;

/// The layout byte of columns that are read by their own rules.
const OWN_LAYOUT: u8 = 0;

/// Columns by their numbers.
pub type Columns = Vec<(u16, Vec<u8>)>;

/// What may be asked of a Bloom filter, beside attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// The service.
    Service,
    /// The name.
    Name,
    /// The name of the scope.
    Scope,
    /// The trace id, as bytes.
    TraceId,
}

impl Entry {
    /// The filter's entry for a value.
    pub fn hash(self, value: &[u8]) -> u64 {
        hash_pair(self as u64 + 1, hash_bytes(value))
    }
}

/// The filter's entry for an attribute with a value, as text.
pub fn attribute_hash(key: &[u8], text: &str) -> u64 {
    hash_pair(hash_bytes(key), hash_bytes(text.as_bytes()))
}

/// The header of a group of rows: its resource and scope with their schemas, and whatever else stood beside them.
pub fn group_header(resource_group: &ResourceGroup<'_>, scope_group: &ScopeGroup<'_>) -> Vec<u8> {
    let mut header = Vec::new();
    for (number, group) in [(1, resource_group.bytes), (2, scope_group.bytes)] {
        let mut rest = Vec::new();
        put_fields(&mut rest, group, |field, _| field != 2);
        put_length_delimited(&mut header, number, &rest);
    }
    header
}

/// A resource group and a scope group without rows, from their header.
pub fn read_group_header(header: &[u8]) -> (ResourceGroup<'_>, ScopeGroup<'_>) {
    let mut groups = (ResourceGroup::default(), ScopeGroup::default());
    for (number, value) in Fields::of(header) {
        match number {
            1 => groups.0 = ResourceGroup::parse(value.bytes()),
            _ => groups.1 = ScopeGroup::parse(value.bytes()),
        }
    }
    groups
}

/// The levels above the rows of a group, from its header.
pub fn group_levels(header: &[u8]) -> [Level<'_>; 2] {
    let mut levels = [Level { field_number: 1, header: &[] }, Level { field_number: 2, header: &[] }];
    for (number, value) in Fields::of(header) {
        if let Some(level) = levels.iter_mut().find(|level| level.field_number == number) {
            level.header = value.bytes();
        }
    }
    levels
}

/// The common part of rows in the making.
#[derive(Default)]
pub struct RowsBuilder {
    groups: Interner,
    group_rows: NumbersBuilder,
    keys: Interner,
    shapes: Interner,
    shape_rows: NumbersBuilder,
    attributes: Vec<DictionaryBuilder>,
    /// The attributes of the row in the making: the numbers of their keys, and those of their values in the key's column.
    row: Vec<(u32, u32)>,
    /// The attribute that last stood at each place of a row: the next is mostly of the same key, and often the same.
    recent: Vec<RecentAttribute>,
    /// The keys of the row before, and its shape.
    recent_keys: Vec<u32>,
    recent_shape: u32,
}

#[derive(Default)]
struct RecentAttribute {
    encoded: Vec<u8>,
    key: u32,
    value: u32,
}

impl RowsBuilder {
    /// The number of the group with this header.
    pub fn group(&mut self, header: &[u8]) -> u32 {
        self.groups.intern(header)
    }

    /// Adds an encoded attribute to the row in the making.
    #[inline]
    pub fn attribute(&mut self, encoded: &[u8]) {
        let place = self.row.len();
        if let Some(recent) = self.recent.get(place)
            && is_same(&recent.encoded, encoded)
            && let Some(column) = self.attributes.get_mut(recent.key as usize)
        {
            column.push_again(recent.value);
            self.row.push((recent.key, recent.value));
            return;
        }
        let attribute = KeyValueView::parse(encoded);
        let key = attribute.key.as_bytes();
        let key = match self.recent.get(place) {
            Some(recent) if is_same(self.keys.get(recent.key), key) => recent.key,
            _ => self.keys.intern(key),
        };
        let column = key as usize;
        if column >= self.attributes.len() {
            self.attributes.resize_with(column + 1, DictionaryBuilder::default);
        }
        let Some(column) = self.attributes.get_mut(column) else { return };
        let value = column.push(attribute.encoded_value);
        self.row.push((key, value));
        if place == self.recent.len() {
            self.recent.push(RecentAttribute::default());
        }
        if let Some(recent) = self.recent.get_mut(place) {
            (recent.key, recent.value) = (key, value);
            recent.encoded.clear();
            recent.encoded.extend_from_slice(encoded);
        }
    }

    /// The attributes of the row in the making: the numbers of their keys, and those of their values among the key's.
    pub fn row(&self) -> &[(u32, u32)] {
        &self.row
    }

    /// The attributes of the row in the making: keys and encoded values.
    pub fn row_attributes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.row.iter().filter_map(|(key, value)| {
            let column = self.attributes.get(*key as usize)?;
            Some((self.keys.get(*key), column.strings().get(*value)))
        })
    }

    /// The keys of attributes in the order of their numbers.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.iter()
    }

    /// Ends the row in the making.
    #[inline]
    pub fn end_row(&mut self, group: u32) {
        self.group_rows.push(u64::from(group));
        let keys = self.row.iter().map(|(key, _)| *key);
        if self.shape_rows.len() == 0 || !keys.clone().eq(self.recent_keys.iter().copied()) {
            self.recent_keys.clear();
            self.recent_keys.extend(keys);
            let shape: Vec<u8> = self.recent_keys.iter().flat_map(|key| key.to_le_bytes()).collect();
            self.recent_shape = self.shapes.intern(&shape);
        }
        self.shape_rows.push(u64::from(self.recent_shape));
        self.row.clear();
    }

    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.group_rows.len()
    }

    /// True where no row of whatever attributes would still be sure to fit.
    pub const fn is_full(&self) -> bool {
        self.keys.len() > MOST_KEYS / 2
    }

    /// What the filter must know of groups and attributes, hardly any of it twice.
    pub fn filter_entries(&self) -> Vec<u64> {
        let mut entries = Vec::new();
        for header in self.groups.iter() {
            let (resource_group, scope_group) = read_group_header(header);
            let service = service_of(&resource_group.resource).to_text();
            entries.push(Entry::Service.hash(service.as_bytes()));
            entries.push(Entry::Scope.hash(scope_group.scope.name.to_str().as_bytes()));
            put_list_entries(resource_group.resource.attributes, &mut entries);
            put_list_entries(scope_group.scope.attributes, &mut entries);
        }
        entries.sort_unstable();
        entries.dedup();
        for (key, column) in self.keys.iter().zip(&self.attributes) {
            let key = hash_bytes(key);
            for value in column.strings().iter() {
                let text = FieldValue::Any(AnyValueView::parse(value)).to_text();
                entries.push(hash_pair(key, hash_bytes(text.as_bytes())));
            }
        }
        entries
    }

    /// Packs the columns.
    pub fn pack(&self, packer: &mut Packer, columns: &mut Columns) {
        columns.push((DIRECTORY, self.pack_directory(packer)));
        let mut put = |number, packed: Option<Vec<u8>>| {
            columns.extend(packed.map(|packed| (number, packed)));
        };
        put(GROUP, self.group_rows.pack(packer, Numbers::Unrelated));
        put(SHAPE, self.shape_rows.pack(packer, Numbers::Unrelated));
        for (number, column) in (FIRST_ATTRIBUTE..).zip(&self.attributes) {
            put(number, column.pack(packer));
        }
    }

    fn pack_directory(&self, packer: &mut Packer) -> Vec<u8> {
        let mut body = Vec::new();
        put_varint(&mut body, self.len() as u64);
        for strings in [&self.groups, &self.keys, &self.shapes] {
            put_varint(&mut body, strings.len() as u64);
            for string in strings.iter() {
                put_varint(&mut body, string.len() as u64);
                body.extend_from_slice(string);
            }
        }
        packer.pack(OWN_LAYOUT, &body)
    }
}

fn put_list_entries(attributes: List<'_, KeyValueView<'_>>, entries: &mut Vec<u64>) {
    for attribute in attributes {
        let text = FieldValue::Any(attribute.value()).to_text();
        entries.push(attribute_hash(attribute.key.as_bytes(), &text));
    }
}

/// The directory of a block read back.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// How many rows the block has.
    pub rows: usize,
    /// The headers of groups, by number.
    pub groups: Vec<Vec<u8>>,
    /// The keys of attributes, by number.
    pub keys: Vec<Vec<u8>>,
    /// The shapes by number: the numbers of their keys, in order.
    pub shapes: Vec<Vec<u32>>,
}

impl Directory {
    /// Reads a directory back; none from damaged bytes.
    pub fn read(packed: &[u8]) -> Option<Self> {
        let (_, body) = packed.split_first()?;
        let body = unpack(body)?;
        let (rows, mut rest) = read_varint(&body).ok()?;
        let groups = read_strings(&mut rest);
        let keys = read_strings(&mut rest);
        let words = |shape: &Vec<u8>| {
            let words = shape.chunks_exact(4).filter_map(|word| word.first_chunk());
            words.map(|word| u32::from_le_bytes(*word)).collect()
        };
        let shapes = read_strings(&mut rest).iter().map(words).collect();
        Some(Self { rows: usize::try_from(rows).unwrap_or(0).min(1 << 24), groups, keys, shapes })
    }

    /// The number of a key; none where no row has it.
    pub fn key(&self, key: &str) -> Option<u32> {
        let at = self.keys.iter().position(|known| known == key.as_bytes())?;
        u32::try_from(at).ok()
    }
}

fn read_strings(rest: &mut &[u8]) -> Vec<Vec<u8>> {
    let Ok((count, mut behind)) = read_varint(rest) else { return Vec::new() };
    let mut strings = Vec::new();
    for _ in 0..count {
        let Ok((string, after)) = read_length_delimited(behind) else { break };
        strings.push(string.to_vec());
        behind = after;
    }
    *rest = behind;
    strings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An encoded attribute with a text; without bytes where key and text are empty.
    fn attribute(key: &str, text: &str) -> Vec<u8> {
        let mut encoded = Vec::new();
        if !key.is_empty() || !text.is_empty() {
            put_length_delimited(&mut encoded, 1, key.as_bytes());
            put_length_delimited(&mut encoded, 2, text.as_bytes());
        }
        encoded
    }

    #[test]
    fn rows_have_their_attributes_whatever_the_row_before_had() {
        let rows: [&[(&str, &str)]; 8] = [
            &[("a", "1"), ("b", "2")],
            &[("a", "1"), ("b", "3")],
            &[("", "4"), ("b", "2"), ("", "")],
            &[("", "4"), ("b", "2"), ("", "")],
            &[],
            &[("b", "3"), ("a", "1")],
            &[("", ""), ("", "5"), ("", "4"), ("", "")],
            &[("a", "1"), ("b", "2")],
        ];
        let mut builder = RowsBuilder::default();
        for row in rows {
            row.iter().for_each(|(key, text)| builder.attribute(&attribute(key, text)));
            let expected: Vec<_> = row.iter().map(|(key, text)| (key.as_bytes(), text.as_bytes())).collect();
            assert_eq!(builder.row_attributes().collect::<Vec<_>>(), expected);
            builder.end_row(0);
        }
        let mut columns = Columns::new();
        builder.pack(&mut Packer::default(), &mut columns);
        let (_, directory) = columns.iter().find(|(number, _)| *number == DIRECTORY).unwrap();
        let directory = Directory::read(directory).unwrap();
        assert_eq!((directory.rows, directory.keys.len(), directory.shapes.len()), (8, 3, 5));
    }
}
