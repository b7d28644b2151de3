//! Samples of what takes time, by turns: one loop for networks, layers and kernels.
//!
//! It reads no clock. Whoever measures asks whose [`turn`](Sampling::turn) it is, runs that entrant as often as it says, and tells
//! what that [`took`](Sampling::took); a round is over where there is no turn. At first entrants are warmed up, which also tells how
//! many of their runs fill a sample.

/// Runs of one entrant that are to be timed together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Runs {
    /// Position of the entrant.
    pub who: usize,
    /// How often it is to run.
    pub runs: usize,
    /// It is warmed up: the time is no sample.
    pub warms: bool,
}

/// What is known of an entrant.
#[derive(Clone, Debug)]
pub struct Sampled {
    /// Runs of a sample.
    pub runs: usize,
    /// Milliseconds of a run, by sample.
    pub samples: Vec<f64>,
    /// The least that a run was seen to take, in milliseconds; what was too short to be a sample counts with a step of the clock more.
    pub bound: f64,
    /// No more is wanted of it.
    pub out: bool,
    warm: bool,
    /// Runs and milliseconds of the warm-up so far.
    warmed: (usize, f64),
}

/// Entrants that take turns.
#[derive(Debug)]
pub struct Sampling {
    least: f64,
    step: f64,
    warm_up: (usize, f64),
    most: usize,
    paired: bool,
    entrants: Vec<Sampled>,
    rounds: usize,
    /// Turns of the round at hand that are over, and what they took.
    over: usize,
    times: Vec<Option<f64>>,
    short: bool,
}

impl Sampling {
    /// So many entrants, all cold. A sample lasts `least` milliseconds or about that; the clock goes by steps of `step` milliseconds.
    pub fn new(entrants: usize, least: f64, step: f64) -> Self {
        let cold =
            Sampled { runs: 1, samples: Vec::new(), bound: f64::INFINITY, out: false, warm: false, warmed: (0, 0.0) };
        Self {
            least,
            step,
            warm_up: (1, least),
            most: usize::MAX,
            paired: false,
            entrants: vec![cold; entrants],
            rounds: 0,
            over: 0,
            times: vec![None; entrants],
            short: false,
        }
    }

    /// Warms each up for so many runs and milliseconds at least.
    pub fn warmed_by(self, runs: usize, ms: f64) -> Self {
        Self { warm_up: (runs, ms), ..self }
    }

    /// Takes no more runs than this for a sample, however short it is.
    pub fn at_most(self, runs: usize) -> Self {
        Self { most: runs, ..self }
    }

    /// Drops all samples of a round in which one was too short, so that samples of the same position are neighbours in time.
    pub fn paired(self) -> Self {
        Self { paired: true, ..self }
    }

    /// Whether any is still to be warmed up.
    pub fn cold(&self) -> bool {
        self.entrants.iter().any(|entrant| !entrant.warm)
    }

    /// Who runs next, and how often; none at the end of a round.
    pub fn turn(&mut self) -> Option<Runs> {
        if let Some(who) = self.entrants.iter().position(|entrant| !entrant.warm) {
            return Some(Runs { who, runs: self.entrants[who].runs, warms: true });
        }
        while self.over < self.entrants.len() {
            let who = self.place();
            if !self.entrants[who].out {
                return Some(Runs { who, runs: self.entrants[who].runs, warms: false });
            }
            self.over += 1;
        }
        if !(self.paired && self.short) {
            let all = self.entrants.iter_mut().zip(&mut self.times);
            all.for_each(|(entrant, ms)| entrant.samples.extend(ms.take()));
        }
        self.times.fill(None);
        (self.rounds, self.over, self.short) = (self.rounds + 1, 0, false);
        None
    }

    /// Forward and back by turns, beginning with another one each time.
    fn place(&self) -> usize {
        let (n, turn) = (self.entrants.len(), self.over);
        (if self.rounds.is_multiple_of(2) { turn } else { n - 1 - turn } + self.rounds / 2) % n
    }

    /// The runs of the turn took so many milliseconds.
    pub fn took(&mut self, ms: f64) {
        if let Some(entrant) = self.entrants.iter_mut().find(|entrant| !entrant.warm) {
            let (runs, spent) = (entrant.warmed.0 + entrant.runs, entrant.warmed.1 + ms);
            entrant.warmed = (runs, spent);
            entrant.warm = runs >= self.warm_up.0 && spent >= self.warm_up.1 || entrant.runs >= self.most;
            let fill = |ms: f64| (runs as f64 * ms / spent).ceil() as usize;
            if entrant.warm {
                entrant.bound = spent / runs as f64;
                entrant.runs = fill(self.least).clamp(1, self.most);
            } else {
                entrant.runs = fill(self.warm_up.1 - spent).clamp(1, (2 * entrant.runs).min(self.most));
            }
            return;
        }
        let (who, most) = (self.place(), self.most);
        let entrant = &mut self.entrants[who];
        // Better code since the warm-up, or a hiccup then: a sample this short is mostly the clock's step.
        if ms < 0.5 * self.least && entrant.runs < most {
            entrant.bound = entrant.bound.min((ms + self.step) / entrant.runs as f64);
            (self.short, entrant.runs) = (true, (2 * entrant.runs).min(most));
        } else {
            let each = ms / entrant.runs as f64;
            entrant.bound = entrant.bound.min(each);
            self.times[who] = Some(each);
        }
        self.over += 1;
    }

