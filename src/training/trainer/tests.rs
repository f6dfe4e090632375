//! The loop on a small made-up cohort: it learns, stops, resumes to the same bytes, survives a full disk and a divergence.

use std::fs;
use std::path::Path;

use ndarray::Array3;

use super::*;
use crate::network::ModelFile;
use crate::preprocess::CropSettings;
use crate::training::patches::Sample;
use crate::training::{
    AugmentConfig, EarlyStopConfig, Event, NetworkChoice, OptimiserConfig, OptimiserKind, PatchConfig,
    RunDir, ScheduleConfig, guarded,
};

const SIZE: usize = 16;

fn config(epochs: u32) -> TrainConfig {
    let mut config = TrainConfig {
        epochs,
        lr: 1e-2,
        device: "cpu".into(),
        network: NetworkChoice::Described(toml::from_str("depth = 2\nbase = 2").unwrap()),
        patch: PatchConfig { size: SIZE, overlap: SIZE / 2, include_empty: false, foreground: 0.0 },
        augment: AugmentConfig::default(),
        ..Default::default()
    };
    config.crop.size = SIZE;
    config
}

/// A dark tube with a bright ball in it: the lesion.
fn sample(number: usize, depth: usize) -> Sample {
    let centre = [5 + number % 5, 9 - number % 4, depth / 3 + number % 7];
    let inside = |(x, y, z): (usize, usize, usize)| {
        let squares = [x, y, z].into_iter().zip(centre).map(|(a, b)| a.abs_diff(b).pow(2));
        squares.sum::<usize>() <= 10
    };
    let noise = |(x, y, z)| ((x * 7 + y * 13 + z * 29 + number * 5) % 17) as f32 / 20.0;
    let image = |at| noise(at) + if inside(at) { 2.0 } else { 0.0 };
    Sample {
        scan: format!("scan-{number}"),
        image: Array3::from_shape_fn((SIZE, SIZE, depth), image),
        mask: Array3::from_shape_fn((SIZE, SIZE, depth), |at| u8::from(inside(at))),
        padding: 0.0,
    }
}

fn cohort() -> TrainingData {
    TrainingData {
        train: vec![sample(0, 40), sample(1, 30), sample(2, 16)],
        val: vec![sample(8, 37)],
        crop: CropSettings { size: SIZE, ..Default::default() },
        intensities: Intensities { landmarks: None, mean: 0.0, std: 1.0 },
        notes: Vec::new(),
    }
}

fn go(run: &mut RunWriter, config: &TrainConfig, stop: &StopSignal) -> Result<Summary, TrainingError> {
    train_on(config, run, stop, |_| Ok(cohort()))
}

fn fresh(place: &Path, config: &TrainConfig) -> RunWriter {
    RunWriter::create(RunDir::new(place), config).unwrap()
}

fn files(dir: &RunDir) -> [Vec<u8>; 2] {
    [dir.best_model(), dir.last_checkpoint()].map(|path| fs::read(path).unwrap())
}

fn events(dir: &RunDir) -> Vec<EventKind> {
    let text = fs::read(dir.events()).unwrap();
    text.split(|byte| *byte == b'\n').filter_map(Event::from_line).map(|event| event.kind).collect()
}

/// A run without interruption.
fn straight(place: &Path, config: &TrainConfig) -> [Vec<u8>; 2] {
    let mut run = fresh(place, config);
    go(&mut run, config, &StopSignal::manual()).unwrap();
    files(run.dir())
}

/// Every state a training can have at once: momentum, clipped groups of batches, an average, a climbing rate.
fn with_every_state(epochs: u32) -> TrainConfig {
    TrainConfig {
        optimiser: OptimiserConfig {
            kind: OptimiserKind::Sgd,
            clip: 0.5,
            accumulate: 3,
            ema: 0.9,
            ..Default::default()
        },
        schedule: ScheduleConfig { kind: ScheduleKind::Cosine, warmup: 2, ..Default::default() },
        early_stop: EarlyStopConfig { patience: 100, min_delta: 0.01 },
        ..config(epochs)
    }
}

#[test]
fn it_learns_to_find_the_ball() {
    let place = tempfile::tempdir().unwrap();
    let mut run = fresh(place.path(), &config(30));
    let summary = go(&mut run, &config(30), &StopSignal::manual()).unwrap();
    assert!(summary.best_dice.unwrap() > 0.8, "{summary:?}");
    let (model, _) = ModelFile::load(&summary.model).unwrap();
    assert_eq!(Some(model.threshold), summary.threshold);
    assert_eq!(model.training.unwrap().val_scans, 1);
    let epochs = events(run.dir()).iter().filter(|kind| matches!(kind, EventKind::Epoch { .. })).count();
    assert_eq!(epochs, 30);
}

#[test]
fn three_epochs_resumed_to_five_equal_five() {
    let place = tempfile::tempdir().unwrap();
    let whole = straight(&place.path().join("whole"), &config(5));
    let dir = RunDir::new(place.path().join("parts"));
    go(&mut fresh(dir.path(), &config(5)), &config(3), &StopSignal::manual()).unwrap();
    let (mut run, _) = RunWriter::resume(dir.clone()).unwrap();
    go(&mut run, &config(5), &StopSignal::manual()).unwrap();
    assert!(files(&dir) == whole, "the bytes differ");
    assert!(events(&dir).iter().any(|kind| matches!(kind, EventKind::Started { resumed: true, .. })));
}

