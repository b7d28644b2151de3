//! The rows, a file a family. Families follow the survey of Cheng, Zhang and Shi (TPAMI 2024); the first row of all is what the page
//! opens on.

mod after_training;
mod baselines;
mod before_training;
mod during_training;
mod fusion;
mod post_training;
mod runtime;
mod search;
mod semi_structured;
mod structured;

use super::Method;

/// All families.
pub static ALL: &[&[Method]] = &[
    baselines::ROWS,
    after_training::ROWS,
    post_training::ROWS,
    before_training::ROWS,
    during_training::ROWS,
    structured::ROWS,
    semi_structured::ROWS,
    runtime::ROWS,
    search::ROWS,
    fusion::ROWS,
];
