//! Elementary functions through libm, so that every target gives the same bits, and sums in a fixed order.

/// e^x.
pub fn exp(x: f32) -> f32 {
    libm::expf(x)
}

/// Natural logarithm.
pub fn ln(x: f32) -> f32 {
    libm::logf(x)
}

/// Square root, exactly rounded on every target.
pub fn sqrt(x: f32) -> f32 {
    x.sqrt()
}

/// Cosine.
pub fn cos(x: f32) -> f32 {
    libm::cosf(x)
}

/// Hyperbolic tangent.
pub fn tanh(x: f32) -> f32 {
    libm::tanhf(x)
}

/// Error function.
pub fn erf(x: f32) -> f32 {
    libm::erff(x)
}

/// 1 / (1 + e^-x), without overflow.
pub fn sigmoid(x: f32) -> f32 {
    if x >= 0.0 {
        1.0 / (1.0 + exp(-x))
    } else {
        let e = exp(x);
        e / (1.0 + e)
    }
}

const LANES: usize = 8;
const BLOCK: usize = 512;

/// Sum of `f(i)` for i in 0..n: eight running sums, folded into f64 every 512 terms.
///
/// The order is fixed, so the bits are the same on every target, and the compiler may still use vectors.
#[inline(always)]
pub fn sum_by(n: usize, f: impl Fn(usize) -> f32) -> f64 {
    let mut total = 0.0;
    let mut start = 0;
    while start < n {
        let end = (start + BLOCK).min(n);
        let whole = start + (end - start) / LANES * LANES;
        let mut lanes = [0.0f32; LANES];
        let mut i = start;
        while i < whole {
            for (lane, sum) in lanes.iter_mut().enumerate() {
                *sum += f(i + lane);
            }
            i += LANES;
        }
        total += lanes.iter().map(|&x| f64::from(x)).sum::<f64>();
        total += (whole..end).map(|i| f64::from(f(i))).sum::<f64>();
        start = end;
    }
    total
}

/// Sum of a slice, in a fixed order.
pub fn sum(x: &[f32]) -> f64 {
    sum_by(x.len(), |i| x[i])
}

/// Inner product of two slices of equal length, in a fixed order.
pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    sum_by(n, |i| a[i] * b[i])
}

/// y += s x.
pub fn axpy(s: f32, x: &[f32], y: &mut [f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += s * x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_match_f64() {
        let x: Vec<f32> = (0..1999).map(|i| (i as f32 * 0.37).sin()).collect();
        let exact: f64 = x.iter().map(|&v| f64::from(v)).sum();
        assert!((sum(&x) - exact).abs() < 1e-3);
        let squares: f64 = x.iter().map(|&v| f64::from(v) * f64::from(v)).sum();
        assert!((dot(&x, &x) - squares).abs() < 1e-2);
    }

    #[test]
    fn sigmoid_does_not_overflow() {
        assert_eq!(sigmoid(-200.0), 0.0);
        assert_eq!(sigmoid(200.0), 1.0);
        assert_eq!(sigmoid(0.0), 0.5);
    }
}
