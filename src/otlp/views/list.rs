//! Repeated fields: lists of messages, strings and numbers, walked where they lie.

use std::fmt;
use std::marker::PhantomData;

use crate::otlp::Text;
use crate::otlp::wire::{Fields, Value, WireType, read_value};

/// Something that can be read from the bytes of one message or string.
pub trait View<'a> {
    /// Reads the view from a valid message of its type.
    fn parse(bytes: &'a [u8]) -> Self;
}

impl<'a> View<'a> for Text<'a> {
    fn parse(bytes: &'a [u8]) -> Self {
        Self::new(bytes)
    }
}

/// A repeated message or string field. Cheap to copy; each iteration walks the bytes again.
pub struct List<'a, V> {
    /// The message from the first element's key on.
    bytes: &'a [u8],
    number: u32,
    view: PhantomData<fn() -> V>,
}

impl<'a, V: View<'a>> List<'a, V> {
    /// The elements under field `number` of the message `bytes`.
    pub const fn of(bytes: &'a [u8], number: u32) -> Self {
        Self { bytes, number, view: PhantomData }
    }

    /// Notes that an element stands at the start of `from_here`, unless there was one before.
    pub(super) const fn note_element(&mut self, from_here: &'a [u8], number: u32) {
        if self.bytes.is_empty() {
            *self = Self::of(from_here, number);
        }
    }

    /// The elements in order.
    pub fn iter(self) -> Elements<'a, V> {
        self.into_iter()
    }

    /// The bytes of each element in order.
    pub fn raw(self) -> Elements<'a, &'a [u8]> {
        List::of(self.bytes, self.number).into_iter()
    }

    /// How many elements there are. Walks the list without looking inside.
    pub fn count(self) -> usize {
        self.raw().count()
    }

    /// True when there is no element.
    pub fn is_empty(self) -> bool {
        self.raw().next().is_none()
    }
}

impl<'a> View<'a> for &'a [u8] {
    fn parse(bytes: &'a [u8]) -> Self {
        bytes
    }
}

impl<V> Clone for List<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for List<'_, V> {}

impl<V> Default for List<'_, V> {
    fn default() -> Self {
        Self { bytes: &[], number: 0, view: PhantomData }
    }
}

impl<'a, V: View<'a> + fmt::Debug> fmt::Debug for List<'a, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, V: View<'a>> IntoIterator for List<'a, V> {
    type Item = V;
    type IntoIter = Elements<'a, V>;

    fn into_iter(self) -> Elements<'a, V> {
        Elements { fields: Fields::of(self.bytes), number: self.number, view: PhantomData }
    }
}

/// The elements of a [`List`].
pub struct Elements<'a, V> {
    fields: Fields<'a>,
    number: u32,
    view: PhantomData<fn() -> V>,
}

impl<'a, V: View<'a>> Iterator for Elements<'a, V> {
    type Item = V;

    #[inline]
    fn next(&mut self) -> Option<V> {
        let number = self.number;
        if let Some(bytes) = self.fields.next_short(number) {
            return Some(V::parse(bytes));
        }
        let (_, value) = self.fields.find(|(found, _)| *found == number)?;
        Some(V::parse(value.bytes()))
    }
}

/// A number that can stand in a [`NumberList`].
pub trait ListedNumber {
    /// How one element is laid out.
    const WIRE_TYPE: WireType;

    /// The number in one element.
    fn from_value(value: Value<'_>) -> Self;
}

/// A repeated `fixed64`.
impl ListedNumber for u64 {
    const WIRE_TYPE: WireType = WireType::Fixed64;

    fn from_value(value: Value<'_>) -> Self {
        value.number()
    }
}

/// A repeated `double`.
impl ListedNumber for f64 {
    const WIRE_TYPE: WireType = WireType::Fixed64;

    fn from_value(value: Value<'_>) -> Self {
        value.double()
    }
}

/// An element of a repeated `uint64`, which unlike `fixed64` is a varint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VarintCount(pub u64);

impl ListedNumber for VarintCount {
    const WIRE_TYPE: WireType = WireType::Varint;

    fn from_value(value: Value<'_>) -> Self {
        Self(value.number())
    }
}

/// A repeated number field, packed or not or both. Cheap to copy; each iteration walks the bytes again.
pub struct NumberList<'a, N> {
    elements: List<'a, &'a [u8]>,
    number: PhantomData<fn() -> N>,
}

impl<'a, N: ListedNumber> NumberList<'a, N> {
    /// Notes that an element stands at the start of `from_here`, unless there was one before.
    pub(super) const fn note_element(&mut self, from_here: &'a [u8], number: u32) {
        self.elements.note_element(from_here, number);
    }

    /// The numbers in order.
    pub fn iter(self) -> Numbers<'a, N> {
        self.into_iter()
    }
}

impl<N> Clone for NumberList<'_, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N> Copy for NumberList<'_, N> {}

impl<N> Default for NumberList<'_, N> {
    fn default() -> Self {
        Self { elements: List::default(), number: PhantomData }
    }
}

impl<N: ListedNumber + fmt::Debug> fmt::Debug for NumberList<'_, N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, N: ListedNumber> IntoIterator for NumberList<'a, N> {
    type Item = N;
    type IntoIter = Numbers<'a, N>;

    fn into_iter(self) -> Numbers<'a, N> {
        Numbers {
            fields: Fields::of(self.elements.bytes),
            field_number: self.elements.number,
            packed: &[],
            number: PhantomData,
        }
    }
}

/// The numbers of a [`NumberList`].
pub struct Numbers<'a, N> {
    fields: Fields<'a>,
    field_number: u32,
    /// What is left of the packed run being read.
    packed: &'a [u8],
    number: PhantomData<fn() -> N>,
}

impl<N: ListedNumber> Iterator for Numbers<'_, N> {
    type Item = N;

    fn next(&mut self) -> Option<N> {
        loop {
            if !self.packed.is_empty() {
                let (value, rest) = read_value(N::WIRE_TYPE, self.packed).ok()?;
                self.packed = rest;
                return Some(N::from_value(value));
            }
            let field_number = self.field_number;
            match self.fields.find(|(found, _)| *found == field_number)?.1 {
                Value::Bytes(packed) => self.packed = packed,
                value => return Some(N::from_value(value)),
            }
        }
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        // Exact for fixed numbers once the first of a packed list was taken, which is when lists are made.
        let longest = if N::WIRE_TYPE == WireType::Fixed64 { 8 } else { 10 };
        (self.packed.len() / longest, None)
    }
}

/// Calls `visit` with each field of `message`: the bytes from its key on, its number and its value.
#[inline]
pub(super) fn for_each_field<'a>(message: &'a [u8], mut visit: impl FnMut(&'a [u8], u32, Value<'a>)) {
    let mut fields = Fields::of(message);
    let mut from_here = message;
    while let Some((number, value)) = fields.next() {
        visit(from_here, number, value);
        from_here = fields.rest();
    }
}
