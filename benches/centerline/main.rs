#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr, missing_docs)]
//! How well does every centerline method do, and does its confidence say so? Prints tables, writes
//! `benches/results/centerline.json`.
//!
//!     cargo bench --bench centerline
//!
//! Needs `../shared` for the real images (those with a cord mask or centerline drawn by hand, and models); the demo cohort is
//! made on the spot. Distances are in millimetres, in the slice's plane, from the curve to the centre of the hand-drawn mask.

mod cases;
mod damage;
mod score;
mod table;

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use cases::Case;
use deepseg::centerline::{Curve, Method, Search, Tools, Witness, detect, judged};
use score::{Outcome, Score};

/// A curve at least this sure is taken by `auto`.
const BELIEVABLE: f32 = deepseg::centerline::BELIEVABLE;

fn main() {
    let models = deepseg::testing::shared("data/models");
    let tools = Tools::with(models, None);
    let filter: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let wanted = |case: &Case| filter.is_empty() || filter.iter().any(|f| case.name.contains(f.as_str()));
    let sound: Vec<Case> = cases::real().into_iter().chain(cases::demo()).filter(wanted).collect();
    let hostile: Vec<Case> = sound.iter().flat_map(damage::damaged).chain(damage::hopeless()).collect();

    let results: Vec<_> = sound.iter().map(|case| (case, answers(case, &tools))).collect();
    table::errors(&results);
    let damaged: Vec<_> = hostile.iter().map(|case| (case, answers(case, &tools))).collect();
    table::confidence(&results, &damaged);
    table::write("benches/results/centerline.json", &results, &damaged, whole_volume(&tools));
}

/// What every method that can be used says of a case, `auto` last.
fn answers(case: &Case, tools: &Tools) -> Vec<(String, Score)> {
    let usable = |method: &Method| !method.is_given() && method.ready(tools, &case.contrast).is_ok();
    let witness = Witness::default();
    let mut answers: Vec<(Method, Option<Curve>, f64)> = Vec::new();
    for method in Method::ALL.into_iter().filter(usable) {
        let (curve, seconds) = timed(case, method, tools, &witness);
        answers.push((method, curve, seconds));
    }
    let believable = |curve: &&Curve| curve.believed() >= BELIEVABLE;
    let in_chain = |method: &Method| answers.iter().find(|(m, ..)| m == method);
    let auto = Method::CHAIN.iter().filter_map(in_chain).find_map(|a| a.1.as_ref().filter(believable));
    let auto = Score::of(case, auto, 0.0);
    let mut scores: Vec<(String, Score)> =
        answers.iter().map(|(m, curve, s)| (m.to_string(), Score::of(case, curve.as_ref(), *s))).collect();
    scores.push(("auto".into(), auto));
    scores
}

fn timed(case: &Case, method: Method, tools: &Tools, witness: &Witness) -> (Option<Curve>, f64) {
    let cancel = AtomicBool::new(false);
    let search = Search { image: &case.image, contrast: &case.contrast, tools, cancel: &cancel };
    let begun = Instant::now();
    let found = detect(method, &search, witness);
    let seconds = begun.elapsed().as_secs_f64();
    (found.and_then(|found| judged(found, &search, witness)).ok(), seconds)
}

/// Seconds on a whole volume of 384 x 384 x 17, median of five.
fn whole_volume(tools: &Tools) -> Vec<(String, f64)> {
    let Some(case) = cases::whole_volume() else { return Vec::new() };
    let usable = |method: &Method| !method.is_given() && method.ready(tools, &case.contrast).is_ok();
    let median = |method: Method| {
        let mut seconds: Vec<f64> =
            (0..5).map(|_| timed(&case, method, tools, &Witness::default()).1).collect();
        seconds.sort_by(f64::total_cmp);
        (method.to_string(), seconds[2])
    };
    let times: Vec<_> = Method::ALL.into_iter().filter(usable).map(median).collect();
    println!("\n384 x 384 x 17 voxels, seconds:");
    times.iter().for_each(|(name, seconds)| println!("  {name:<10} {seconds:.2}"));
    times
}

/// Whether an answer may be used for training.
fn is_good(outcome: &Outcome) -> bool {
    outcome.mean.is_some_and(|mean| mean < 2.0) && outcome.max.is_some_and(|max| max < 6.0)
}
