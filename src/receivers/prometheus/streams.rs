//! Samples of a scrape as OTLP metrics: series find their data points once, and each scrape only fills
//! those in and writes them out.

mod family;
mod group;
mod placing;
mod resource;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub(super) use self::family::encoded_attribute;
use self::family::{Family, FamilyKey};
use self::group::Group;
pub(super) use self::group::Part;
pub(super) use self::resource::ResourceOrigin;
use self::resource::{Info, Resource, ScopeIdentity, ScopeMetrics};
use crate::metric_streams::wire::{put_metric, put_resource_group, put_scope_group};

/// Where the samples of a series go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// Into a part of a data point.
    Point {
        /// The data point.
        group: usize,
        /// The part.
        part: Part,
    },
    /// Into the attributes of a resource: `target_info`.
    Info(usize),
    /// Nowhere: a bucket without a bound, or a quantile without one.
    Nowhere,
}

/// The metrics of one target.
#[derive(Debug)]
pub(super) struct Streams {
    /// Counts scrapes; what was filled in at another is empty.
    scrape: u64,
    origin: ResourceOrigin,
    trims_suffixes: bool,
    resources: Vec<Resource>,
    resource_index: HashMap<(String, String), usize>,
    scopes: Vec<ScopeMetrics>,
    scope_index: HashMap<(usize, ScopeIdentity), usize>,
    families: Vec<Family>,
    family_index: HashMap<FamilyKey, usize>,
    groups: Vec<Group>,
    group_index: HashMap<(usize, Box<[u8]>), usize>,
    infos: Vec<Info>,
    /// The resources that have something in this scrape.
    filled: Vec<usize>,
}

/// What a scrape wrote.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// An encoded request.
    pub(super) body: Vec<u8>,
    /// How many data points it has.
    pub(super) points: usize,
    /// How many were left out since their parts contradict each other.
    pub(super) contradictory: usize,
}

/// The samples of one data point have different times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("inconsistent timestamps on metric points")]
pub(super) struct InconsistentTimestamps;

impl Streams {
    /// No metrics yet.
    pub(super) fn new(origin: ResourceOrigin, trims_suffixes: bool) -> Self {
        Self {
            scrape: 0,
            origin,
            trims_suffixes,
            resources: Vec::new(),
            resource_index: HashMap::new(),
            scopes: Vec::new(),
            scope_index: HashMap::new(),
            families: Vec::new(),
            family_index: HashMap::new(),
            groups: Vec::new(),
            group_index: HashMap::new(),
            infos: Vec::new(),
            filled: Vec::new(),
        }
    }

    /// Empties every data point.
    pub(super) fn begin(&mut self) {
        self.scrape += 1;
        self.filled.clear();
    }

    /// Forgets every series; their places mean nothing any more.
    pub(super) fn forget(&mut self) {
        let scrape = self.scrape;
        *self = Self::new(self.origin.clone(), self.trims_suffixes);
        self.scrape = scrape;
    }

    /// How many data points and resources are known.
    pub(super) const fn len(&self) -> usize {
        self.groups.len() + self.infos.len()
    }

    /// Fills in a sample.
    ///
    /// # Errors
    ///
    /// [`InconsistentTimestamps`] where another sample of the data point has another time.
    pub(super) fn add(
        &mut self,
        place: Place,
        time_ms: i64,
        value: f64,
    ) -> Result<(), InconsistentTimestamps> {
        match place {
            Place::Nowhere => Ok(()),
            Place::Info(info) => {
                self.add_info(info);
                Ok(())
            }
            Place::Point { group, part } => {
                let Some(group) = self.begun(group, time_ms)? else { return Ok(()) };
                group.add(part, value);
                Ok(())
            }
        }
    }

    /// Adds an encoded exemplar to a data point that has a sample.
    pub(super) fn add_exemplar(&mut self, place: Place, exemplar: &[u8]) {
        let Place::Point { group, .. } = place else { return };
        let Some(group) = self.groups.get_mut(group) else { return };
        let has_exemplars = self.families.get(group.family).is_some_and(Family::has_exemplars);
        if has_exemplars {
            group.exemplars.push(exemplar);
        }
    }

    /// Everything that was filled in.
    pub(super) fn write(&self) -> Written {
        let mut written = Written::default();
        for resource in self.filled.iter().filter_map(|place| self.resources.get(*place)) {
            let header = resource.header(&self.infos);
            let start = written.body.len();
            let (mut points, mut contradictory) = (0, 0);
            put_resource_group(&mut written.body, &header, &[], |out| {
                for scope in resource.filled.iter().filter_map(|place| self.scopes.get(*place)) {
                    let in_scope = self.write_scope(out, scope, &mut contradictory);
                    points += in_scope;
                }
            });
            if points == 0 {
                written.body.truncate(start);
            }
            written.points += points;
            written.contradictory += contradictory;
        }
        written
    }

    fn write_scope(&self, out: &mut Vec<u8>, scope: &ScopeMetrics, contradictory: &mut usize) -> usize {
        let start = out.len();
        let mut points = 0;
        put_scope_group(out, &scope.header, &scope.schema_url, |out| {
            for family in scope.filled.iter().filter_map(|place| self.families.get(*place)) {
                let metric_start = out.len();
                let mut in_metric = 0;
                put_metric(out, &family.header(), |out| {
                    for group in family.filled.iter().filter_map(|place| self.groups.get(*place)) {
                        match group.put(out, family.metric_type) {
                            Ok(written) => in_metric += usize::from(written),
                            Err(group::Contradictory) => *contradictory += 1,
                        }
                    }
                });
                if in_metric == 0 {
                    out.truncate(metric_start);
                }
                points += in_metric;
            }
        });
        if points == 0 {
            out.truncate(start);
        }
        points
    }

    /// A data point that has a sample of `time_ms` in this scrape, emptied before its first one.
    fn begun(&mut self, place: usize, time_ms: i64) -> Result<Option<&mut Group>, InconsistentTimestamps> {
        let Some(group) = self.groups.get_mut(place) else { return Ok(None) };
        if group.scrape == self.scrape {
            return if group.time_ms == time_ms { Ok(Some(group)) } else { Err(InconsistentTimestamps) };
        }
        group.begin(self.scrape, time_ms);
        if let Some(family) = self.families.get_mut(group.family) {
            if family.scrape != self.scrape {
                family.scrape = self.scrape;
                family.filled.clear();
                let scope_place = family.scope;
                if let Some(scope) = self.scopes.get_mut(scope_place) {
                    if scope.scrape != self.scrape {
                        scope.begin(self.scrape);
                        let resource = begun_resource(
                            &mut self.resources,
                            &mut self.filled,
                            scope.resource,
                            self.scrape,
                        );
                        resource.into_iter().for_each(|resource| resource.filled.push(scope_place));
                    }
                    scope.filled.push(group.family);
                }
            }
            family.filled.push(place);
        }
        Ok(Some(group))
    }

    fn add_info(&mut self, place: usize) {
        let Some(info) = self.infos.get(place) else { return };
        let resource = begun_resource(&mut self.resources, &mut self.filled, info.resource, self.scrape);
        resource.into_iter().for_each(|resource| resource.infos.push(place));
    }
}

/// A resource that has something in this scrape.
fn begun_resource<'a>(
    resources: &'a mut [Resource],
    filled: &mut Vec<usize>,
    place: usize,
    scrape: u64,
) -> Option<&'a mut Resource> {
    let resource = resources.get_mut(place)?;
    if resource.scrape != scrape {
        resource.begin(scrape);
        filled.push(place);
    }
    Some(resource)
}
