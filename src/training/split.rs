//! Which scans train, validate and test: by subject, repeatable from a seed, never the same picture on two sides.
//!
//! Scans of one subject, and scans whose files have the same content (a subject entered twice), stay together. Groups with
//! and without lesions are dealt out separately, so that each side that can have lesions has some; stratified, each side also
//! gets its part of large and small lesion loads. Subjects that the project holds out test and nothing else; folds then take
//! turns in validating, otherwise in testing. Pure: names in, sides out.

use std::collections::HashMap;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::error::TrainingError;
use super::held_out::HeldOut;
use super::{Part, SplitConfig};

/// From this many groups on, at least one is kept for testing.
const ENOUGH_TO_TEST: usize = 4;

/// What the split needs to know of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) subject: String,
    /// Hash of the image file's content.
    pub(crate) content: String,
    /// Voxels of lesion in its crop.
    pub(crate) lesion_voxels: u64,
}

/// Candidates that must stay together.
#[derive(Clone, Debug)]
struct Group {
    members: Vec<usize>,
    /// Mean lesion voxels of its scans.
    load: f64,
}

/// The side of each candidate, in their order.
pub(crate) fn split(
    candidates: &[Candidate],
    held_out: Option<&HeldOut>,
    config: &SplitConfig,
    seed: u64,
) -> Result<Vec<Part>, TrainingError> {
    let is_held = |index: &usize| held_out.is_some_and(|held| held.holds(&candidates[*index]));
    let groups = grouped(candidates);
    let (held, open): (Vec<_>, Vec<_>) = groups.into_iter().partition(|g| g.members.iter().any(is_held));
    let (with, without): (Vec<_>, Vec<_>) = open.into_iter().partition(|group| group.load > 0.0);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut parts = vec![Part::Train; candidates.len()];
    let mut put = |groups: &[Group], part| {
        groups.iter().flat_map(|group| &group.members).for_each(|&index| parts[index] = part);
    };
    put(&held, Part::Test);
    for (groups, must_fill) in [(with, true), (without, false)] {
        let dealer = Dealer { config, test_is_named: held_out.is_some(), must_fill };
        let [val, test] = dealer.deal(groups, &mut rng)?;
        put(&val, Part::Val);
        put(&test, Part::Test);
    }
    Ok(parts)
}

/// Candidates that must stay together, ordered by the smallest subject name in each.
fn grouped(candidates: &[Candidate]) -> Vec<Group> {
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
    let loaded = |members: Vec<usize>| {
        let voxels: u64 = members.iter().map(|&index| candidates[index].lesion_voxels).sum();
        Group { load: voxels as f64 / members.len() as f64, members }
    };
    groups.into_iter().map(loaded).collect()
}

fn root(leader: &[usize], mut index: usize) -> usize {
    while leader[index] != index {
        index = leader[index];
    }
    index
}

/// Deals groups that all have lesions, or all have none.
struct Dealer<'c> {
    config: &'c SplitConfig,
    /// Whether the project says who tests, so that nobody else does.
    test_is_named: bool,
    /// Whether one validates as soon as there are two groups, and one tests as soon as there are four.
    must_fill: bool,
}

