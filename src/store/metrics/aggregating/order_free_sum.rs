//! A sum that does not depend on the order of what is added: series come in another order from each engine.

/// A sum, and what was lost of it in rounding.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OrderFreeSum {
    sum: f64,
    lost: f64,
}

impl OrderFreeSum {
    pub fn add(&mut self, number: f64) {
        let sum = self.sum + number;
        let added = sum - self.sum;
        self.lost += (self.sum - (sum - added)) + (number - added);
        self.sum = sum;
    }

    pub fn value(&self) -> f64 {
        // Of an infinite sum nothing sensible was lost.
        if self.sum.is_finite() { self.sum + self.lost } else { self.sum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_makes_no_difference() {
        let sum = |numbers: &[f64]| {
            let mut sum = OrderFreeSum::default();
            numbers.iter().for_each(|number| sum.add(*number));
            sum.value()
        };
        assert_eq!(sum(&[1e16, 1.0, 1.0]), 10_000_000_000_000_002.0);
        assert_eq!(sum(&[1.0, 1e16, 1.0]), 10_000_000_000_000_002.0);
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
    }
}
