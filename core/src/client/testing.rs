//! The generator and the hash that the fixtures from kafka-clients 4.3 were made with.

/// Knuth's linear congruential generator: easy to write the same in Java.
pub(super) struct Lcg(pub(super) u64);

impl Lcg {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(0x14057B7EF767814F);
        self.0 >> 33
    }

    pub(super) fn below(&mut self, bound: u64) -> i32 {
        i32::try_from(self.next() % bound).unwrap()
    }
}

/// FNV-1a in 64 bits.
pub(super) struct Fnv(pub(super) u64);

impl Fnv {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }

    pub(super) fn number(&mut self, number: i32) {
        number.to_be_bytes().into_iter().for_each(|byte| self.byte(byte));
    }

    pub(super) fn text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.byte(byte));
        self.byte(0xff);
    }
}
