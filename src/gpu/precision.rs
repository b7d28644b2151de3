//! The numbers that a program works on: of four bytes, or of two where the GPU has them.
//!
//! Half precision halves what is moved and may double what is multiplied. Sums stay short in it: see `SHORT` in `wgsl.rs`.

use half::f16;

use crate::base::{Error, Result};

use super::device::{Call, Device, DeviceBuffer};

/// Precision of weights and values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 32 bits.
    #[default]
    Single,
    /// 16 bits: three digits, up to 65504. What is greater comes out of a layer as that.
    Half,
}

/// Halves as they lie in memory, two to a word.
fn pack(numbers: &[f32]) -> Vec<u32> {
    let bits = |x: f32| u32::from(f16::from_f32(x).to_bits());
    numbers.chunks(2).map(|pair| bits(pair[0]) | pair.get(1).map_or(0, |&x| bits(x) << 16)).collect()
}

/// The way back of [`pack`]; one more number than there were where they are odd.
fn unpack(words: &[u32]) -> Vec<f32> {
    words
        .iter()
        .flat_map(|word| [*word as u16, (word >> 16) as u16])
        .map(|bits| f16::from_bits(bits).to_f32())
        .collect()
}

impl Precision {
    /// Whether a GPU that has halves, or not, will do.
    pub(super) fn check(self, half: bool) -> Result<()> {
        if self == Self::Half && !half {
            return Err(Error::unsupported("this GPU does not calculate in half precision")
                .hint("run the network in single precision"));
        }
        Ok(())
    }

    /// What a kernel's text begins with: the type of its numbers.
    pub(super) fn preamble(self) -> &'static str {
        match self {
            Self::Single => "alias num = f32;\n",
            Self::Half => "enable f16;\nalias num = f16;\n",
        }
    }

    /// Bytes of a number.
    pub fn bytes(self) -> usize {
        match self {
            Self::Single => 4,
            Self::Half => 2,
        }
    }

    /// Bits of the least and the greatest output. The greatest number stands for no bound: a GPU may take infinities for
    /// anything.
    pub(super) fn bounds(self, [low, high]: [f32; 2]) -> [u32; 2] {
        let most = if self == Self::Single { f32::MAX } else { f16::MAX.to_f32() };
        [low.max(-most), high.min(most)].map(f32::to_bits)
    }

    /// Room for some numbers, all zero.
    pub(super) fn room(self, device: &Device, numbers: usize) -> Result<DeviceBuffer> {
        device.room((numbers * self.bytes()).div_ceil(4))
    }

    /// Room that holds numbers already.
    pub(super) fn hold(self, device: &Device, numbers: &[f32]) -> Result<DeviceBuffer> {
        let memory = self.room(device, numbers.len())?;
        self.write(device, &memory, numbers);
        Ok(memory)
    }

    /// Writes numbers to the start of a room.
    pub(super) fn write(self, device: &Device, to: &DeviceBuffer, numbers: &[f32]) {
        match self {
            Self::Single => device.write(to, numbers),
            Self::Half => device.write(to, &pack(numbers)),
        }
    }

    /// Runs calls and reads the first numbers of a room.
    pub(super) async fn read(
        self,
        device: &Device,
        calls: &[Call],
        from: &DeviceBuffer,
        numbers: usize,
    ) -> Result<Vec<f32>> {
        match self {
            Self::Single => device.run(calls, from, numbers).await,
            Self::Half => Ok(unpack(&device.read(calls, from, numbers.div_ceil(2)).await?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_lie_two_to_a_word() {
        // 1 + 2^-11 lies between two halves: the even one is taken. Beyond the greatest lies infinity.
        assert_eq!(pack(&[1.0, -2.0, 1.0 + 1.0 / 2048.0, 1e6, 65504.0]), [0xc000_3c00, 0x7c00_3c00, 0x7bff]);
        assert_eq!(unpack(&[0xc000_3c00, 0x7bff]), [1.0, -2.0, 65504.0, 0.0]);
    }

    #[test]
    fn a_gpu_without_halves_says_so() {
        let refused = Precision::Half.check(false);
        assert!(refused.is_err_and(|error| error.hint.contains("single precision")));
        assert!(Precision::Half.check(true).is_ok() && Precision::Single.check(false).is_ok());
    }
}
