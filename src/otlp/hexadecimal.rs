//! Bytes as text in lower-case hexadecimal, as trace and span ids are written everywhere.

/// Two digits for each byte.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [hex_character(byte >> 4), hex_character(byte & 0xf)];
    bytes.iter().flat_map(digits).map(char::from).collect()
}

/// The digit of a number below 16.
pub(super) const fn hex_character(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(hexadecimal(&[0x00, 0x0a, 0x9f, 0xff]), "000a9fff");
        assert_eq!(hexadecimal(&[]), "");
    }
}
