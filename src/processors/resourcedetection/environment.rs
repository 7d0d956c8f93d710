//! Detector `env`: what the variable `OTEL_RESOURCE_ATTRIBUTES` says, as the OpenTelemetry specification of resources has
//! it: `key=value` pairs between commas, values percent-encoded.

use super::Detected;

/// The variable, and the older name of it.
const VARIABLES: [&str; 2] = ["OTEL_RESOURCE_ATTRIBUTES", "OTEL_RESOURCE"];

/// How long a key and a value may be, in bytes.
const LONGEST: usize = 256;

/// The attributes that the first variable with a text names.
pub(super) fn attributes_of_environment(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Vec<Detected>, String> {
    let text = VARIABLES.into_iter().filter_map(variable).find(|text| !text.trim().is_empty());
    let Some(text) = text else { return Ok(Vec::new()) };
    let text = text.trim();
    let pairs = text.strip_suffix(',').unwrap_or(text);
    pairs.split(',').map(attribute_of_pair).collect()
}

fn attribute_of_pair(pair: &str) -> Result<Detected, String> {
    let invalid = || format!("invalid resource format, invalid text: {pair:?}");
    let (key, value) = pair.split_once('=').ok_or_else(invalid)?;
    let (key, value) = (key.trim(), value.trim());
    if !pair.is_ascii() || key.is_empty() || key.len() > LONGEST || value.len() > LONGEST {
        return Err(invalid());
    }
    let value = unescaped(value)
        .ok_or_else(|| format!("invalid resource format in attribute: {pair:?}, err: invalid URL escape"))?;
    Ok((key.to_owned(), value.into()))
}

/// The text with `%41` and `+` replaced; none where an escape is not two hexadecimal digits.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        rest = behind;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = str::from_utf8(behind.get(..2)?).ok()?;
                if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return None;
                }
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = behind.get(2..)?;
            }
            other => bytes.push(*other),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
