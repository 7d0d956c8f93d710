//! Services and their operations: requests, errors and durations.

use std::collections::BTreeMap;

use serde::Serialize;

use super::alarms::alarms_by_service;
use super::time_series::{RequestSeries, RequestTotals, counted_time};
use crate::console::answer::{ApiError, CutShape, cut_shape, first_cut};
use crate::console::asked::Asked;
use crate::store::requests::minute_of;
use crate::store::{RequestRates, TimeRange};

/// Answer of `/services`.
#[derive(Debug, Serialize)]
pub struct Services {
    services: Vec<Service>,
    cut: Option<CutShape>,
}

#[derive(Debug, Serialize)]
struct Service {
    name: String,
    version: String,
    #[serde(flatten)]
    totals: RequestTotals,
    previous: RequestTotals,
    series: RequestSeries,
    alarms: u64,
}

/// Answer of `/services/{name}/operations`.
#[derive(Debug, Serialize)]
pub struct Operations {
    operations: Vec<Operation>,
    cut: Option<CutShape>,
}

#[derive(Debug, Serialize)]
struct Operation {
    operation: String,
    kind: &'static str,
    #[serde(flatten)]
    totals: RequestTotals,
    series: RequestSeries,
}

/// Services or operations of an answer.
const ROWS: usize = 10_000;

/// Every service, with the range before for comparison.
pub fn services(asked: &Asked<'_>) -> Result<Services, ApiError> {
    let range = asked.range()?;
    let found = asked.store().service_rates(range, &asked.limits(ROWS))?;
    let before = range_before(range);
    let previous = asked.store().service_rates(before, &asked.limits(ROWS))?;
    let cut = first_cut([found.cut, previous.cut]);
    let previous: BTreeMap<String, RequestRates> =
        previous.value.into_iter().map(|service| (service.service, service.rates)).collect();
    let alarms = alarms_by_service(asked)?;
    let cut = cut_shape(cut, "services").or_else(|| cut_shape(alarms.cut, "alarms"));
    let alarms = alarms.value;
    let now = asked.console.clock.now_unix_nano();
    let (counted, counted_before) = (counted_time(range, now), counted_time(before, now));
    let service = |found: crate::store::ServiceRates| Service {
        totals: totals(&found.rates, counted),
        previous: previous
            .get(&found.service)
            .map_or_else(|| RequestTotals::none(counted_before), |rates| totals(rates, counted_before)),
        series: RequestSeries::of(&found.rates, range),
        alarms: alarms.get(&found.service).copied().unwrap_or(0),
        name: found.service,
        version: found.version,
    };
    let services = found.value.into_iter().map(service).collect();
    Ok(Services { services, cut })
}

/// Every operation of a service.
pub fn operations(asked: &Asked<'_>) -> Result<Operations, ApiError> {
    let range = asked.range()?;
    let found = asked.store().operation_rates(asked.part("name"), range, &asked.limits(ROWS))?;
    let counted = counted_time(range, asked.console.clock.now_unix_nano());
    let operation = |found: crate::store::OperationRates| Operation {
        totals: totals(&found.rates, counted),
        series: RequestSeries::of(&found.rates, range),
        operation: found.operation,
        kind: found.kind,
    };
    let operations = found.value.into_iter().map(operation).collect();
    Ok(Operations { operations, cut: cut_shape(found.cut, "operations") })
}

fn totals(rates: &RequestRates, counted: TimeRange) -> RequestTotals {
    RequestTotals::of(rates.requests, rates.errors, &rates.durations, counted)
}

/// The range of the same length that ends where the first minute of `range` begins: requests are counted by whole minutes, and
/// each is of one of the two.
fn range_before(range: TimeRange) -> TimeRange {
    let to_unix_nano = minute_of(range.from_unix_nano);
    TimeRange { from_unix_nano: to_unix_nano.saturating_sub(range.duration_nano()), to_unix_nano }
}
