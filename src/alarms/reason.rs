//! Why an alarm has its state, in CloudWatch's words.

use super::series::ClosedPeriod;
use super::{AlarmState, Evaluation, MissingData};
use crate::telemetry::UtcTime;

/// Why the state became `state`, given the periods looked at.
pub fn reason(
    evaluation: &Evaluation,
    window: &[ClosedPeriod],
    previous: AlarmState,
    state: AlarmState,
) -> String {
    let window = window.get(window.len().saturating_sub(evaluation.range())..).unwrap_or(window);
    let values: Vec<(u64, f64)> =
        window.iter().filter_map(|period| Some((period.start_unix_nano, period.value?))).collect();
    if values.is_empty() {
        return without_values(evaluation, state);
    }
    if state == AlarmState::InsufficientData {
        return "Insufficient Data: too few datapoints are known.".to_owned();
    }
    let newest = values.len().saturating_sub(evaluation.evaluation_periods);
    let considered = values.get(newest..).unwrap_or(&values);
    let breaches = state == AlarmState::Alarm;
    let telling: Vec<String> = considered
        .iter()
        .filter(|(_, value)| evaluation.operator.holds(*value, evaluation.threshold) == breaches)
        .map(|(start, value)| format!("{value} ({})", UtcTime::from_unix_nano(*start).rfc3339_nanos()))
        .collect();
    let missing = evaluation.evaluation_periods.saturating_sub(values.len());
    if telling.is_empty() {
        return without_telling_values(evaluation, considered.len(), missing, state);
    }
    let treated = match (missing, evaluation.missing_data) {
        (0, _) | (_, MissingData::Missing | MissingData::Ignore) => String::new(),
        (_, MissingData::Breaching) => format!(" {} treated as [Breaching].", missing_datapoints(missing)),
        (_, MissingData::NotBreaching) => {
            format!(" {} treated as [NonBreaching].", missing_datapoints(missing))
        }
    };
    let counted = match (telling.len(), considered.len()) {
        (1, 1) => "1 datapoint".to_owned(),
        (telling, all) => format!("{telling} out of the last {all} datapoints"),
    };
    let verb = if telling.len() == 1 { "was" } else { "were" };
    let not = if breaches { "" } else { "not " };
    let minimum = if evaluation.evaluation_periods > 1 && previous != AlarmState::InsufficientData {
        minimum(evaluation, previous, state)
    } else {
        String::new()
    };
    format!(
        "Threshold Crossed: {counted} [{}] {verb} {not}{} the threshold ({}){minimum}.{treated}",
        telling.join(", "),
        evaluation.operator.in_words(),
        evaluation.threshold,
    )
}

fn without_values(evaluation: &Evaluation, state: AlarmState) -> String {
    let periods = evaluation.evaluation_periods;
    let received = match periods {
        1 => "no datapoints were received for 1 period".to_owned(),
        _ => format!("no datapoints were received for {periods} periods"),
    };
    let treated = match state {
        AlarmState::InsufficientData => {
            let (datapoints, were) = if periods == 1 { ("datapoint", "was") } else { ("datapoints", "were") };
            return format!("Insufficient Data: {periods} {datapoints} {were} unknown.");
        }
        AlarmState::Alarm | AlarmState::Ok => treatment(state),
    };
    format!("Threshold Crossed: {received} and {} treated as [{treated}].", missing_datapoints(periods))
}

/// None of the values known speaks for `state`: what is missing does, or the values are too few to speak against it.
fn without_telling_values(
    evaluation: &Evaluation,
    known: usize,
    missing: usize,
    state: AlarmState,
) -> String {
    if missing > 0 && matches!(evaluation.missing_data, MissingData::Breaching | MissingData::NotBreaching) {
        return format!(
            "Threshold Crossed: {} treated as [{}].",
            missing_datapoints(missing),
            treatment(state)
        );
    }
    let datapoints = if known == 1 { "datapoint is" } else { "datapoints are" };
    format!(
        "Threshold Crossed: {known} {datapoints} {} the threshold ({}), fewer than the {} that ALARM needs.",
        evaluation.operator.in_words(),
        evaluation.threshold,
        evaluation.datapoints_to_alarm,
    )
}

