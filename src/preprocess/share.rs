//! A batch divided among machines: every scan is in exactly one share, and the reports of the shares add up to one.

use super::BatchReport;
use crate::dataset::Scan;
use std::str::FromStr;

/// Share K of N, counted from 1; written `K/N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    number: usize,
    of: usize,
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed =
            text.split_once('/').and_then(|(k, n)| Some((k.trim().parse().ok()?, n.trim().parse().ok()?)));
        let share = parsed.filter(|(k, n)| (1..=*n).contains(k)).map(|(number, of)| Self { number, of });
        share.ok_or_else(|| format!("`{text}` is no share: write K/N with K from 1 to N, e.g. 3/10"))
    }
}

impl Share {
    /// The scans of this share: every N-th, so that the sessions of one subject, which take equally long, are spread.
    pub fn of<'a>(self, scans: &[&'a Scan]) -> Vec<&'a Scan> {
        scans.iter().skip(self.number - 1).step_by(self.of).copied().collect()
    }
}

impl BatchReport {
    /// This report and another one of other scans, as one. Time is that of the longer.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.done += other.done;
        self.cached += other.cached;
        self.left += other.left;
        self.no_centerline.extend(other.no_centerline);
        self.failed.extend(other.failed);
        self.seconds = self.seconds.max(other.seconds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_parsed() {
        assert_eq!("2/5".parse(), Ok(Share { number: 2, of: 5 }));
        for wrong in ["0/5", "6/5", "5", "a/b", "1/0"] {
            assert!(wrong.parse::<Share>().unwrap_err().contains("K/N"), "{wrong}");
        }
    }
}
