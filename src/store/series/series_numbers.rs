//! Series and what stands above them by number. A series is found by the bytes of what stands above its points and of their
//! attributes, without reading them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

type NumbersByBytes = HashMap<Vec<u8>, u32, RandomState>;

/// Different series, by number.
#[derive(Debug, Default)]
pub struct SeriesNumbers {
    /// Headers of resource groups, of scope groups, and metrics without points.
    pub resources: Headers,
    /// See [`resources`](Self::resources).
    pub scopes: Headers,
    /// See [`resources`](Self::resources).
    pub metrics: Headers,
    /// The series.
    pub all: Vec<NumberedSeries>,
    /// By what stands above, four bytes each, and the attributes.
    numbers: NumbersByBytes,
    order: Order,
    /// Room for a key.
    key: Vec<u8>,
}

/// Different headers, by number.
#[derive(Debug, Default)]
pub struct Headers {
    /// The headers.
    pub encoded: Vec<Vec<u8>>,
    numbers: NumbersByBytes,
    order: Order,
}

/// In which order numbers come: mostly in the same as the time before.
#[derive(Debug, Default)]
struct Order {
    last: u32,
    /// What came after each number when that came last.
    successors: Vec<u32>,
}

/// What stands above the points of a series: the numbers of its resource, scope and metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Above {
    /// The resource group.
    pub resource: u32,
    /// The scope group.
    pub scope: u32,
    /// The metric.
    pub metric: u32,
}

/// A series.
#[derive(Debug)]
pub struct NumberedSeries {
    /// What stands above its points.
    pub above: Above,
    /// The encoded attributes, with the keys of their fields.
    pub attributes: Vec<u8>,
}

impl SeriesNumbers {
    /// The numbers of what stands above points: a resource group, a scope group, and a metric.
    pub fn above(&mut self, [resource, scope, metric]: [&[u8]; 3]) -> Above {
        Above {
            resource: self.resources.number_of(resource),
            scope: self.scopes.number_of(scope),
            metric: self.metrics.number_of(metric),
        }
    }

    /// The number of a series. A new one has the next.
    pub fn number_of(&mut self, above: Above, attributes: &[u8]) -> u32 {
        let is_it = |number: &u32| {
            let known = self.all.get(*number as usize);
            known.is_some_and(|known| known.above == above && known.attributes == attributes)
        };
        let guessed = self.order.guesses().into_iter().find(is_it);
        let number = guessed.unwrap_or_else(|| self.look_up(above, attributes));
        self.order.came(number);
        number
    }

    fn look_up(&mut self, above: Above, attributes: &[u8]) -> u32 {
        self.key.clear();
        for number in [above.resource, above.scope, above.metric] {
            self.key.extend_from_slice(&number.to_le_bytes());
        }
        self.key.extend_from_slice(attributes);
        number_in(&mut self.numbers, &self.key).unwrap_or_else(|next| {
            self.all.push(NumberedSeries { above, attributes: attributes.to_vec() });
            next
        })
    }
}

impl Order {
    /// What may come next: what came after the last one, or that once more.
    fn guesses(&self) -> [u32; 2] {
        [self.successors.get(self.last as usize).copied().unwrap_or_default(), self.last]
    }

    fn came(&mut self, number: u32) {
        if number == self.last {
            return;
        }
        let last = self.last as usize;
        if last >= self.successors.len() {
            self.successors.resize(last + 1, 0);
        }
        if let Some(successor) = self.successors.get_mut(last) {
            *successor = number;
        }
        self.last = number;
    }
}

impl Headers {
    /// The number of a header.
    fn number_of(&mut self, header: &[u8]) -> u32 {
        let is_it = |number: &u32| self.encoded.get(*number as usize).is_some_and(|known| known == header);
        let number = self.order.guesses().into_iter().find(is_it).unwrap_or_else(|| self.look_up(header));
        self.order.came(number);
        number
    }

    /// The header with this number.
    pub fn get(&self, number: u32) -> &[u8] {
        self.encoded.get(number as usize).map_or(&[], Vec::as_slice)
    }

    fn look_up(&mut self, header: &[u8]) -> u32 {
        number_in(&mut self.numbers, header).unwrap_or_else(|next| {
            self.encoded.push(header.to_vec());
            next
        })
    }
}

/// The number of what is known; else the one it has from now on.
fn number_in(numbers: &mut NumbersByBytes, key: &[u8]) -> Result<u32, u32> {
    if let Some(number) = numbers.get(key) {
        return Ok(*number);
    }
    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
    numbers.insert(key.to_vec(), next);
    Err(next)
}
