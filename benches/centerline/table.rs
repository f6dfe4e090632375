//! The answers as tables for people and as JSON.

use serde_json::json;

use super::cases::Case;
use super::score::Score;
use super::{BELIEVABLE, is_good};

type Results<'a> = Vec<(&'a Case, Vec<(String, Score)>)>;

/// One line an image, one column a method: mean / largest distance, coverage, confidence.
pub fn errors(results: &Results<'_>) {
    let Some((_, first)) = results.iter().max_by_key(|(_, answers)| answers.len()) else { return };
    let methods: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    println!(
        "mean / largest distance (mm), slices met (%), confidence; x: no cord found, -: cannot be used\n"
    );
    println!("| image | {} |", methods.join(" | "));
    println!("|---|{}", "---|".repeat(methods.len()));
    for (case, answers) in results {
        let cell = |name: &&str| answers.iter().find(|(n, _)| n == name).map_or("-".into(), |(_, s)| cell(s));
        let cells: Vec<String> = methods.iter().map(cell).collect();
        println!("| {} | {} |", case.name, cells.join(" | "));
    }
}

fn cell(score: &Score) -> String {
    let Some(outcome) = &score.outcome else { return "x".into() };
    match (outcome.mean, outcome.max) {
        (Some(mean), Some(max)) => {
            format!("{mean:.2} / {max:.2}, {:.0}, {:.2}", 100.0 * outcome.coverage, score.confidence)
        }
        _ => format!("elsewhere, {:.2}", score.confidence),
    }
}

/// How often each method's confidence is wrong, either way, and where.
pub fn confidence(sound: &Results<'_>, damaged: &Results<'_>) {
    println!("\nconfidence: believed and wrong (should be 0), good and not believed, of all answers\n");
    let mut methods: Vec<&String> = sound.iter().flat_map(|(_, a)| a.iter().map(|(name, _)| name)).collect();
    methods.sort();
    methods.dedup();
    for method in methods {
        let all = || {
            let answers = sound.iter().chain(damaged);
            answers.flat_map(|(case, a)| a.iter().filter(|(n, _)| n == method).map(move |(_, s)| (case, s)))
        };
        let good = |score: &Score| score.outcome.as_ref().is_some_and(is_good);
        let wrong: Vec<_> = all().filter(|(_, s)| s.confidence >= BELIEVABLE && !good(s)).collect();
        let shy: Vec<_> = all().filter(|(_, s)| s.confidence < BELIEVABLE && good(s)).collect();
        println!("{method:<10} {:>3} wrong, {:>3} shy, of {}", wrong.len(), shy.len(), all().count());
        wrong.iter().for_each(|(case, s)| println!("    wrong  {}: {} {:?}", case.name, cell(s), s.reasons));
        shy.iter().for_each(|(case, s)| println!("    shy    {}: {} {:?}", case.name, cell(s), s.reasons));
    }
}

/// Everything, for other programs.
pub fn write(path: &str, sound: &Results<'_>, damaged: &Results<'_>, times: Vec<(String, f64)>) {
    let list = |results: &Results<'_>| -> Vec<_> {
        let one = |(case, answers): &(&Case, Vec<(String, Score)>)| {
            let methods: serde_json::Map<_, _> =
                answers.iter().map(|(name, score)| (name.clone(), json!(score))).collect();
            json!({ "image": case.name, "synthetic": case.synthetic, "methods": methods })
        };
        results.iter().map(one).collect()
    };
    let report = json!({
        "command": "cargo bench --bench centerline",
        "whole_volume_seconds": times,
        "images": list(sound),
        "damaged": list(damaged),
    });
    let text = serde_json::to_vec_pretty(&report).unwrap();
    deepseg::files::write_bytes(std::path::Path::new(path), &text).unwrap();
}