/// What missing datapoints were taken for where they alone made `state`.
const fn treatment(state: AlarmState) -> &'static str {
    if matches!(state, AlarmState::Alarm) { "Breaching" } else { "NonBreaching" }
}

fn missing_datapoints(count: usize) -> String {
    if count == 1 { "1 missing datapoint was".to_owned() } else { format!("{count} missing datapoints were") }
}

fn minimum(evaluation: &Evaluation, previous: AlarmState, state: AlarmState) -> String {
    let needed = match state {
        AlarmState::Alarm => evaluation.datapoints_to_alarm,
        _ => (evaluation.evaluation_periods + 1).saturating_sub(evaluation.datapoints_to_alarm),
    };
    let datapoints = if needed == 1 { "datapoint" } else { "datapoints" };
    format!(" (minimum {needed} {datapoints} for {} -> {} transition)", previous.name(), state.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::ComparisonOperator;

    const MINUTE: u64 = 60_000_000_000;

    fn evaluation(evaluation_periods: usize, missing_data: MissingData) -> Evaluation {
        Evaluation {
            threshold: 21.5,
            operator: ComparisonOperator::GreaterThanThreshold,
            evaluation_periods,
            datapoints_to_alarm: evaluation_periods.min(2),
            missing_data,
        }
    }

    fn window(values: &[Option<f64>]) -> Vec<ClosedPeriod> {
        let period = |(minute, value): (u64, &Option<f64>)| ClosedPeriod {
            start_unix_nano: minute * MINUTE,
            value: *value,
        };
        (0..).zip(values).map(period).collect()
    }

    #[test]
    fn one_datapoint_crosses_the_threshold() {
        let one = evaluation(1, MissingData::Missing);
        assert_eq!(
            reason(&one, &window(&[Some(22.0)]), AlarmState::InsufficientData, AlarmState::Alarm),
            "Threshold Crossed: 1 datapoint [22 (1970-01-01T00:00:00Z)] was greater than the threshold (21.5)."
        );
    }

    #[test]
    fn several_datapoints_say_how_many_are_needed() {
        let three = evaluation(3, MissingData::Missing);
        let values = [Some(22.0), Some(20.0), Some(21.0)];
        assert_eq!(
            reason(&three, &window(&values), AlarmState::Alarm, AlarmState::Ok),
            "Threshold Crossed: 2 out of the last 3 datapoints [20 (1970-01-01T00:01:00Z), \
             21 (1970-01-01T00:02:00Z)] were not greater than the threshold (21.5) \
             (minimum 2 datapoints for ALARM -> OK transition)."
        );
    }

    #[test]
    fn what_is_missing_is_said() {
        let breaching = evaluation(2, MissingData::Breaching);
        assert_eq!(
            reason(&breaching, &window(&[None, None, None, None]), AlarmState::Ok, AlarmState::Alarm),
            "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as \
             [Breaching]."
        );
        assert_eq!(
            reason(&breaching, &window(&[Some(20.0), None]), AlarmState::Ok, AlarmState::Alarm),
            "Threshold Crossed: 1 missing datapoint was treated as [Breaching]."
        );
        let three = evaluation(3, MissingData::Missing);
        assert_eq!(
            reason(&three, &window(&[None, Some(22.0), None]), AlarmState::Alarm, AlarmState::Ok),
            "Threshold Crossed: 1 datapoint is greater than the threshold (21.5), fewer than the 2 that ALARM needs."
        );
        let missing = evaluation(1, MissingData::Missing);
        assert_eq!(
            reason(&missing, &window(&[None]), AlarmState::Ok, AlarmState::InsufficientData),
            "Insufficient Data: 1 datapoint was unknown."
        );
    }
}
