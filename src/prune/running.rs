//! How both networks are run when they are measured: settings that change no weight.

use crate::base::part::{Param, ParamKind, Settings};
use crate::base::{Result, team};

/// Batch size of the speed measurement.
pub static BATCH: Param = Param {
    key: "batch",
    label: "Batch",
    what: "Images per run when speed is measured: 1 is what a page does, 64 what a server does.",
    kind: ParamKind::Int { default: 1, min: 1, max: 256 },
};
/// Threads of the speed measurement.
pub static THREADS: Param = Param {
    key: "threads",
    label: "Threads",
    what: "Threads that share a run when speed is measured. More than one needs a cross-origin isolated page.",
    kind: ParamKind::Int { default: 1, min: 1, max: team::MOST as i64 },
};
/// What the pruned network computes with.
pub static PRECISION: Param = Param {
    key: "precision",
    label: "Precision",
    what: "What the pruned network computes with: 32-bit floats, 16-bit floats where a GPU has them, or 8-bit integers in its convolutions, calibrated on training images.",
    kind: ParamKind::Choice { default: "f32", of: &["f32", "f16", "int8"] },
};

/// What runs both networks.
pub static EXECUTOR: Param = Param {
    key: "executor",
    label: "Runs on",
    what: "What runs the networks: whichever is measured to be faster here, always the processor, or the GPU wherever it can.",
    kind: ParamKind::Choice { default: "auto", of: &["auto", "cpu", "gpu"] },
};

/// All of them, in the order of the form.
pub static RUNNING: &[&Param] = &[&BATCH, &THREADS, &PRECISION, &EXECUTOR];

/// What a network computes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// 32-bit floats.
    Single,
    /// 16-bit floats, where a GPU has them.
    Half,
    /// 8-bit integers in convolutions.
    Int8,
}

/// What runs networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Whichever is measured to be faster.
    Faster,
    /// The processor.
    Cpu,
    /// The GPU, where it can.
    Gpu,
}

/// How a network is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Images of a run.
    pub batch: usize,
    /// Threads that share a run.
    pub threads: usize,
    /// What the pruned network computes with.
    pub precision: Numbers,
    /// What runs both networks.
    pub executor: Asked,
}

impl Running {
    /// Reads settings.
    ///
    /// # Errors
    /// When a value is out of range.
    pub fn read(settings: &Settings) -> Result<Self> {
        Ok(Self {
            batch: BATCH.of(settings)?.whole(),
            threads: THREADS.of(settings)?.whole(),
            precision: match PRECISION.of(settings)?.word() {
                "f16" => Numbers::Half,
                "int8" => Numbers::Int8,
                _ => Numbers::Single,
            },
            executor: match EXECUTOR.of(settings)?.word() {
                "cpu" => Asked::Cpu,
                "gpu" => Asked::Gpu,
                _ => Asked::Faster,
            },
        })
    }

    /// Whether convolutions run on bytes in the end.
    pub fn int8(&self) -> bool {
        self.precision == Numbers::Int8
    }

    /// All settings.
    pub fn settings(&self) -> impl Iterator<Item = (String, String)> {
        let precision = match self.precision {
            Numbers::Single => "f32",
            Numbers::Half => "f16",
            Numbers::Int8 => "int8",
        };
        let executor = match self.executor {
            Asked::Faster => "auto",
            Asked::Cpu => "cpu",
            Asked::Gpu => "gpu",
        };
        let texts = [
            (&BATCH, self.batch.to_string()),
            (&THREADS, self.threads.to_string()),
            (&PRECISION, precision.into()),
            (&EXECUTOR, executor.into()),
        ];
        texts.into_iter().map(|(param, text)| (param.key.into(), text))
    }
}
