//! Bad settings and bad data are answered with one sentence before anything is trained, and leave nothing behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod cohort;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cohort::{Cohort, said};
use deepseg::dataset::Contrast;
use deepseg::network::{Architecture, ModelFile, Provenance, Weights};
use deepseg::preprocess::{CropSettings, Intensities};

/// Trains for one epoch with these words; the exit code, and the sentence.
fn refused(cohort: &Cohort, words: &[&str]) -> (i32, String) {
    let done = cohort.train(&[&["--epochs", "1"], words].concat()).output().unwrap();
    let text = said(&done);
    let code = done.status.code().unwrap();
    assert!(code == 1 || code == 2, "{words:?}: exit code {code}, {text}");
    let sentences: Vec<&str> = text.lines().filter(|line| line.starts_with("deepseg: ")).collect();
    assert_eq!(sentences.len(), 1, "{words:?} is answered with: {text}");
    let runs = fs::read_dir(cohort.path("p/runs")).map(|entries| entries.count()).unwrap_or(0);
    assert_eq!(runs, 0, "{words:?} leaves a run directory behind");
    (code, sentences[0].to_owned())
}

fn is_answered(cohort: &Cohort, words: &[&str], code: i32, with: &[&str]) {
    let (got, sentence) = refused(cohort, words);
    assert_eq!(got, code, "{sentence}");
    assert!(with.iter().all(|part| sentence.contains(part)), "{words:?}: {sentence} lacks one of {with:?}");
}

/// A model of the network that `architecture` describes.
fn model(cohort: &Cohort, name: &str, architecture: &Architecture) {
    let intensities = Intensities { landmarks: None, mean: 28.0, std: 10.0 };
    let (crop, from) = (CropSettings::default(), Provenance::of("a test"));
    let model = ModelFile::new(architecture.clone(), crop, intensities, Contrast::T2, from);
    model.save(&cohort.path(name), &Weights::initial(architecture, 1)).unwrap();
}

#[test]
fn bad_settings_are_named() {
    let cohort = Cohort::new(4);
    model(&cohort, "other.safetensors", &Architecture::small());
    model(&cohort, "same.safetensors", &Architecture::unet3d(2, 2).unwrap());
    fs::write(cohort.path("notes.txt"), "not a model").unwrap();
    fs::create_dir(cohort.path("closed")).unwrap();
    fs::set_permissions(cohort.path("closed"), fs::Permissions::from_mode(0o555)).unwrap();
    let cases: [(&[&str], i32, &[&str]); 13] = [
        (&["--set", "optimiser.klip=1"], 2, &["optimiser.klip", "optimiser.clip"]),
        (&["--set", "loss.kind=hinge"], 2, &["loss.kind", "tversky"]),
        (&["--set", "optimiser.ema=1"], 2, &["optimiser.ema", "below 1"]),
        (&["--set", "patch.size=15"], 2, &["multiples of 2", "15"]),
        (&["--fold", "6/5"], 2, &["split.fold", "1/5"]),
        (&["--init", "other.safetensors"], 2, &["other.safetensors", "--network"]),
        (&["--init", "notes.txt"], 2, &["notes.txt"]),
        (&["--init", "nowhere.safetensors"], 2, &["nowhere.safetensors"]),
        (&["--init", "same.safetensors", "--set", "fine_tune.freeze=encoder"], 2, &["`encoder`", "enc.0.0"]),
        (&["--preset", "fine-tune"], 2, &["--init"]),
        (&["--batch", "100000"], 2, &["smaller batch"]),
        (&["--set", "device=cuda:7"], 2, &["--device"]),
        (&["--set", "intensities.zscore=model"], 2, &["--init"]),
    ];
    for (words, code, with) in cases {
        is_answered(&cohort, words, code, with);
    }
    // Root may write anywhere.
    if fs::write(cohort.path("closed/probe"), "").is_err() {
        is_answered(&cohort, &["--run-dir", "closed/run"], 1, &["closed/run", "cannot write"]);
    }
}

#[test]
fn data_that_cannot_be_learnt_from_are_named() {
    let empty = Cohort::empty();
    (0..3).for_each(|number| empty.subject(number, |_, _, _| false));
    empty.project();
    is_answered(&empty, &[], 1, &["lesion"]);

    let unlabelled = Cohort::empty();
    unlabelled.subject(0, |_, _, _| false);
    fs::remove_dir_all(unlabelled.path("data/derivatives")).unwrap();
    unlabelled.project();
    is_answered(&unlabelled, &[], 2, &["mask"]);

    is_answered(&Cohort::new(2), &["--fold", "1/4"], 1, &["4 folds", "there are 2"]);
}

#[test]
fn a_resumed_run_keeps_its_settings() {
    let cohort = Cohort::new(3);
    let first = cohort.train(&["--epochs", "1", "--run-dir", "r"]).output().unwrap();
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    let done = cohort.run(&["train", "p", "--run-dir", "r", "--resume", "--lr", "0.1"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(said(&done).contains("only --epochs and --device"), "{}", said(&done));
}

#[test]
fn a_model_is_taken_up_with_its_network_and_frozen_with_its_hash() {
    let cohort = Cohort::new(4);
    model(&cohort, "m.safetensors", &Architecture::unet3d(2, 3).unwrap());
    let words = ["train", "p", "--init", "m.safetensors", "--preset", "fine-tune", "--epochs", "1"];
    let rest = ["--set", "patch.size=16", "--set", "patch.overlap=8", "--device", "cpu", "--run-dir", "r"];
    let frozen = ["--set", "fine_tune.freeze=enc.0"];
    let done = cohort.run(&[&words[..], &rest, &frozen].concat());
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let config = deepseg::training::TrainConfig::read(&cohort.path("r/config.toml")).unwrap();
    let hash = deepseg::files::content_hash(&cohort.path("m.safetensors")).unwrap();
    assert_eq!(config.init_hash, Some(hash));
    assert!(config.lr < 1e-3 && config.fine_tune.encoder_rate < 1.0);
    let (before, _) = ModelFile::load(&cohort.path("m.safetensors")).unwrap();
    let (after, weights) = ModelFile::load(&cohort.path("r/checkpoints/best.safetensors")).unwrap();
    assert_eq!((&after.architecture, after.intensities), (&before.architecture, before.intensities));
    let start = Weights::initial(&before.architecture, 1);
    for (now, then) in weights.tensors().iter().zip(start.tensors()) {
        let is_frozen = now.name.starts_with("enc.0.");
        assert_eq!(now == then, is_frozen, "{}", now.name);
    }
    let again =
        cohort.run(&[&words[..3], &["r"], &["--epochs", "1"], &rest[..6], &["--run-dir", "s"]].concat());
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
}
