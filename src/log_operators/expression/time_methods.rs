//! The methods of times.

use super::operand::{Operand, View};

/// Nanoseconds from Go's zero time, which an entry without a time has, to 1970.
const ZERO_TIME_SECONDS: i64 = -62_135_596_800;

/// Calls a method of a value.
pub(super) fn call<'a>(name: &str, value: View<'_>) -> Result<Operand<'a>, String> {
    let View::Time(time) = value else {
        return Err(format!("cannot fetch {name} from {}", value.go_type()));
    };
    let unix_in = |units_per_second: i64| match time {
        Some(unix_nano) => {
            let nanoseconds_per_unit = 1_000_000_000 / units_per_second.unsigned_abs();
            i64::try_from(unix_nano / nanoseconds_per_unit).unwrap_or(i64::MAX)
        }
        None => ZERO_TIME_SECONDS.saturating_mul(units_per_second),
    };
    Ok(match name {
        "Unix" => Operand::of(unix_in(1)),
        "UnixMilli" => Operand::of(unix_in(1_000)),
        "UnixMicro" => Operand::of(unix_in(1_000_000)),
        "UnixNano" => Operand::of(unix_in(1_000_000_000)),
        "IsZero" => Operand::of(time.is_none()),
        _ => {
            return Err(format!(
                "cannot fetch {name} from time.Time; it has Unix, UnixMilli, UnixMicro, UnixNano and IsZero"
            ));
        }
    })
}
