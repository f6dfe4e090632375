//! `deepseg split P`: who trains, validates and tests; and naming, once, who is held out for testing.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::output::{self, CommandResult, Failure, Outcome};
use crate::dataset::Project;
use crate::training::{HeldOut, Part, Plan, TestChoice, Wishes, hold_out, plan, settings};

/// Show who trains, validates and tests, or hold subjects out for testing
///
/// The first training names the test side and keeps it in the project (held_out.json): every later run, seed, fold and sweep
/// tests on the same subjects and trains on none of them. Name them here to choose them yourself. Nothing is written otherwise.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project
    #[arg(value_name = "P", default_value = ".")]
    project: PathBuf,
    /// Hold out this share of the subjects, spread over lesion loads: 0.2
    #[arg(long, value_name = "SHARE", conflicts_with = "test_subjects")]
    test: Option<f64>,
    /// Hold out these subjects: 01,02
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    test_subjects: Vec<String>,
    /// The contrast, where the project has several [default: the most frequent]
    #[arg(long)]
    contrast: Option<String>,
    /// Seed of the division
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Fold K of N
    #[arg(long, value_name = "K/N")]
    fold: Option<String>,
    /// A setting of a run, e.g. split.stratify=false; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Print one JSON object: held_out, sides, notes
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Names the test side where asked to, then tells the division a run would have now.
    pub fn run(self) -> CommandResult {
        let project = Project::open(&self.project)?;
        let wishes = Wishes {
            contrast: self.contrast.clone(),
            seed: self.seed,
            fold: self.fold.clone(),
            set: self.set.clone(),
            ..Wishes::default()
        };
        let config = settings(&project, &wishes).map_err(|e| Failure::usage(e.to_string()))?;
        if let Some(choice) = self.choice(&project) {
            hold_out(&project, config.clone(), &choice)?;
        }
        let plan = plan(&project, config)?;
        let held_out = HeldOut::read(&project)?;
        if self.json {
            output::json(&as_json(&plan, held_out.as_ref()))?;
        } else {
            print(&plan, held_out.as_ref());
        }
        Ok(Outcome::Done)
    }

    /// Names may be given with or without `sub-`.
    fn choice(&self, project: &Project) -> Option<TestChoice> {
        let has = |name: &str| project.scans().iter().any(|scan| scan.subject == name);
        let known = |name: &String| {
            let whole = format!("sub-{name}");
            if !has(name) && has(&whole) { whole } else { name.clone() }
        };
        let named = || TestChoice::Subjects(self.test_subjects.iter().map(known).collect());
        self.test.map(TestChoice::Share).or_else(|| (!self.test_subjects.is_empty()).then(named))
    }
}

/// One side of a plan.
struct Side {
    name: &'static str,
    subjects: BTreeSet<String>,
    scans: usize,
    lesion_mm3: f64,
}

fn sides(plan: &Plan) -> [Side; 3] {
    let voxel_mm3 = plan.config.crop.spacing_mm.powi(3);
    [("train", Part::Train), ("val", Part::Val), ("test", Part::Test)].map(|(name, part)| {
        let on = || plan.config.data.iter().zip(&plan.lesion_voxels).filter(move |(e, _)| e.split == part);
        Side {
            name,
            subjects: on().map(|(entry, _)| entry.subject.clone()).collect(),
            scans: on().count(),
            lesion_mm3: on().map(|(_, voxels)| *voxels as f64).sum::<f64>() * voxel_mm3,
        }
    })
}

fn as_json(plan: &Plan, held_out: Option<&HeldOut>) -> Value {
    let held = held_out.map(|h| json!({ "named": h.named, "seed": h.seed, "subjects": h.subjects }));
    let side = |side: &Side| json!({ "subjects": side.subjects, "scans": side.scans, "lesion_mm3": side.lesion_mm3 });
    let [train, val, test] = sides(plan);
    let sides = json!({ "train": side(&train), "val": side(&val), "test": side(&test) });
    json!({ "held_out": held, "sides": sides, "notes": plan.notes })
}

fn print(plan: &Plan, held_out: Option<&HeldOut>) {
    plan.notes.iter().for_each(output::note);
    match held_out {
        Some(held) => output::line(format_args!(
            "held out for testing since {}: {}",
            held.named,
            held.subjects.iter().cloned().collect::<Vec<_>>().join(", ")
        )),
        None => output::line("nobody is held out yet: the first training names the test side, or --test 0.2"),
    }
    output::line(format_args!("{:<6} {:>8} {:>6} {:>16}", "side", "subjects", "scans", "mm3 lesion/scan"));
    for side in sides(plan) {
        let load = side.lesion_mm3 / side.scans.max(1) as f64;
        let row = format_args!("{:<6} {:>8} {:>6} {load:>16.1}", side.name, side.subjects.len(), side.scans);
        output::line(row);
    }
}
