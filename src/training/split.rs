//! Which scans train, validate and test: by subject, repeatable from a seed, never the same picture on two sides.
//!
//! Scans of one subject, and scans whose files have the same content (a subject entered twice), stay together. Groups with
//! and without lesions are dealt out separately, so that each side that can have lesions has some. Pure: names in, sides out.

use std::collections::HashMap;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::error::TrainingError;
use super::{Part, SplitConfig};

/// From this many groups on, at least one is kept for testing.
const ENOUGH_TO_TEST: usize = 4;

/// What the split needs to know of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) subject: String,
    /// Hash of the image file's content.
    pub(crate) content: String,
    pub(crate) has_lesion: bool,
}

/// The side of each candidate, in their order.
pub(crate) fn split(
    candidates: &[Candidate],
    config: &SplitConfig,
    seed: u64,
) -> Result<Vec<Part>, TrainingError> {
    let groups = grouped(candidates);
    let (with, without): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|group| group.iter().any(|&index| candidates[index].has_lesion));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut parts = vec![Part::Train; candidates.len()];
    for (mut groups, must_fill) in [(with, true), (without, false)] {
        groups.shuffle(&mut rng);
        let dealt = match config.parsed_fold() {
            Some((k, n)) => deal_fold(groups.len(), k, n, config, must_fill)?,
            None => deal_shares(groups.len(), config, must_fill),
        };
        for (group, part) in groups.iter().zip(dealt) {
            group.iter().for_each(|&index| parts[index] = part);
        }
    }
    Ok(parts)
}

/// Candidates that must stay together, ordered by the smallest subject name in each.
fn grouped(candidates: &[Candidate]) -> Vec<Vec<usize>> {
    let mut leader: Vec<usize> = (0..candidates.len()).collect();
    let mut first_with: HashMap<(bool, &str), usize> = HashMap::new();
    for (index, candidate) in candidates.iter().enumerate() {
        for key in [(true, candidate.subject.as_str()), (false, candidate.content.as_str())] {
            let other = *first_with.entry(key).or_insert(index);
            let (a, b) = (root(&leader, index), root(&leader, other));
            leader[a.max(b)] = a.min(b);
        }
    }
    let mut groups: HashMap<usize, Vec<usize>> = HashMap::new();
    for index in 0..candidates.len() {
        groups.entry(root(&leader, index)).or_default().push(index);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|group| group.iter().map(|&index| &candidates[index].subject).min());
    groups
}

fn root(leader: &[usize], mut index: usize) -> usize {
    while leader[index] != index {
        index = leader[index];
    }
    index
}

/// Sides for `count` shuffled groups: rounded shares, at least one left to train.
///
/// With `must_fill`, one validates as soon as there are two, and one tests as soon as there are four.
fn deal_shares(count: usize, config: &SplitConfig, must_fill: bool) -> Vec<Part> {
    let whole = config.train + config.val + config.test;
    let wanted = |share: f64, from: usize| {
        let least = usize::from(must_fill && share > 0.0 && count >= from);
        let most = if must_fill && count < from { 0 } else { count };
        ((count as f64 * share / whole).round() as usize).clamp(least.min(most), most)
    };
    let spare = count.saturating_sub(1);
    let val = wanted(config.val, 2).min(spare);
    let test = wanted(config.test, ENOUGH_TO_TEST).min(spare - val);
    sides(count, val, test)
}

/// The first `test` groups test, the next `val` validate, the others train.
fn sides(count: usize, val: usize, test: usize) -> Vec<Part> {
    let side = |index| match index {
        _ if index < test => Part::Test,
        _ if index < test + val => Part::Val,
        _ => Part::Train,
    };
    (0..count).map(side).collect()
}

