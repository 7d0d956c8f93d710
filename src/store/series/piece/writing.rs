//! A block in the making.

use std::collections::HashMap;

use super::packing::Packer;
use super::time_lists::{TimeList, TimeLists};
use super::{Columns, Form, MetricBlock};
use crate::otlp::wire::put_varint;
use crate::store::series::collecting::{Collecting, OtherPoint};
use crate::store::series::columns::{put_doubles, put_integers, put_sized};
use crate::store::series::series_numbers::Above;
use crate::store::series::taking_apart::data_field_of;
use crate::store::series::words::alike;

/// A block in the making.
#[derive(Default)]
pub(super) struct BlockWriting {
    resources: LocalNumbers,
    scopes: LocalNumbers,
    metrics: LocalNumbers,
    series: Vec<u8>,
    series_count: u64,
    chunks: Vec<u8>,
    chunk_count: u64,
    data: Vec<u8>,
    points: u64,
    span: Option<(u64, u64)>,
}

/// Headers that a block has, in the order they were met.
#[derive(Default)]
struct LocalNumbers {
    numbers: HashMap<u32, u64>,
    encoded: Vec<u8>,
}

impl LocalNumbers {
    fn number_of(&mut self, global: u32, header: &[u8]) -> u64 {
        let next = self.numbers.len() as u64;
        *self.numbers.entry(global).or_insert_with(|| {
            put_sized(&mut self.encoded, header);
            next
        })
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.numbers.len() as u64);
        out.extend_from_slice(&self.encoded);
    }
}

impl BlockWriting {
    /// Adds a series with its points.
    pub fn add(
        &mut self,
        collecting: &Collecting<'_>,
        number: u32,
        columns: &Columns,
        others: &[&OtherPoint<'_>],
        times: &mut TimeLists,
    ) {
        let known = &collecting.series;
        let Some(series) = known.all.get(number as usize) else {
            return;
        };
        let Above { resource, scope, metric } = series.above;
        let data_field = data_field_of(known.metrics.get(metric)).unwrap_or_default();
        let resource = self.resources.number_of(resource, known.resources.get(resource));
        let scope = self.scopes.number_of(scope, known.scopes.get(scope));
        let metric = self.metrics.number_of(metric, known.metrics.get(metric));
        for above in [resource, scope, metric] {
            put_varint(&mut self.series, above);
        }
        put_sized(&mut self.series, &series.attributes);
        self.series_count += 1;

        let column = number as usize * 2;
        for (form, points) in
            [(Form::Integers, columns.get(column)), (Form::Doubles, columns.get(column + 1))]
        {
            if points.is_empty() {
                continue;
            }
            let (list, starts) = times.of_numbers(points, &collecting.moments);
            let begin = self.data.len();
            self.data.extend_from_slice(starts);
            let bits = points.iter().map(|point| point.bits);
            match form {
                Form::Integers => put_integers(&mut self.data, bits.map(u64::cast_signed)),
                _ => put_doubles(&mut self.data, bits),
            }
            self.add_chunk(form, list, begin);
        }

        let from = others.partition_point(|point| point.series < number);
        let to = others.partition_point(|point| point.series <= number);
        if let Some(points) = others.get(from..to).filter(|points| !points.is_empty()) {
            self.add_others(points, data_field, times);
        }
    }

    /// Adds points of a series that are more than a number: those that are alike as columns, the rest as they came.
    fn add_others(&mut self, points: &[&OtherPoint<'_>], data_field: u32, times: &mut TimeLists) {
        let (groups, rest) = alike(points.iter().map(|point| &*point.bytes), data_field);
        let at = |places: &[usize]| -> Vec<&OtherPoint<'_>> {
            places.iter().filter_map(|place| points.get(*place).copied()).collect()
        };
        for group in &groups {
            let list = times.list_of(at(&group.places).iter().map(|point| point.time).collect());
            let begin = self.data.len();
            group.put(&mut self.data);
            self.add_chunk(Form::Alike, list, begin);
        }
        if rest.is_empty() {
            return;
        }
        let rest = at(&rest);
        let list = times.list_of(rest.iter().map(|point| point.time).collect());
        let begin = self.data.len();
        rest.iter().for_each(|point| put_sized(&mut self.data, &point.bytes));
        self.add_chunk(Form::Others, list, begin);
    }

    /// Adds a chunk of the series added last: the data from `begin` on.
    fn add_chunk(&mut self, form: Form, list: TimeList, begin: usize) {
        let TimeList { number, points, first, last } = list;
        let length = self.data.len().saturating_sub(begin) as u64;
        let series = self.series_count.saturating_sub(1);
        for part in [series << 2 | form as u64, points as u64, number, first, last - first, length] {
            put_varint(&mut self.chunks, part);
        }
        self.chunk_count += 1;
        self.points += points as u64;
        self.span = Some(self.span.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
    }

    /// The block.
    pub fn block(self, name: &[u8], packer: &mut Packer) -> MetricBlock {
        let mut header = Vec::new();
        self.resources.put(&mut header);
        self.scopes.put(&mut header);
        self.metrics.put(&mut header);
        put_varint(&mut header, self.series_count);
        header.extend_from_slice(&self.series);
        put_varint(&mut header, self.chunk_count);
        header.extend_from_slice(&self.chunks);
        let (first, last) = self.span.unwrap_or_default();
        MetricBlock {
            name: name.to_vec(),
            first,
            last,
            points: self.points,
            header: packer.pack(&header),
            data: packer.pack(&self.data),
        }
    }
}
