//! Floor 3: learning. Gradients, exact Hessian-vector products, losses, optimizers, learning rates and the training loop.

pub mod eval;
pub mod exercise;
pub mod grad;
pub mod hook;
pub mod hvp;
pub mod look;
pub mod loss;
pub mod lr;
pub mod optim;
pub mod probe;
pub mod state;
pub mod step;
pub mod trainer;

pub use grad::Gradients;
pub use loss::Loss;
pub use state::State;
pub use trainer::{Lesson, TrainPlan, Trainer};
