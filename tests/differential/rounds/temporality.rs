//! Random configurations of the processors that keep the state of streams: `cumulativetodelta`, `deltatocumulative`,
//! `deltatorate` and `interval`.

use serde_json::{Value, json};

use crate::pair::{Round, Until};
use crate::random::Random;
use crate::telemetry::metrics::{self, CUMULATIVE, DELTA, NAMES, Resets, Shape};

pub fn of_cumulativetodelta(random: &mut Random) -> Round {
    let mut config = json!({});
    if random.chance(0.7) {
        config["initial_value"] = json!(random.pick(&["auto", "drop"]));
    }
    for part in ["include", "exclude"] {
        if random.chance(0.25) {
            config[part] = selection(random);
        }
    }
    // What goes down without a new start time, and what comes late, are listed differences.
    let shape = Shape {
        resets: Resets::Announced,
        out_of_order: false,
        ..Shape::rough(&[CUMULATIVE, CUMULATIVE, DELTA], 8)
    };
    Round { config, requests: metrics::requests(random, &shape), until: Until::Answered }
}

pub fn of_deltatocumulative(random: &mut Random) -> Round {
    let mut config = json!({});
    if random.chance(0.3) {
        config["max_streams"] = json!(random.number(1, 6));
    }
    // The Collector repeats the exemplars of the first point and the mark of no value, and forgets extremes with the first
    // histogram that has none.
    let shape = Shape {
        exemplars: false,
        no_value: false,
        empty_histograms: false,
        ..Shape::rough(&[DELTA, DELTA, CUMULATIVE], 8)
    };
    Round { config, requests: metrics::requests(random, &shape), until: Until::Answered }
}

pub fn of_deltatorate(random: &mut Random) -> Round {
    let shape = Shape::smooth(&[DELTA, CUMULATIVE], 4);
    Round {
        config: json!({"metrics": random.some_of(&NAMES)}),
        requests: metrics::requests(random, &shape),
        until: Until::Answered,
    }
}

/// An interval that never ends by itself, so that everything comes out with the stop.
pub fn of_interval(random: &mut Random) -> Round {
    let mut config = json!({"interval": "1h"});
    if random.chance(0.5) {
        config["pass_through"] = json!({"gauge": random.chance(0.5), "summary": random.chance(0.5)});
    }
    // Of deltas the Collector keeps the exemplars of the first, and the last bounds with what was counted in them.
    let shape = Shape {
        changes: false,
        exemplars: false,
        no_value: false,
        empty_histograms: false,
        ..Shape::rough(&[DELTA, CUMULATIVE], 5)
    };
    Round { config, requests: metrics::requests(random, &shape), until: Until::Stopped }
}

fn selection(random: &mut Random) -> Value {
    let mut selection = json!({});
    if random.chance(0.5) {
        selection["metric_types"] =
            json!(random.some_of(&["sum", "histogram", "exponentialhistogram", "Histogram"]));
        if random.chance(0.5) {
            return selection;
        }
    }
    if random.chance(0.5) {
        selection["metrics"] = json!(random.some_of(&NAMES));
        selection["match_type"] = json!("strict");
    } else {
        selection["metrics"] = json!([random.pick(&["^http", "s", "size$"])]);
        selection["match_type"] = json!("regexp");
    }
    selection
}