    /// One round, or the rest of one, and the warm-up before it: `time` gives the milliseconds of so many runs of an entrant.
    pub fn round(&mut self, time: &mut dyn FnMut(usize, usize) -> f64) {
        while let Some(Runs { who, runs, .. }) = self.turn() {
            let ms = time(who, runs);
            self.took(ms);
        }
    }

    /// What is known of each.
    pub fn entrants(&self) -> &[Sampled] {
        &self.entrants
    }

    /// The same, to leave some out.
    pub fn entrants_mut(&mut self) -> &mut [Sampled] {
        &mut self.entrants
    }

    /// Samples of an entrant.
    pub fn samples(&self, who: usize) -> &[f64] {
        &self.entrants[who].samples
    }

    /// Goes on with some of the entrants, from a new round.
    pub fn retain(&mut self, keep: &dyn Fn(usize) -> bool) {
        let mut at = 0..;
        self.entrants.retain(|_| at.next().is_some_and(keep));
        (self.over, self.short, self.times) = (0, false, vec![None; self.entrants.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds of entrants that take so many milliseconds a run, by a clock without steps.
    fn rounds(sampling: &mut Sampling, each: &[f64], rounds: usize) -> Vec<Runs> {
        let mut turns = Vec::new();
        for _ in 0..rounds {
            while let Some(turn) = sampling.turn() {
                turns.push(turn);
                sampling.took(each[turn.who] * turn.runs as f64);
            }
        }
        turns
    }

    #[test]
    fn samples_are_as_long_as_they_must_be_and_turns_change() {
        let mut sampling = Sampling::new(3, 10.0, 0.0);
        let turns = rounds(&mut sampling, &[1.0, 0.01, 50.0], 4);
        let warm = turns.iter().filter(|turn| turn.warms);
        assert!(warm.clone().count() < 20 && warm.map(|turn| turn.runs).sum::<usize>() < 2100, "{turns:?}");
        let runs: Vec<usize> = sampling.entrants().iter().map(|entrant| entrant.runs).collect();
        assert_eq!(runs, [10, 1000, 1]);
        let order: Vec<usize> = turns.iter().filter(|turn| !turn.warms).map(|turn| turn.who).collect();
        assert_eq!(order, [0, 1, 2, 2, 1, 0, 1, 2, 0, 0, 2, 1]);
        assert!(sampling.entrants().iter().all(|entrant| entrant.samples.len() == 4));
    }

    #[test]
    fn a_sample_that_is_too_short_is_a_bound_and_none_of_its_round_counts_in_a_pair() {
        for paired in [false, true] {
            let new = Sampling::new(2, 10.0, 0.5);
            let mut sampling = if paired { new.paired() } else { new };
            while sampling.cold() {
                let turn = sampling.turn().unwrap();
                sampling.took(turn.runs as f64);
            }
            // Better code takes over in the first of both.
            rounds(&mut sampling, &[0.1, 1.0], 1);
            assert_eq!(sampling.entrants()[0].bound, 0.15, "a millisecond and a step, in ten runs");
            assert_eq!([0, 1].map(|i| sampling.samples(i).len()), [0, usize::from(!paired)]);
            rounds(&mut sampling, &[0.1, 1.0], 3);
            assert_eq!(sampling.entrants()[0].runs, 80);
            assert_eq!(sampling.samples(0).last(), Some(&0.1));
        }
    }

    #[test]
    fn there_is_an_end_to_runs_and_entrants_leave() {
        let mut sampling = Sampling::new(2, 10.0, 0.0).at_most(64);
        rounds(&mut sampling, &[0.0, 1.0], 2);
        assert_eq!((sampling.entrants()[0].runs, sampling.samples(0)), (64, &[0.0, 0.0][..]));
        sampling.entrants_mut()[0].out = true;
        assert_eq!(rounds(&mut sampling, &[0.0, 1.0], 1), [Runs { who: 1, runs: 10, warms: false }]);
        sampling.retain(&|who| who == 1);
        assert_eq!((sampling.entrants().len(), sampling.samples(0).len()), (1, 3));
    }
}
