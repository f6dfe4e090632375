use std::time::{Duration, Instant};

use super::*;
use crate::training::{EVENT_VERSION, Event, EventKind, TrainConfig};

fn epoch(n: u32, train_loss: Option<f64>) -> EventKind {
    EventKind::Epoch {
        train_loss,
        val_loss: train_loss.map(|l| l + 0.1),
        val_dice: Some(0.1),
        lr: 1e-3,
        seconds: f64::from(n % 3),
        patches_per_second: 2.0,
        waited: None,
    }
}

fn event(seq: u64, epoch: u32, step: u64, kind: EventKind) -> Event {
    Event { v: EVENT_VERSION, seq, time: 1.0, epoch, step, kind }
}

#[test]
fn a_missing_value_becomes_a_gap_in_its_curve() {
    let mut history = History::default();
    for n in 1..=3 {
        history.apply(&event(0, n, u64::from(n), epoch(n, (n != 2).then_some(0.5))));
    }
    let curves = curves(&history);
    assert_eq!(curves.train.len(), 3);
    assert!(curves.train[1].1.is_nan() && curves.train[2].1 == 0.5);
    assert!(curves.trouble().is_some());
}

#[test]
fn the_load_is_told_in_words_and_by_epoch() {
    let load = SystemLoad {
        gpu_load: Some(0.93),
        gpu_memory_total: Some(80 << 30),
        gpu_process_memory: Some(3 << 30),
        gpu_temperature: Some(61.2),
        cpu_load: Some(0.0),
        ..SystemLoad::default()
    };
    let mut history = History { steps_per_epoch: 10, ..History::default() };
    history.apply(&event(0, 2, 15, EventKind::System(load)));
    let facts = facts(&history, "CUDA GPU 0");
    assert_eq!(facts[0], ("GPU", "█ 93 %, 3.0 of 80.0 GiB, 61 °C".to_owned()));
    assert_eq!(facts[1], ("CPU", "▁ 0 %".to_owned()));
    let curves = curves(&history);
    assert_eq!((curves.memory, curves.gpu), (vec![(1.5, 3.0)], vec![(1.5, 93.0)]));
}

/// A run of a thousand epochs, ten steps each.
fn long_run(dir: &RunDir) {
    dir.create().unwrap();
    TrainConfig::default().write(&dir.config()).unwrap();
    let mut bytes = Vec::new();
    let mut seq = 0;
    let mut add = |epoch, step, kind| {
        bytes.extend(event(seq, epoch, step, kind).to_line());
        seq += 1;
    };
    for n in 1..=1000 {
        for step in 0..10 {
            add(n, u64::from(n) * 10 + step, EventKind::Step { loss: Some(0.5), lr: 1e-3, seconds: 0.1 });
        }
        add(n, u64::from(n) * 10 + 10, epoch(n, Some(1.0 / f64::from(n))));
    }
    std::fs::write(dir.events(), bytes).unwrap();
}

#[test]
fn twenty_runs_of_a_thousand_epochs_open_and_overlay_quickly() {
    let place = tempfile::tempdir().unwrap();
    let runs: Vec<PathBuf> =
        (0..20).map(|n| place.path().join(format!("20260101T0000{n:02}Z-small"))).collect();
    long_run(&RunDir::new(&runs[0]));
    for run in &runs[1..] {
        std::fs::create_dir(run).unwrap();
        for file in ["config.toml", "events.jsonl"] {
            std::fs::copy(runs[0].join(file), run.join(file)).unwrap();
        }
    }
    let mut followed = Followed::default();
    let look = Look { selected: Some(runs[0].clone()), marked: runs[..8].to_vec(), pane: Pane::Curves };
    let begin = Instant::now();
    let first = followed.news(place.path(), look.clone());
    let opened = begin.elapsed();
    assert_eq!((first.runs.len(), first.curves.len()), (20, 9));
    let mut news = first;
    while news.runs.iter().any(|r| r.epoch < 1000) {
        news = followed.news(place.path(), look.clone());
    }
    eprintln!("20 runs of 1000 epochs: list after {opened:?}, all of it after {:?}", begin.elapsed());
    assert!(news.curves.iter().all(|(_, curves)| curves.val.len() == 1000));
    let begin = Instant::now();
    followed.news(place.path(), look);
    let again = begin.elapsed();
    // Ten times what was measured alone on two cores, for tests share them.
    assert!(opened < Duration::from_secs(2) && again < Duration::from_millis(500), "{opened:?} {again:?}");
}
