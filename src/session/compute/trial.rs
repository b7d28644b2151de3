//! Who does a kind of work: the processor begins; a GPU is tried on few examples, then beside the processor, and does the rest if it
//! was faster. Training steps, calibration passes and answers are all decided here.

/// Pieces that the processor does before a GPU is tried.
const FIRST: usize = 2;
/// Examples of a GPU's first trial: one that takes longer for these than the processor for a whole piece has lost.
pub const FEW: usize = 2;
/// Pieces that a GPU does on trial: the first pays for what is set up late.
const TRIALS: usize = 3;

/// What is to be done with a piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The processor does it.
    Cpu,
    /// The GPU is timed on [`FEW`] examples first, see [`Trial::few`]; then it is asked again whose turn it is.
    Few,
    /// The GPU does it on trial: what it gives is checked, its time is compared.
    Try,
    /// The GPU does it.
    Gpu,
}

/// A trial under way, for one kind of work.
#[derive(Debug)]
pub struct Trial {
    /// Who it was decided for: whether the GPU.
    gpu: Option<bool>,
    /// Examples of the largest piece so far. Smaller ones say nothing about time.
    largest: usize,
    /// Pieces that the processor did, and that the GPU did on trial.
    done: [usize; 2],
    /// Least time of a large piece on either, in ms.
    least: [f64; 2],
    /// The GPU was fast enough with few examples.
    few: bool,
}

impl Default for Trial {
    fn default() -> Self {
        Self { gpu: None, largest: 0, done: [0; 2], least: [f64::INFINITY; 2], few: false }
    }
}

impl Trial {
    /// The processor does everything.
    pub fn on_cpu() -> Self {
        Self { gpu: Some(false), ..Self::default() }
    }

    /// Whose turn it is with a piece of so many examples. A GPU that is `forced` need not be faster; one that takes no less than
    /// `least_ms` for a piece, as was measured elsewhere, has lost where the processor takes no longer.
    pub fn turn(&mut self, size: usize, forced: bool, least_ms: f64) -> Turn {
        match self.gpu {
            Some(false) => Turn::Cpu,
            // The last batch is often a small one: no GPU is set up for that.
            _ if size < self.largest => Turn::Cpu,
            Some(true) => Turn::Gpu,
            None if forced => match self.done[1] {
                0 => Turn::Try,
                _ => self.decided(true),
            },
            None if self.done[0] < FIRST || size > self.largest => Turn::Cpu,
            None if least_ms >= self.least[0] => self.decided(false),
            None if !self.few => Turn::Few,
            None if self.done[1] < TRIALS => Turn::Try,
            None => self.decided(self.least[1] < self.least[0]),
        }
    }

    fn decided(&mut self, gpu: bool) -> Turn {
        self.gpu = Some(gpu);
        if gpu { Turn::Gpu } else { Turn::Cpu }
    }

    /// Takes note of how long a piece took the processor.
    pub fn cpu_did(&mut self, size: usize, ms: f64) {
        if size > self.largest {
            (self.largest, self.least[0]) = (size, f64::INFINITY);
        }
        if size == self.largest {
            self.least[0] = self.least[0].min(ms);
        }
        self.done[0] += 1;
    }

    /// Takes note of how long few examples took the GPU.
    pub fn few(&mut self, ms: f64) {
        self.few = true;
        if ms >= self.least[0] {
            self.gpu = Some(false);
        }
    }

    /// Takes note of how long a piece took the GPU.
    pub fn gpu_did(&mut self, size: usize, ms: f64) {
        self.largest = self.largest.max(size);
        if self.done[1] > 0 {
            self.least[1] = self.least[1].min(ms);
        }
        self.done[1] += 1;
    }

    /// Whether it was decided that the processor does everything.
    pub fn gave_up(&self) -> bool {
        self.gpu == Some(false)
    }

    /// The GPU failed, or gave something else: it is left for good.
    pub fn give_up(&mut self) {
        self.gpu = Some(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns of ten pieces of eight examples, where either takes so long.
    fn turns(cpu: f64, few: f64, gpu: f64, least_ms: f64, forced: bool) -> Vec<Turn> {
        let mut trial = Trial::default();
        let mut out = Vec::new();
        while out.len() < 10 {
            let turn = trial.turn(8, forced, least_ms);
            out.push(turn);
            match turn {
                Turn::Cpu => trial.cpu_did(8, cpu),
                Turn::Few => trial.few(few),
                Turn::Try | Turn::Gpu => trial.gpu_did(8, gpu),
            }
        }
        out
    }

    #[test]
    fn whoever_is_faster_does_it() {
        use Turn::{Cpu, Few, Gpu, Try};
        assert_eq!(turns(5.0, 1.0, 3.0, 0.0, false), [Cpu, Cpu, Few, Try, Try, Try, Gpu, Gpu, Gpu, Gpu]);
        assert_eq!(turns(5.0, 1.0, 6.0, 0.0, false), [Cpu, Cpu, Few, Try, Try, Try, Cpu, Cpu, Cpu, Cpu], "slower");
        assert_eq!(turns(5.0, 6.0, 3.0, 0.0, false)[..5], [Cpu, Cpu, Few, Cpu, Cpu], "slower with few");
        assert_eq!(turns(5.0, 1.0, 3.0, 6.0, false), [Cpu; 10], "slower elsewhere");
        assert_eq!(turns(5.0, 9.0, 9.0, 9.0, true)[..3], [Try, Gpu, Gpu], "asked for");
        let mut trial = Trial::on_cpu();
        assert_eq!(trial.turn(8, true, 0.0), Cpu);
    }

    #[test]
    fn small_pieces_are_the_processors() {
        let mut trial = Trial::default();
        trial.gpu_did(8, 1.0);
        assert_eq!((trial.turn(3, true, 0.0), trial.turn(8, true, 0.0)), (Turn::Cpu, Turn::Gpu));
        trial.give_up();
        assert_eq!(trial.turn(8, true, 0.0), Turn::Cpu);
    }
}
