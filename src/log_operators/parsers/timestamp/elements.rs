//! The elements of a Go time layout, found in the order they are written.

/// One element of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// `2006`
    LongYear,
    /// `06`: 69 to 99 are the last century's.
    ShortYear,
    /// `January`
    LongMonth,
    /// `Jan`
    ShortMonth,
    /// `1`, or with exactly two digits `01`
    Month { fixed: bool },
    /// `Monday`
    LongWeekday,
    /// `Mon`
    ShortWeekday,
    /// `2`, with exactly two digits `02`, with a space for the first digit `_2`
    Day { fixed: bool, padded: bool },
    /// `002`, or with spaces for the first digits `__2`
    DayOfYear { padded: bool },
    /// `15`
    Hour,
    /// `3`, or with exactly two digits `03`
    Hour12 { fixed: bool },
    /// `4`, or with exactly two digits `04`
    Minute { fixed: bool },
    /// `5`, or with exactly two digits `05`
    Second { fixed: bool },
    /// `PM` or `pm`
    HalfOfDay { upper: bool },
    /// `MST`
    ZoneAbbreviation,
    /// `-07:00` in one of five shapes, or with a `Z` for UTC `Z07:00`
    ZoneOffset { shape: &'static str, zulu: bool },
    /// `.000`: exactly so many digits
    ExactFraction(usize),
    /// `.999`: any number of digits, or nothing at all
    Fraction,
}

impl Element {
    /// Whether it is a fraction of a second.
    pub fn is_fraction(self) -> bool {
        matches!(self, Self::ExactFraction(_) | Self::Fraction)
    }
}

/// An element with what stands around it.
pub struct FoundElement<'a> {
    /// The text before it.
    pub literal: &'a str,
    /// What it is.
    pub element: Element,
    /// How it is written.
    pub notation: &'a str,
    /// The rest of the layout.
    pub behind: &'a str,
}

/// The first element of a layout, if it has any.
pub fn next_element(layout: &str) -> Option<FoundElement<'_>> {
    for (start, _) in layout.char_indices() {
        let (literal, rest) = layout.split_at_checked(start)?;
        let Some((element, length)) = element_at(rest) else {
            continue;
        };
        let (notation, behind) = rest.split_at_checked(length)?;
        return Some(FoundElement { literal, element, notation, behind });
    }
    None
}

fn element_at(rest: &str) -> Option<(Element, usize)> {
    match rest.as_bytes().first()? {
        b'.' | b',' => return fraction_at(rest),
        b'J' | b'M' => return name_at(rest),
        // `_2006` is an underscore with a year behind it.
        b'_' if rest.starts_with("_2006") => return None,
        _ => {}
    }
    NOTATIONS
        .iter()
        .find(|(notation, _)| rest.starts_with(notation))
        .map(|(notation, element)| (*element, notation.len()))
}

fn name_at(rest: &str) -> Option<(Element, usize)> {
    // The short form of a name must not be the start of another word.
    let ends = !rest.as_bytes().get(3).is_some_and(u8::is_ascii_lowercase);
    match rest {
        _ if rest.starts_with("January") => Some((Element::LongMonth, 7)),
        _ if rest.starts_with("Jan") && ends => Some((Element::ShortMonth, 3)),
        _ if rest.starts_with("Monday") => Some((Element::LongWeekday, 6)),
        _ if rest.starts_with("Mon") && ends => Some((Element::ShortWeekday, 3)),
        _ if rest.starts_with("MST") => Some((Element::ZoneAbbreviation, 3)),
        _ => None,
    }
}

fn fraction_at(rest: &str) -> Option<(Element, usize)> {
    let digits = rest.get(1..)?.as_bytes();
    let first = digits.first().copied().filter(|byte| matches!(byte, b'0' | b'9'))?;
    let count = digits.iter().take_while(|byte| **byte == first).count();
    if digits.get(count).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let element = if first == b'0' { Element::ExactFraction(count) } else { Element::Fraction };
    Some((element, count + 1))
}

/// The longer before the shorter that starts alike.
const NOTATIONS: [(&str, Element); 28] = [
    ("01", Element::Month { fixed: true }),
    ("02", Element::Day { fixed: true, padded: false }),
    ("03", Element::Hour12 { fixed: true }),
    ("04", Element::Minute { fixed: true }),
    ("05", Element::Second { fixed: true }),
    ("06", Element::ShortYear),
    ("002", Element::DayOfYear { padded: false }),
    ("15", Element::Hour),
    ("1", Element::Month { fixed: false }),
    ("2006", Element::LongYear),
    ("2", Element::Day { fixed: false, padded: false }),
    ("_2", Element::Day { fixed: false, padded: true }),
    ("__2", Element::DayOfYear { padded: true }),
    ("3", Element::Hour12 { fixed: false }),
    ("4", Element::Minute { fixed: false }),
    ("5", Element::Second { fixed: false }),
    ("PM", Element::HalfOfDay { upper: true }),
    ("pm", Element::HalfOfDay { upper: false }),
    ("-070000", Element::ZoneOffset { shape: "-070000", zulu: false }),
    ("-07:00:00", Element::ZoneOffset { shape: "-07:00:00", zulu: false }),
    ("-0700", Element::ZoneOffset { shape: "-0700", zulu: false }),
    ("-07:00", Element::ZoneOffset { shape: "-07:00", zulu: false }),
    ("-07", Element::ZoneOffset { shape: "-07", zulu: false }),
    ("Z070000", Element::ZoneOffset { shape: "-070000", zulu: true }),
    ("Z07:00:00", Element::ZoneOffset { shape: "-07:00:00", zulu: true }),
    ("Z0700", Element::ZoneOffset { shape: "-0700", zulu: true }),
    ("Z07:00", Element::ZoneOffset { shape: "-07:00", zulu: true }),
    ("Z07", Element::ZoneOffset { shape: "-07", zulu: true }),
];
