//! The GPU of a session: opened once, checked against the processor before it is believed, and given up for good when it fails.

use crate::base::{Error, Result, clock, error::ErrorKind};
use crate::compile::{Choose, Options, Plan};
use crate::gpu::{Device, Executor, Precision};
use crate::graph::{Graph, Masks};
use crate::prune::Recipe;
use crate::prune::running::{Asked, Numbers, Running};

use super::Session;
use super::measure::HOPELESS;

/// Answers of a GPU may differ from the processor's by this share of the largest.
const fn tolerance(precision: Precision) -> f32 {
    match precision {
        Precision::Single => 1e-3,
        Precision::Half => 5e-2,
    }
}

/// The GPU for a piece of work.
#[derive(Clone, Debug)]
pub struct Lent {
    /// The GPU.
    pub device: Device,
    /// It was asked for and need not be faster.
    pub forced: bool,
    /// It takes no less for the work, in ms: a time measured for the network's answers to no more images. 0 where none was.
    pub least_ms: f64,
}

/// A network on the GPU.
#[derive(Debug)]
pub struct Uploaded {
    /// Runs it.
    pub executor: Executor,
    /// Time from the lowered network to its first answers, in ms.
    pub cold_ms: f64,
    /// Whether it is near enough to the processor that its kernels were timed.
    pub near: bool,
}

/// What is said where nobody found a GPU.
const NONE: &str = "A GPU was asked for, and none was found when this began: the processor does everything. Reload the page to \
    look for one again.";

/// Whether there is a GPU.
#[derive(Debug, Default)]
enum Found {
    /// Nobody looked for one.
    #[default]
    Unknown,
    /// There is one.
    Open(Device),
    /// There is none, or it failed; why.
    Gone(String),
    /// There was one and it was lost, why: it may come back.
    Lost(String),
}

/// The GPU of a session, and how fast it was found to be.
#[derive(Debug, Default)]
pub struct Gpu {
    found: Found,
    /// The last race of the open network dense on both executors: batch, and milliseconds of the processor and of the GPU.
    pace: Option<(usize, [f64; 2])>,
}

impl Gpu {
    /// The GPU, if there is one.
    pub fn device(&self) -> Option<Device> {
        if let Found::Open(device) = &self.found { Some(device.clone()) } else { None }
    }

    /// Whether a run of this recipe may use it, as far as one can know beforehand.
    pub fn serves(&self, recipe: &Recipe) -> bool {
        let Running { executor, precision, .. } = recipe.running;
        matches!(self.found, Found::Open(_)) && executor != Asked::Cpu && precision != Numbers::Int8
    }

    /// The GPU for a recipe's work on so many images, if it may be used.
    pub fn lend(&self, recipe: &Recipe, images: usize) -> Option<Lent> {
        let device = self.device().filter(|_| self.serves(recipe))?;
        let least_ms = match self.pace {
            Some((batch, [_, gpu])) if batch <= images => gpu,
            _ => 0.0,
        };
        Some(Lent { device, forced: recipe.running.executor == Asked::Gpu, least_ms })
    }

    /// Whether it might answer so many images sooner than the processor: not where it took longer for fewer.
    pub fn within_reach(&self, images: usize) -> bool {
        match self.pace {
            Some((batch, [cpu, gpu])) => gpu < cpu * images.max(batch) as f64 / batch as f64,
            None => true,
        }
    }

    /// Takes note of a race of the open network dense on both executors; `None` where another network is opened.
    pub fn paced(&mut self, pace: Option<(usize, [f64; 2])>) {
        self.pace = pace;
    }

    /// What to say where a GPU was asked for and none can be used.
    pub fn missing(&self, recipe: &Recipe) -> Option<String> {
        if recipe.running.executor != Asked::Gpu {
            return None;
        }
        match &self.found {
            Found::Gone(why) | Found::Lost(why) => {
                Some(format!("A GPU was asked for: {why}. The processor does everything."))
            }
            Found::Unknown => Some(NONE.into()),
            Found::Open(_) if recipe.running.int8() => {
                Some("A GPU was asked for, and only the processor computes with 8-bit integers.".into())
            }
            Found::Open(_) => None,
        }
    }

