//! Counting: how many tests a suite's output says passed and failed, and which failed.

use std::ops::AddAssign;

/// How many tests passed and failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed or never came to an end.
    pub failed: usize,
    /// The names of those that failed, as far as the output has them.
    pub names: Vec<String>,
}

impl Tally {
    /// A suite that is one test, or ended before it could count.
    pub fn one(passed: bool) -> Self {
        Self { passed: usize::from(passed), failed: usize::from(!passed), names: Vec::new() }
    }

    fn name(&mut self, name: &str) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.into());
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        other.names.iter().for_each(|name| self.name(name));
    }
}

/// Sums the `test result: ...` lines of Rust's test harness and of wasm-bindgen's, which print alike; a failed test's line is
/// `test NAME ... FAILED` in the one and `test NAME ... FAIL` in the other.
pub fn rust(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines().filter_map(|line| line.trim().strip_prefix("test ")) {
        match line.strip_prefix("result: ") {
            Some(line) => {
                tally += Tally { passed: before(line, "passed"), failed: before(line, "failed"), names: Vec::new() };
            }
            None => line.split_once(" ... FAIL").into_iter().for_each(|(name, _)| tally.name(name)),
        }
    }
    tally
}

/// Sums the summary lines of `node --test`: `# pass 3` in its plain form, `ℹ pass 3` in its readable one. A failed test's line is
/// `✖ NAME (12ms)` there.
pub fn node(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines() {
        if let Some((name, _)) = line.trim().strip_prefix("✖ ").and_then(|line| line.rsplit_once(" (")) {
            tally.name(name);
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["#" | "ℹ", what, count] = words[..] {
            let count = count.parse().unwrap_or(0);
            match what {
                "pass" => tally.passed += count,
                "fail" | "cancelled" => tally.failed += count,
                _ => {}
            }
        }
    }
    tally
}

/// The number in front of a word: 3 for `passed` in `ok. 3 passed; 0 failed`.
fn before(line: &str, word: &str) -> usize {
    let words: Vec<&str> = line.split([' ', ';', '.']).filter(|w| !w.is_empty()).collect();
    words.windows(2).find(|pair| pair[1] == word).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(passed: usize, failed: usize, names: &[&str]) -> Tally {
        Tally { passed, failed, names: names.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn counts_rust_harnesses() {
        let output = "running 2 tests\ntest a ... ok\ntest b::c ... FAILED\ntest d ... FAIL\n\
            test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
            test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 filtered out\n";
        assert_eq!(rust(output), told(15, 2, &["b::c", "d"]));
        assert_eq!(rust("no tests to run!"), Tally::default());
    }

    #[test]
    fn counts_node() {
        let tap = "# tests 4\n# suites 0\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 0\n";
        assert_eq!(node(tap), told(3, 2, &[]));
        assert_eq!(node("ℹ tests 4\nℹ pass 4\nℹ fail 0\nℹ duration_ms 12.5\n"), told(4, 0, &[]));
        let failed = "▶ save\n  ✖ a file (of runs) (12.5ms)\n✖ save (13ms)\nℹ fail 1\n✖ failing tests:\n  ✖ a file (of runs) (12.5ms)\n";
        assert_eq!(node(failed), told(0, 1, &["a file (of runs)", "save"]));
    }
}
