//! What pooling operators share: windows over images.

use super::{Error, Result, Shape, Ties};
use crate::graph::couple::Side;

/// Kernel, stride and padding of a pooling operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows and columns.
    pub kernel: [usize; 2],
    /// Step between outputs.
    pub stride: [usize; 2],
    /// Border around the input.
    pub pad: [usize; 2],
}

impl Window {
    /// A square window that steps by its own size.
    pub fn square(size: usize) -> Self {
        Self { kernel: [size; 2], stride: [size; 2], pad: [0; 2] }
    }

    /// Shape of the output.
    ///
    /// # Errors
    /// When x is not [N, C, H, W] or the window does not fit.
    pub fn infer(&self, x: &[usize]) -> Result<Shape> {
        let &[n, c, h, w] = x else { return Err(Error::shape("input of a pool", "[N, C, H, W]", x)) };
        let out: [usize; 2] = std::array::from_fn(|a| {
            ([h, w][a] + 2 * self.pad[a] + 1).saturating_sub(self.kernel[a]).div_ceil(self.stride[a].max(1))
        });
        if out.contains(&0) || self.stride.contains(&0) {
            return Err(Error::shape("window of a pool", format!("at most [{h}, {w}] plus padding"), self.kernel));
        }
        Ok(vec![n, c, out[0], out[1]])
    }

    /// Calls `f(output, input)` for every pixel of every window that lies inside, by plane.
    pub fn visit(&self, x: &[usize], y: &[usize], mut f: impl FnMut(usize, usize)) {
        let ([h, w], [oh, ow]) = ([x[2], x[3]], [y[2], y[3]]);
        for plane in 0..x[0] * x[1] {
            for oy in 0..oh {
                for ox in 0..ow {
                    let to = (plane * oh + oy) * ow + ox;
                    for ky in 0..self.kernel[0] {
                        let iy = (oy * self.stride[0] + ky).wrapping_sub(self.pad[0]);
                        if iy >= h {
                            continue;
                        }
                        for kx in 0..self.kernel[1] {
                            let ix = (ox * self.stride[1] + kx).wrapping_sub(self.pad[1]);
                            if ix < w {
                                f(to, (plane * h + iy) * w + ix);
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn couple(ties: &mut Ties) {
    ties.same((Side::In(0), 1), (Side::Out, 1));
}
