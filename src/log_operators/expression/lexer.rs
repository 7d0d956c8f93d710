//! The words of an expression.

use super::InvalidExpression;

/// One word.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'a> {
    /// A name, or an operator that is written as a word.
    Word(&'a str),
    /// A whole number.
    Int(i64),
    /// A number with a fraction or an exponent.
    Double(f64),
    /// A text without its quotes, escapes resolved.
    Text(String),
    /// An operator or a bracket.
    Sign(&'static str),
    /// The end.
    End,
}

/// The signs, longer ones before those they begin with.
const SIGNS: [&str; 37] = [
    "?.", "??", "**", "==", "!=", "<=", ">=", "&&", "||", "..", "::", "+", "-", "*", "/", "%", "^", "<", ">",
    "!", "?", ":", ".", ",", ";", "|", "=", "#", "(", ")", "[", "]", "{", "}", "&", "~", "@",
];

/// The words with the byte each begins at; the last one is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token<'_>)>, InvalidExpression> {
    let mut tokens = Vec::new();
    let mut offset = 0;
    loop {
        let rest = text.get(offset..).unwrap_or_default();
        let Some(first) = rest.chars().next() else { break };
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            let unclosed = || InvalidExpression::at(text, offset, "unclosed comment");
            rest.find("*/").ok_or_else(unclosed)? + 2
        } else {
            let (token, length) =
                token(rest, first).map_err(|problem| InvalidExpression::at(text, offset, problem))?;
            tokens.push((offset, token));
            length
        };
        offset += length;
    }
    tokens.push((text.len(), Token::End));
    Ok(tokens)
}

fn token(rest: &str, first: char) -> Result<(Token<'_>, usize), String> {
    let second = rest.chars().nth(1).unwrap_or(' ');
    if first.is_ascii_digit() || first == '.' && second.is_ascii_digit() {
        return number(rest);
    }
    if matches!(first, '"' | '\'' | '`') {
        return quoted(rest, first);
    }
    if is_word(first) {
        let word = until(rest, |character| !is_word(character));
        return Ok((Token::Word(word), word.len()));
    }
    match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) => Ok((Token::Sign(sign), sign.len())),
        None => Err(format!("unrecognized character: {first:?}")),
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$')
}

fn until(text: &str, ends: impl Fn(char) -> bool) -> &str {
    text.get(..text.find(ends).unwrap_or(text.len())).unwrap_or(text)
}

fn number(rest: &str) -> Result<(Token<'_>, usize), String> {
    let prefixes = [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2), ("0o", 8), ("0O", 8)];
    for (prefix, radix) in prefixes {
        if let Some(digits) = rest.strip_prefix(prefix) {
            let digits = until(digits, |character| !character.is_ascii_alphanumeric() && character != '_');
            let number = i64::from_str_radix(&digits.replace('_', ""), radix);
            let number =
                number.map_err(|_| format!("bad number syntax: {:?}", format!("{prefix}{digits}")))?;
            return Ok((Token::Int(number), prefix.len() + digits.len()));
        }
    }
    let written = decimal(rest);
    let digits = written.replace('_', "");
    let is_whole = !digits.contains(['.', 'e', 'E']);
    let token = match is_whole {
        true => digits.parse().map(Token::Int).ok(),
        false => digits.parse().map(Token::Double).ok(),
    };
    let next = rest.get(written.len()..).and_then(|behind| behind.chars().next());
    match token {
        Some(token) if !next.is_some_and(is_word) => Ok((token, written.len())),
        _ => Err(format!("bad number syntax: {written:?}")),
    }
}

/// The digits, the fraction and the exponent. `1..3` is a range, whose dots are none of the number.
fn decimal(rest: &str) -> &str {
    let bytes = rest.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or_default();
    let digits_from = |mut index: usize| {
        while at(index).is_ascii_digit() || at(index) == b'_' {
            index += 1;
        }
        index
    };
    let mut end = digits_from(0);
    if at(end) == b'.'
        && at(end + 1) != b'.'
        && (at(end + 1).is_ascii_digit() || !is_word(at(end + 1).into()))
    {
        end = digits_from(end + 1);
    }
    if matches!(at(end), b'e' | b'E') {
        let sign = usize::from(matches!(at(end + 1), b'+' | b'-'));
        if at(end + 1 + sign).is_ascii_digit() {
            end = digits_from(end + 1 + sign);
        }
    }
    rest.get(..end).unwrap_or(rest)
}

/// A text in quotes; between backquotes nothing is escaped.
fn quoted(rest: &str, quote: char) -> Result<(Token<'_>, usize), String> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            _ if character == quote => return Ok((Token::Text(text), at + 1)),
            '\\' if quote != '`' => text.push(escaped(&mut characters)?),
            '\n' if quote != '`' => break,
            _ => text.push(character),
        }
    }
    Err("literal not terminated".to_owned())
}

/// The character that a backslash and what follows stand for.
fn escaped(characters: &mut impl Iterator<Item = (usize, char)>) -> Result<char, String> {
    let invalid = || "invalid char escape".to_owned();
    let (_, kind) = characters.next().ok_or_else(invalid)?;
    let mut code = |digits: usize, radix: u32| {
        let mut code = 0;
        for _ in 0..digits {
            let (_, digit) = characters.next()?;
            code = code * radix + digit.to_digit(radix)?;
        }
        char::from_u32(code)
    };
    match kind {
        'a' => Ok('\u{7}'),
        'b' => Ok('\u{8}'),
        'f' => Ok('\u{c}'),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        't' => Ok('\t'),
        'v' => Ok('\u{b}'),
        '\\' | '\'' | '"' | '`' | '?' => Ok(kind),
        'x' | 'X' => code(2, 16).ok_or_else(invalid),
        'u' => code(4, 16).ok_or_else(invalid),
        'U' => code(8, 16).ok_or_else(invalid),
        '0'..='3' => {
            let high = kind.to_digit(8).unwrap_or_default() * 64;
            let low = code(2, 8).ok_or_else(invalid)?;
            char::from_u32(high + u32::from(low)).ok_or_else(invalid)
        }
        _ => Err(invalid()),
    }
}
