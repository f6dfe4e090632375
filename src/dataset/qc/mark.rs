//! One mark: what somebody thought, in a word, a rank and a comment.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Entry;

/// The highest rank; the lowest is 0.
pub(super) const HIGHEST_RANK: u8 = 9;

/// What somebody thought of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Good enough to use.
    Pass,
    /// To be done again or by hand.
    Fail,
    /// The image itself is spoilt.
    Artifact,
}

impl Verdict {
    /// Every verdict, in the order in which the toolbox's report cycles through them.
    pub const ALL: [Verdict; 3] = [Verdict::Pass, Verdict::Fail, Verdict::Artifact];

    /// The name on the command line and in file names.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Artifact => "artifact",
        }
    }

    /// The sign in the toolbox's reports: a green tick, a red cross, a warning triangle.
    pub fn sign(self) -> &'static str {
        match self {
            Verdict::Pass => "\u{2705}",
            Verdict::Fail => "\u{274C}",
            Verdict::Artifact => "\u{26A0}\u{FE0F}",
        }
    }

    /// The verdict of a sign, with or without the selector that makes it colourful.
    pub(super) fn of_sign(sign: &str) -> Option<Verdict> {
        let plain = sign.trim().trim_end_matches('\u{FE0F}');
        Verdict::ALL.into_iter().find(|verdict| verdict.sign().trim_end_matches('\u{FE0F}') == plain)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Verdict {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Verdict::ALL.into_iter().find(|verdict| verdict.name() == name);
        known.ok_or_else(|| format!("there is no mark {name:?}; choose pass, fail or artifact"))
    }
}

/// What is known about one kind of result of one scan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// The verdict, if there is one.
    pub verdict: Option<Verdict>,
    /// A rank from 0 to 9, whose meaning is the reader's.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "a_rank")]
    pub rank: Option<u8>,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// Who gave it: a user name, or the file it was read from.
    pub by: String,
    /// When it was given here, RFC 3339.
    pub at: String,
    /// The line of the toolbox's report it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<Box<Entry>>,
}

impl Mark {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.verdict.is_none() && self.rank.is_none() && self.comment.is_empty()
    }
}

fn a_rank<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let rank = Option::<u8>::deserialize(deserializer)?;
    match rank {
        Some(high) if high > HIGHEST_RANK => {
            Err(serde::de::Error::custom(format!("the rank {high} is not one of 0 to {HIGHEST_RANK}")))
        }
        fine => Ok(fine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_names_are_read_back() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::of_sign(verdict.sign()), Some(verdict));
            assert_eq!(verdict.name().parse::<Verdict>().unwrap(), verdict);
        }
        assert_eq!(Verdict::of_sign(" \u{26A0}"), Some(Verdict::Artifact));
        assert_eq!((Verdict::of_sign(""), Verdict::of_sign("ok")), (None, None));
    }

    #[test]
    fn ranks_end_at_nine() {
        let read = |text: &str| serde_json::from_str::<Mark>(text);
        assert_eq!(read(r#"{"rank": 9}"#).unwrap().rank, Some(9));
        assert!(read(r#"{"rank": 10}"#).unwrap_err().to_string().contains("0 to 9"));
        assert!(read("{}").unwrap().is_empty());
    }
}