/// Fold `k` of `n` tests; of the rest, the usual share validates.
fn deal_fold(
    count: usize,
    k: usize,
    n: usize,
    config: &SplitConfig,
    must_fill: bool,
) -> Result<Vec<Part>, TrainingError> {
    if must_fill && count < n {
        return Err(TrainingError::TooFewForFolds { subjects: count, folds: n });
    }
    let is_test = |index: usize| index % n == k - 1;
    let rest = (0..count).filter(|&index| !is_test(index)).count();
    let shares = SplitConfig { test: 0.0, ..config.clone() };
    let mut others = deal_shares(rest, &shares, must_fill).into_iter();
    let side = |index| if is_test(index) { Part::Test } else { others.next().unwrap_or(Part::Train) };
    Ok((0..count).map(side).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn subjects(count: usize) -> Vec<Candidate> {
        let candidate = |index| Candidate {
            subject: format!("sub-{index:03}"),
            content: format!("content {index}"),
            has_lesion: true,
        };
        (0..count).map(candidate).collect()
    }

    fn counts(parts: &[Part]) -> [usize; 3] {
        [Part::Train, Part::Val, Part::Test].map(|part| parts.iter().filter(|p| **p == part).count())
    }

    #[test]
    fn small_cohorts_are_split_sensibly() {
        let expected =
            [(1, [1, 0, 0]), (2, [1, 1, 0]), (3, [2, 1, 0]), (4, [2, 1, 1]), (5, [3, 1, 1]), (10, [6, 2, 2])];
        for (count, sides) in expected {
            let parts = split(&subjects(count), &SplitConfig::default(), 3).unwrap();
            assert_eq!(counts(&parts), sides, "{count} subjects");
        }
    }

    #[test]
    fn healthy_subjects_do_not_take_the_place_of_those_with_lesions() {
        let mut candidates = subjects(12);
        candidates[2..].iter_mut().for_each(|candidate| candidate.has_lesion = false);
        let parts = split(&candidates, &SplitConfig::default(), 1).unwrap();
        assert_eq!(counts(&parts[..2]), [1, 1, 0]);
        assert_eq!(counts(&parts[2..]), [6, 2, 2]);
    }

    #[test]
    fn folds_test_every_subject_exactly_once() {
        let candidates = subjects(11);
        let mut tested = [0; 11];
        for k in 1..=4 {
            let config = SplitConfig { fold: Some(format!("{k}/4")), ..Default::default() };
            let parts = split(&candidates, &config, 9).unwrap();
            assert!(counts(&parts)[1] >= 1 && counts(&parts)[0] >= 1);
            tested.iter_mut().zip(parts).for_each(|(times, part)| *times += usize::from(part == Part::Test));
        }
        assert_eq!(tested, [1; 11]);
        let config = SplitConfig { fold: Some("1/12".into()), ..Default::default() };
        assert!(split(&candidates, &config, 9).unwrap_err().to_string().contains("11"));
    }

    proptest! {
        #[test]
        fn no_subject_and_no_picture_is_on_two_sides(
            scans in prop::collection::vec((0..8usize, 0..12usize, any::<bool>()), 1..40),
            seed: u64,
        ) {
            let candidates: Vec<Candidate> = scans
                .into_iter()
                .map(|(subject, content, has_lesion)| {
                    Candidate { subject: subject.to_string(), content: content.to_string(), has_lesion }
                })
                .collect();
            let parts = split(&candidates, &SplitConfig::default(), seed).unwrap();
            for (a, part_a) in candidates.iter().zip(&parts) {
                for (b, part_b) in candidates.iter().zip(&parts) {
                    if a.subject == b.subject || a.content == b.content {
                        prop_assert_eq!(part_a, part_b);
                    }
                }
            }
            prop_assert!(parts.contains(&Part::Train));
        }

        #[test]
        fn the_order_of_the_list_does_not_matter(count in 1..20usize, seed: u64) {
            let mut candidates = subjects(count);
            let forward = split(&candidates, &SplitConfig::default(), seed).unwrap();
            candidates.reverse();
            let mut backward = split(&candidates, &SplitConfig::default(), seed).unwrap();
            backward.reverse();
            prop_assert_eq!(forward, backward);
        }
    }
}
