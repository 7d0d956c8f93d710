//! How RFC 6587 tells one message from the next.

/// What is around messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Nothing: the text is the message.
    None,
    /// The length in octets and a space before each.
    OctetCounting {
        /// The most octets that a length may say.
        most_octets: u64,
    },
    /// A character behind each.
    Trailer(char),
}

impl Framing {
    /// The message in a text; of several the last.
    ///
    /// # Errors
    ///
    /// The text does not hold what its lengths say.
    pub fn last_message(self, text: &str) -> Result<&str, String> {
        match self {
            Self::None => Ok(text),
            Self::Trailer(trailer) => {
                let Some(text) = text.strip_suffix(trailer) else {
                    return Err("unexpected EOF".to_owned());
                };
                Ok(text
                    .rsplit_once(trailer)
                    .filter(|(_, last)| last.starts_with('<'))
                    .map_or(text, |(_, last)| last))
            }
            Self::OctetCounting { most_octets } => {
                let (mut last, mut rest) = counted_message(text, most_octets)?;
                while !rest.is_empty() {
                    (last, rest) = counted_message(rest, most_octets)?;
                }
                Ok(last)
            }
        }
    }

    /// Whether a message may have line ends within.
    pub const fn keeps_newlines(self) -> bool {
        matches!(self, Self::OctetCounting { .. })
    }

    /// The text behind a length, if lengths are expected and there is one.
    pub fn without_count(self, text: &str) -> &str {
        if !self.keeps_newlines() || text.starts_with('0') {
            return text;
        }
        let behind = text.trim_start_matches(|character: char| character.is_ascii_digit());
        if behind.len() == text.len() {
            return text;
        }
        behind.strip_prefix([' ', '\t', '\n', '\x0c', '\r']).unwrap_or(text)
    }
}

/// The first counted message, without a line end of its own, and what is behind it.
fn counted_message(text: &str, most_octets: u64) -> Result<(&str, &str), String> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, behind) = text.split_at_checked(count).unwrap_or_default();
    if digits.is_empty() || digits.starts_with('0') {
        return Err(format!("found {}, expecting a MSGLEN", shown(text)));
    }
    let octets: u64 = digits.parse().map_err(|_| "message length exceeds system limit".to_owned())?;
    if octets > most_octets {
        return Err(format!("message length ({octets}) exceeds maximum length ({most_octets})"));
    }
    let message =
        behind.strip_prefix(' ').ok_or_else(|| format!("found {}, expecting a WS", shown(behind)))?;
    let (message, rest) =
        usize::try_from(octets).ok().and_then(|octets| message.split_at_checked(octets)).ok_or_else(
            || format!(r#"found EOF after "{message}", expecting a SYSLOGMSG containing {octets} octets"#),
        )?;
    let message = message.strip_suffix('\n').map_or(message, |line| line.strip_suffix('\r').unwrap_or(line));
    Ok((message, rest.strip_prefix('\n').unwrap_or(rest)))
}

fn shown(text: &str) -> String {
    text.chars().next().map_or_else(|| "EOF".to_owned(), |character| format!("ILLEGAL({character})"))
}
