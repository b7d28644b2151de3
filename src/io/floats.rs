//! Numbers of a file as this crate computes with them: 32-bit floats.

use ::safetensors::Dtype;

/// Numbers as 32-bit floats, if the type is one of floats: narrower ones exactly, 64-bit ones rounded.
pub fn widened(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    Some(match dtype {
        Dtype::F32 => each(bytes, f32::from_le_bytes),
        Dtype::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
        Dtype::F16 => each(bytes, |b| half(u16::from_le_bytes(b))),
        Dtype::BF16 => each(bytes, |b| f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)),
        _ => return None,
    })
}

fn each<const N: usize>(bytes: &[u8], read: fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&number| read(number)).collect()
}

/// IEEE 754's 16-bit float: a sign, five bits of exponent, ten of fraction.
fn half(bits: u16) -> f32 {
    let (sign, exponent, fraction) = (u32::from(bits >> 15) << 31, u32::from(bits >> 10 & 31), u32::from(bits & 1023));
    let size = match exponent {
        // Too small for an exponent: multiples of 2^-24.
        0 => (fraction as f32 / 16_777_216.0).to_bits(),
        31 => 0x7f80_0000 | fraction << 13,
        _ => (exponent + 112) << 23 | fraction << 13,
    };
    f32::from_bits(sign | size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_by_hand() {
        let cases =
            [(0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (0x0001, 5.960_464_5e-8), (0x0400, 6.103_515_6e-5)];
        for (bits, want) in cases {
            assert_eq!(half(bits), want, "{bits:04x}");
        }
        assert_eq!(half(0x8000).to_bits(), 0x8000_0000, "a negative zero keeps its sign");
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
    }

    #[test]
    fn every_float_is_read_and_nothing_else() {
        let (one, third) = (0.333_251_95f32, 1.0f64 / 3.0);
        assert_eq!(widened(Dtype::F16, &0x3555u16.to_le_bytes()), Some(vec![one]));
        assert_eq!(widened(Dtype::BF16, &0x3f80u16.to_le_bytes()), Some(vec![1.0]));
        assert_eq!(widened(Dtype::F64, &third.to_le_bytes()), Some(vec![1.0 / 3.0]));
        assert_eq!(widened(Dtype::I32, &[0; 4]), None);
    }
}
