//! Counting: how many tests a suite's output says passed and failed.

use std::ops::AddAssign;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed or never came to an end.
    pub failed: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Sums the `test result: ...` lines of Rust's test harness and of wasm-bindgen's, which print alike.
pub fn rust(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines().filter_map(|line| line.trim().strip_prefix("test result: ")) {
        tally += Tally { passed: before(line, "passed"), failed: before(line, "failed") };
    }
    tally
}

/// Sums the summary lines of `node --test`: `# pass 3` in its plain form, `ℹ pass 3` in its readable one.
pub fn node(output: &str) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines() {
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

    #[test]
    fn counts_rust_harnesses() {
        let output = "running 2 tests\ntest a ... ok\n\
            test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
            test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 filtered out\n";
        assert_eq!(rust(output), Tally { passed: 15, failed: 2 });
        assert_eq!(rust("no tests to run!"), Tally::default());
    }

    #[test]
    fn counts_node() {
        let tap = "# tests 4\n# suites 0\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 0\n";
        assert_eq!(node(tap), Tally { passed: 3, failed: 2 });
        assert_eq!(node("ℹ tests 4\nℹ pass 4\nℹ fail 0\nℹ duration_ms 12.5\n"), Tally { passed: 4, failed: 0 });
    }
}
