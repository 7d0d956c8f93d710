//! A source of random choices that is the same for the same seed.

/// Everything random in a round comes from one of these.
pub struct Random(fastrand::Rng);

impl Random {
    pub fn with_seed(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// True in this share of all cases, 1.0 being always.
    pub fn chance(&mut self, share: f64) -> bool {
        self.0.f64() < share
    }

    /// A number from `least` up to and including `most`.
    pub fn number(&mut self, least: u64, most: u64) -> u64 {
        self.0.u64(least..=most)
    }

    pub fn count(&mut self, least: usize, most: usize) -> usize {
        self.0.usize(least..=most)
    }

    /// A multiple of a quarter, so that sums are exact in whatever order they are made.
    pub fn quarters(&mut self, least: i32, most: i32) -> f64 {
        f64::from(self.0.i32(least * 4..=most * 4)) / 4.0
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.0.usize(..from.len())].clone()
    }

    /// Some of the elements in their order; at least one where there are any.
    pub fn some_of<T: Clone>(&mut self, from: &[T]) -> Vec<T> {
        let chosen: Vec<T> = from.iter().filter(|_| self.0.bool()).cloned().collect();
        if chosen.is_empty() && !from.is_empty() { vec![self.pick(from)] } else { chosen }
    }

    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        self.0.shuffle(list);
    }

    /// Hexadecimal digits of an identifier of so many bytes, never all zero.
    pub fn identifier(&mut self, bytes: usize) -> String {
        (0..bytes).map(|_| format!("{:02x}", self.0.u8(1..))).collect()
    }
}