impl Dealer<'_> {
    /// The groups that validate and those that test; the others train.
    fn deal(&self, mut groups: Vec<Group>, rng: &mut ChaCha8Rng) -> Result<[Vec<Group>; 2], TrainingError> {
        groups.shuffle(rng);
        if self.config.stratify {
            // Equal loads stay shuffled.
            groups.sort_by(|a, b| b.load.total_cmp(&a.load));
        }
        let fold = match self.config.parsed_fold() {
            Some((k, n)) => Some(self.take_fold(&mut groups, k, n, rng)?),
            None => None,
        };
        Ok(match (fold, self.test_is_named) {
            (Some(fold), true) => [fold, Vec::new()],
            (Some(fold), false) => [self.draw_val(&mut groups, rng), fold],
            (None, true) => [self.draw_val(&mut groups, rng), Vec::new()],
            (None, false) => {
                let test = self.wanted(groups.len(), self.config.test, self.config.test, ENOUGH_TO_TEST);
                let val = self.wanted(groups.len(), self.config.val, self.config.test, 2);
                let spare = groups.len().saturating_sub(1);
                let val = val.min(spare);
                let test = self.draw(&mut groups, test.min(spare - val), rng);
                [self.draw(&mut groups, val, rng), test]
            }
        })
    }

    /// The usual share of groups none of which tests.
    fn draw_val(&self, groups: &mut Vec<Group>, rng: &mut ChaCha8Rng) -> Vec<Group> {
        let val = self.wanted(groups.len(), self.config.val, 0.0, 2).min(groups.len().saturating_sub(1));
        self.draw(groups, val, rng)
    }

    /// The rounded share of `count` groups, where `test` is the share that tests; at least one from `from` groups on.
    fn wanted(&self, count: usize, share: f64, test: f64, from: usize) -> usize {
        let whole = self.config.train + self.config.val + test;
        let least = usize::from(self.must_fill && share > 0.0 && count >= from);
        let most = if self.must_fill && count < from { 0 } else { count };
        ((count as f64 * share / whole).round() as usize).clamp(least.min(most), most)
    }

    /// Takes `count` groups; stratified, one at random from each of `count` equal runs of the groups, which are ordered by load.
    fn draw(&self, groups: &mut Vec<Group>, count: usize, rng: &mut ChaCha8Rng) -> Vec<Group> {
        if !self.config.stratify {
            return groups.drain(..count).collect();
        }
        let len = groups.len();
        // From the last run on, so that the places of the earlier ones stay.
        let draw = |run| groups.remove(rng.random_range(run * len / count..(run + 1) * len / count));
        (0..count).rev().map(draw).collect()
    }

    /// Takes fold `k` of `n`; stratified, one of every `n` neighbours in load.
    fn take_fold(
        &self,
        groups: &mut Vec<Group>,
        k: usize,
        n: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<Vec<Group>, TrainingError> {
        if self.must_fill && groups.len() < n {
            return Err(TrainingError::TooFewForFolds { subjects: groups.len(), folds: n });
        }
        if self.config.stratify {
            groups.chunks_mut(n).for_each(|neighbours| neighbours.shuffle(rng));
        }
        let (fold, others): (Vec<_>, Vec<_>) =
            std::mem::take(groups).into_iter().enumerate().partition(|(index, _)| index % n == k - 1);
        *groups = others.into_iter().map(|(_, group)| group).collect();
        Ok(fold.into_iter().map(|(_, group)| group).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn subjects(count: usize) -> Vec<Candidate> {
        let candidate = |index| Candidate {
            subject: format!("sub-{index:03}"),
            content: format!("content {index}"),
            lesion_voxels: 10 + 7 * index as u64,
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
            let parts = split(&subjects(count), None, &SplitConfig::default(), 3).unwrap();
            assert_eq!(counts(&parts), sides, "{count} subjects");
        }
    }

    #[test]
    fn healthy_subjects_do_not_take_the_place_of_those_with_lesions() {
        let mut candidates = subjects(12);
        candidates[2..].iter_mut().for_each(|candidate| candidate.lesion_voxels = 0);
        let parts = split(&candidates, None, &SplitConfig::default(), 1).unwrap();
        assert_eq!(counts(&parts[..2]), [1, 1, 0]);
        assert_eq!(counts(&parts[2..]), [6, 2, 2]);
    }

    #[test]
    fn folds_test_every_subject_exactly_once() {
        let candidates = subjects(11);
        let mut tested = [0; 11];
        for k in 1..=4 {
            let config = SplitConfig { fold: Some(format!("{k}/4")), ..Default::default() };
            let parts = split(&candidates, None, &config, 9).unwrap();
            assert!(counts(&parts)[1] >= 1 && counts(&parts)[0] >= 1);
            tested.iter_mut().zip(parts).for_each(|(times, part)| *times += usize::from(part == Part::Test));
        }
        assert_eq!(tested, [1; 11]);
        let config = SplitConfig { fold: Some("1/12".into()), ..Default::default() };
        assert!(split(&candidates, None, &config, 9).unwrap_err().to_string().contains("11"));
    }

    #[test]
    fn sides_have_like_loads_when_stratified() {
        let candidates = subjects(40);
        let mean = |parts: &[Part], side| {
            let on: Vec<_> = candidates.iter().zip(parts).filter(|(_, part)| **part == side).collect();
            on.iter().map(|(candidate, _)| candidate.lesion_voxels as f64).sum::<f64>() / on.len() as f64
        };
        let (mut stratified, mut by_chance) = (0.0f64, 0.0f64);
        for seed in 0..20 {
            for (stratify, worst) in [(true, &mut stratified), (false, &mut by_chance)] {
                let config = SplitConfig { stratify, ..Default::default() };
                let parts = split(&candidates, None, &config, seed).unwrap();
                assert_eq!(counts(&parts), [24, 8, 8]);
                let whole = mean(&[Part::Train; 40], Part::Train);
                for side in [Part::Train, Part::Val, Part::Test] {
                    *worst = worst.max((mean(&parts, side) / whole - 1.0).abs());
                }
            }
        }
        assert!(stratified < 0.15 && by_chance > 2.0 * stratified, "{stratified} against {by_chance}");
    }

    #[test]
    fn a_new_seed_gives_a_new_split() {
        let splits = |stratify| {
            let config = SplitConfig { stratify, ..Default::default() };
            let all = (0..20).map(|seed| split(&subjects(20), None, &config, seed).unwrap());
            all.map(|parts| format!("{parts:?}")).collect::<std::collections::HashSet<_>>().len()
        };
        assert!(splits(true) > 18 && splits(false) > 18);
    }

    proptest! {
        #[test]
        fn no_subject_and_no_picture_is_on_two_sides(
            scans in prop::collection::vec((0..8usize, 0..12usize, 0..30u64), 1..40),
            seed: u64,
        ) {
            let candidates: Vec<Candidate> = scans
                .into_iter()
                .map(|(subject, content, lesion_voxels)| {
                    Candidate { subject: subject.to_string(), content: content.to_string(), lesion_voxels }
                })
                .collect();
            let parts = split(&candidates, None, &SplitConfig::default(), seed).unwrap();
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
        fn every_fold_has_one_of_each_n_neighbours_in_load(count in 6..60usize, n in 2..6usize, seed: u64) {
            let candidates = subjects(count);
            for k in 1..=n {
                let config = SplitConfig { fold: Some(format!("{k}/{n}")), ..Default::default() };
                let parts = split(&candidates, None, &config, seed).unwrap();
                // Loads rise with the number; the largest begin the first run of neighbours.
                let tests: Vec<bool> = parts.iter().rev().map(|part| *part == Part::Test).collect();
                for run in tests.chunks_exact(n) {
                    prop_assert_eq!(run.iter().filter(|test| **test).count(), 1);
                }
            }
        }

        #[test]
        fn what_is_held_out_tests_and_nothing_else_does(
            count in 4..30usize, held in prop::collection::btree_set(0..4usize, 1..4), seed: u64, fold in 0..4usize,
        ) {
            let candidates = subjects(count);
            let names = held.iter().map(|index| format!("sub-{index:03}"));
            let held_out = HeldOut::naming(names, ["content 1".to_owned()], []);
            let fold = (fold > 0 && count > 6).then(|| format!("{fold}/3"));
            let config = SplitConfig { fold: fold.clone(), ..Default::default() };
            let parts = split(&candidates, Some(&held_out), &config, seed).unwrap();
            for (index, part) in parts.iter().enumerate() {
                prop_assert_eq!(*part == Part::Test, held.contains(&index) || index == 1, "{}", index);
            }
            let open = parts.iter().filter(|part| **part != Part::Test).count();
            if fold.is_some() {
                let val = parts.iter().filter(|part| **part == Part::Val).count();
                prop_assert!(val == open / 3 || val == open.div_ceil(3), "{} of {}", val, open);
            }
        }

        #[test]
        fn the_order_of_the_list_does_not_matter(count in 1..20usize, seed: u64) {
            let mut candidates = subjects(count);
            let forward = split(&candidates, None, &SplitConfig::default(), seed).unwrap();
            candidates.reverse();
            let mut backward = split(&candidates, None, &SplitConfig::default(), seed).unwrap();
            backward.reverse();
            prop_assert_eq!(forward, backward);
        }
    }
}
