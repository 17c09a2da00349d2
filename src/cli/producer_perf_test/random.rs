//! Java's `SplittableRandom`: payloads are the same bytes as those of Kafka's tool.

/// The golden ratio, as an odd number.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A generator of numbers.
#[derive(Debug)]
pub(super) struct SplittableRandom(u64);

impl SplittableRandom {
    /// One that begins at `seed`.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(GAMMA);
        let mut z = self.0;
        z = (z ^ (z >> 33)).wrapping_mul(0x62a9_d9ed_7997_05f5);
        z = (z ^ (z >> 28)).wrapping_mul(0xcb24_d0a5_c88c_35b3);
        u32::try_from(z >> 32).unwrap_or(0)
    }

    /// A number below `bound`, which must not be 0.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        let mut bits = self.next();
        if bound.is_power_of_two() {
            return bits & (bound - 1);
        }
        loop {
            bits >>= 1;
            let number = bits % bound;
            // the last stretch of 31 bits is not whole: numbers from it would be too frequent
            if bits - number <= i32::MAX.unsigned_abs() - (bound - 1) {
                return number;
            }
            bits = self.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SplittableRandom;

    /// As `new SplittableRandom(0)` of OpenJDK 17 gives them.
    #[test]
    fn numbers_are_javas() {
        let mut random = SplittableRandom::new(0);
        let letters: String =
            (0..16).filter_map(|_| char::from_u32(65 + random.below(26))).collect();
        assert_eq!(letters, "YQHHNEBSEPDNSEIF");
        let pairs = (0..3).flat_map(|_| [8, 1_000_003]).map(|bound| random.below(bound));
        assert_eq!(pairs.collect::<Vec<_>>(), [4, 505_551, 5, 296_817, 0, 466_982]);
    }
}
