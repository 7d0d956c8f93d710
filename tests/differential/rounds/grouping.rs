//! Random configurations of `groupbyattrs`.

use serde_json::json;

use super::requests_of_all_signals;
use crate::pair::{Round, Until};
use crate::random::Random;
use crate::telemetry::{KEYS, without_what_regrouping_loses};

pub fn round(random: &mut Random) -> Round {
    let mut keys = random.some_of(&KEYS);
    keys.push("service.name");
    random.shuffle(&mut keys);
    keys.truncate(random.count(0, 3));
    let mut requests = requests_of_all_signals(random);
    without_what_regrouping_loses(&mut requests);
    Round { config: json!({"keys": keys}), requests, until: Until::Answered }
}