    /// What it is to compute the pruned network with, if it can.
    pub fn halves(&self, recipe: &Recipe) -> Precision {
        let has = self.serves(recipe) && self.device().is_some_and(|device| device.half());
        if has && recipe.running.precision == Numbers::Half { Precision::Half } else { Precision::Single }
    }

    /// Gives it up after an error: for this network where it cannot run it, for good where it failed. Gives what to say.
    pub fn give_up(&mut self, error: &Error) -> String {
        if error.kind != ErrorKind::Unsupported {
            self.found = Found::Lost(error.message.clone());
        }
        format!("Without the GPU from here: {}. The processor does the rest.", error.message)
    }
}

impl Session {
    /// Lets the session use a GPU where it is faster, or remembers why there is none. A browser keeps names of GPUs from wasm:
    /// `name` is what the page knows.
    pub fn attach(&mut self, device: Result<Device>, name: Option<String>) {
        self.baseline.iter_mut().for_each(|baseline| baseline.gpu.clear());
        self.gpu.found = match device {
            Ok(device) => {
                self.environment.gpu = name.or_else(|| Some(device.name().into()));
                Found::Open(device)
            }
            Err(error) => Found::Gone(error.message),
        };
    }

    /// Whether a GPU was lost and nobody has asked for it since: drivers restart, and laptops wake up.
    pub fn gpu_lost(&self) -> bool {
        matches!(self.gpu.found, Found::Lost(_))
    }
}

/// Uploads a network, and has it answer a batch as its plan does. Kernels are timed, and the fastest kept, only where the GPU
/// is within reach of the processor.
///
/// # Errors
/// When the GPU cannot run it, fails, or answers something else.
pub async fn upload(
    device: &Device,
    network: (&Graph, &Masks),
    options: &Options<'_>,
    precision: Precision,
    plan: &mut Plan,
    x: &[f32],
) -> Result<Uploaded> {
    let start = clock::now_ms();
    let quick =
        Executor::new(device.clone(), network, &Options { choose: Choose::Predict, ..*options }, precision).await?;
    let answers = quick.run(x).await?;
    let cold_ms = clock::now_ms() - start;
    agree(&answers, plan.run(x)?, precision)?;
    let start = clock::now_ms();
    quick.run(x).await?;
    let gpu = clock::now_ms() - start;
    let start = clock::now_ms();
    plan.run(x)?;
    if gpu > HOPELESS * (clock::now_ms() - start) {
        return Ok(Uploaded { executor: quick, cold_ms, near: false });
    }
    let executor = Executor::new(device.clone(), network, options, precision).await?;
    agree(&executor.run(x).await?, plan.run(x)?, precision)?;
    Ok(Uploaded { executor, cold_ms, near: true })
}

/// Whether answers are the processor's but for rounding.
///
/// # Errors
/// When they are not.
pub fn agree(got: &[f32], want: &[f32], precision: Precision) -> Result<()> {
    near(got, want, tolerance(precision))
}

/// Whether numbers are the processor's but for a share of the largest.
///
/// # Errors
/// When they are not.
pub fn near(got: &[f32], want: &[f32], tolerance: f32) -> Result<()> {
    // Below a millionth all is rounding.
    let top = want.iter().filter(|x| x.is_finite()).fold(1e-6f32, |top, x| top.max(x.abs()));
    // An overflow of the network itself is the same news from both.
    let fit = |g: f32, w: f32| if w.is_finite() { (g - w).abs() <= tolerance * top } else { !g.is_finite() };
    match got.iter().zip(want).position(|(&g, &w)| !fit(g, w)) {
        None if got.len() == want.len() => Ok(()),
        _ => Err(Error::state("the GPU answers something else than the processor")
            .hint("its driver may be faulty: everything runs on the processor without")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rounding_is_forgiven() {
        let agree = |got: &[f32], want: &[f32]| agree(got, want, Precision::Single);
        let want = [1.0, -20.0, f32::INFINITY];
        assert!(agree(&[1.001, -20.0, f32::NAN], &[1.0, -20.0, f32::NAN]).is_ok());
        assert!(agree(&want, &want).is_ok());
        assert!(agree(&[1.5, -20.0, f32::INFINITY], &want).is_err());
        assert!(agree(&[f32::NAN, -20.0], &want[..2]).is_err(), "a number that is none");
        assert!(agree(&[1.0], &want[..2]).is_err(), "an answer too few");
    }
}
