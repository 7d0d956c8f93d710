//! Which parts of texts a block has: a filter over every five bytes that stand side by side in its bodies.
//!
//! Words would find words alone; people look for parts of them, of paths and of ids. A text that is looked for is in the
//! block only if all its fives are, so one bit for each is enough: the longer the text, the surer the answer.

use crate::otlp::AnyValueView;
use crate::store::engine::block::compression::{Packer, unpack};
use crate::store::filter::matching::FieldValue;

/// How many bytes stand side by side.
const GRAM: usize = 5;

/// The bits of a filter while it grows; one of few texts is folded to fewer.
const MOST_BITS: usize = 1 << 17;

/// The bits of the smallest filter.
const FEWEST_BITS: usize = 1 << 9;

/// A filter in the making.
pub struct TextGrams {
    bits: Vec<u64>,
    /// The text in lower case.
    lower: Vec<u8>,
}

impl Default for TextGrams {
    fn default() -> Self {
        Self { bits: vec![0; MOST_BITS / 64], lower: Vec::new() }
    }
}

impl TextGrams {
    /// Adds the text of a body.
    pub fn add(&mut self, body: AnyValueView<'_>) {
        let mut lower = std::mem::take(&mut self.lower);
        lower.clear();
        match body {
            AnyValueView::Empty => {}
            AnyValueView::String(text) if text.as_bytes().is_ascii() => {
                lower.extend_from_slice(text.as_bytes());
            }
            other => lower.extend_from_slice(FieldValue::Any(other).to_text().as_bytes()),
        }
        lower.make_ascii_lowercase();
        for place in places(&lower) {
            if let Some(word) = self.bits.get_mut(place / 64) {
                *word |= 1 << (place % 64);
            }
        }
        self.lower = lower;
    }

    /// Packs the filter, folded as long as no more than a quarter of its bits are set.
    pub fn pack(mut self, packer: &mut Packer) -> Vec<u8> {
        let mut set: u32 = self.bits.iter().map(|word| word.count_ones()).sum();
        while self.bits.len() * 64 > FEWEST_BITS && (set as usize) * 8 <= self.bits.len() * 64 {
            let upper = self.bits.split_off(self.bits.len() / 2);
            for (word, folded) in self.bits.iter_mut().zip(upper) {
                *word |= folded;
            }
            set = self.bits.iter().map(|word| word.count_ones()).sum();
        }
        let bytes: Vec<u8> = self.bits.iter().flat_map(|word| word.to_le_bytes()).collect();
        packer.pack(0, &bytes)
    }
}

/// What a filter must have for a text to be in its block.
pub struct SoughtText {
    places: Vec<usize>,
}

impl SoughtText {
    /// The text `part`, upper and lower case being the same.
    pub fn new(part: &str) -> Self {
        Self { places: places(part.to_ascii_lowercase().as_bytes()).collect() }
    }

    /// True where no text is short enough to be in every filter.
    pub const fn tells_blocks_apart(&self) -> bool {
        !self.places.is_empty()
    }

    /// False where no body of the block has the text.
    pub fn may_be_in(&self, packed: &[u8]) -> bool {
        // Of a damaged filter nothing is known.
        let Some(bits) = unpack(packed.get(1..).unwrap_or_default()) else { return true };
        let count = bits.len() * 8;
        if !count.is_power_of_two() {
            return true;
        }
        self.places.iter().all(|place| {
            let place = place & (count - 1);
            bits.get(place / 8).is_none_or(|byte| byte >> (place % 8) & 1 == 1)
        })
    }
}

/// The bits of a text's fives.
#[inline]
fn places(lower: &[u8]) -> impl Iterator<Item = usize> {
    lower.windows(GRAM).map(|gram| {
        let word = match gram {
            [a, b, c, d, e] => u64::from(u32::from_le_bytes([*a, *b, *c, *d])) | u64::from(*e) << 32,
            _ => 0,
        };
        let hash = word.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        usize::try_from(hash >> 40).unwrap_or(0) & (MOST_BITS - 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::Text;

    fn packed(texts: &[String]) -> Vec<u8> {
        let mut grams = TextGrams::default();
        texts.iter().for_each(|text| grams.add(AnyValueView::String(Text::new(text.as_bytes()))));
        grams.pack(&mut Packer::default())
    }

    #[test]
    fn every_part_of_a_text_is_found_in_any_case() {
        let text = "Größe of ORDER-829121 is 17".to_owned();
        let packed = packed(std::slice::from_ref(&text));
        for part in ["order-829121", "829121", "R-82", "größe of", "Größe", "7", ""] {
            assert!(SoughtText::new(part).may_be_in(&packed), "{part}");
        }
        assert!(!SoughtText::new("829122").may_be_in(&packed));
        assert!(!SoughtText::new("timeout").may_be_in(&packed));
    }

    #[test]
    fn a_rare_number_is_in_few_blocks() {
        let blocks: Vec<Vec<u8>> = (0..50_usize)
            .map(|block| {
                let text = |row: usize| {
                    format!("order {} shipped to customer", (block * 4_000 + row) * 7_919 % 1_000_003)
                };
                packed(&(0..4_000).map(text).collect::<Vec<_>>())
            })
            .collect();
        let sought = SoughtText::new(&format!("order {} shipped", 17 * 4_000 * 7_919 % 1_000_003));
        let found = blocks.iter().filter(|packed| sought.may_be_in(packed)).count();
        assert!((1..=4).contains(&found), "{found}");
        assert!(sought.may_be_in(&blocks[17]));
    }

    #[test]
    fn a_filter_of_little_text_is_small() {
        assert!(packed(&["listening on port 4317".to_owned()]).len() < 100);
    }
}