#[test]
fn a_stop_inside_an_epoch_changes_nothing_but_the_clock() {
    let place = tempfile::tempdir().unwrap();
    for (name, config) in [("plain", config(5)), ("every", with_every_state(5))] {
        let whole = straight(&place.path().join(format!("{name}-whole")), &config);
        let dir = RunDir::new(place.path().join(name));
        let mut run = fresh(dir.path(), &config);
        let stop = StopSignal::manual();
        let mut trainer = Trainer::begin(&config, &mut run, &stop, |_| Ok(cohort())).unwrap().unwrap();
        trainer.epoch().unwrap();
        (0..2).for_each(|_| trainer.step().unwrap());
        stop.ask(StopRequest::Clean);
        let summary = trainer.run().unwrap();
        assert_eq!((summary.status, summary.epochs), (FinishStatus::Stopped, 1));
        drop(run);
        let (mut run, _) = RunWriter::resume(dir.clone()).unwrap();
        go(&mut run, &config, &StopSignal::manual()).unwrap();
        assert!(files(&dir) == whole, "{name}: the bytes differ");
    }
}

#[test]
fn a_run_that_no_longer_gets_better_ends_and_goes_on_when_it_is_made_longer() {
    let place = tempfile::tempdir().unwrap();
    let dir = RunDir::new(place.path());
    // Nothing is better by that much.
    let early_stop = EarlyStopConfig { patience: 2, min_delta: 10.0 };
    let with = |epochs| TrainConfig { early_stop: early_stop.clone(), ..config(epochs) };
    let summary = go(&mut fresh(dir.path(), &with(9)), &with(9), &StopSignal::manual()).unwrap();
    assert_eq!((summary.status, summary.epochs), (FinishStatus::Done, 3));
    assert!(summary.sentence().contains("no better loss for 2 epochs"), "{}", summary.sentence());
    let again = |epochs| {
        let (mut run, _) = RunWriter::resume(dir.clone()).unwrap();
        go(&mut run, &with(epochs), &StopSignal::manual()).unwrap().epochs
    };
    assert_eq!(again(9), 3, "the same length is over");
    assert_eq!(again(12), 5, "a longer one waits anew");
}

#[test]
fn a_longer_run_is_laid_out_anew_and_says_so() {
    let place = tempfile::tempdir().unwrap();
    let dir = RunDir::new(place.path());
    let schedule = ScheduleConfig { kind: ScheduleKind::Poly, ..Default::default() };
    let with = |epochs| TrainConfig { schedule: schedule.clone(), ..config(epochs) };
    go(&mut fresh(dir.path(), &with(2)), &with(2), &StopSignal::manual()).unwrap();
    let (mut run, _) = RunWriter::resume(dir.clone()).unwrap();
    go(&mut run, &with(4), &StopSignal::manual()).unwrap();
    let events = events(&dir);
    let rates = events.iter().filter_map(|kind| match kind {
        EventKind::Epoch { lr, .. } => Some(*lr / config(4).lr),
        _ => None,
    });
    let power = |share: f64| share.powf(0.9);
    for (got, want) in rates.zip([1.0, power(0.5), power(0.5), power(0.25)]) {
        assert!((got - want).abs() < 1e-12, "{got} instead of {want}");
    }
    let said = |kind: &EventKind| matches!(kind, EventKind::Warning { message } if message.contains("for 2 epochs and now for 4"));
    assert!(events.iter().any(said));
}

#[test]
fn long_epochs_are_saved_on_the_way() {
    let place = tempfile::tempdir().unwrap();
    let config = TrainConfig { checkpoint_minutes: 1e-9, ..config(1) };
    let mut run = fresh(place.path(), &config);
    go(&mut run, &config, &StopSignal::manual()).unwrap();
    let saved = |kind: &&EventKind| matches!(kind, EventKind::Checkpoint { best: false, .. });
    // Four batches and the end of the epoch.
    assert_eq!(events(run.dir()).iter().filter(saved).count(), 5);
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_a_warning() {
    let place = tempfile::tempdir().unwrap();
    let mut run = fresh(place.path(), &config(2));
    let folder = run.dir().checkpoints();
    fs::remove_dir(&folder).unwrap();
    fs::write(&folder, "in the way").unwrap();
    let summary = go(&mut run, &config(2), &StopSignal::manual()).unwrap();
    assert_eq!((summary.epochs, summary.best_epoch), (2, None));
    let warned =
        |kind: &EventKind| matches!(kind, EventKind::Warning { message } if message.contains("goes on"));
    assert!(events(run.dir()).iter().any(warned));
}

#[test]
fn divergence_stops_with_the_last_good_checkpoint() {
    let place = tempfile::tempdir().unwrap();
    let dir = RunDir::new(place.path());
    go(&mut fresh(dir.path(), &config(9)), &config(1), &StopSignal::manual()).unwrap();
    let good = files(&dir);
    let (mut run, _) = RunWriter::resume(dir.clone()).unwrap();
    let poisoned = |_| {
        let mut data = cohort();
        data.train[0].image[[3, 3, 3]] = f32::NAN;
        Ok(data)
    };
    let message =
        guarded(&mut run, |run| train_on(&config(9), run, &StopSignal::manual(), poisoned)).unwrap_err();
    assert!(message.contains("epoch 2") && message.contains("last.safetensors"), "{message}");
    assert!(message.contains("--lr") && message.contains("the loss became NaN"), "{message}");
    assert!(files(&dir) == good, "the good checkpoint was touched");
    assert!(matches!(events(&dir).last(), Some(EventKind::Finished { status: FinishStatus::Failed, .. })));
}
