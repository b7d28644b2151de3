//! Room for a value.

use crate::kernel::lines::Lines;

/// Room for a value.
#[derive(Clone, Debug)]
pub enum Buffer {
    /// Numbers.
    Floats(Lines<f32>),
    /// Bytes that stand for numbers.
    Bytes(Lines<u8>),
}

impl Default for Buffer {
    fn default() -> Self {
        Self::Floats(Lines::default())
    }
}

impl Buffer {
    /// Its numbers; none if it holds bytes.
    pub fn floats(&mut self) -> &mut [f32] {
        if let Self::Floats(x) = self { x } else { &mut [] }
    }

    pub(super) fn size(&self) -> usize {
        match self {
            Self::Floats(x) => 4 * x.len(),
            Self::Bytes(x) => x.len(),
        }
    }
}
