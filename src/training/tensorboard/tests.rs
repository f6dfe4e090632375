//! The files as a reader of our own sees them, and as TensorBoard's own reader does where it is at hand.

use std::process::Command;

use prost::Message;

use super::message::{Entry, What};
use super::record::masked;
use super::*;
use crate::training::{RunDir, RunWriter, TrainConfig};

fn started() -> EventKind {
    EventKind::Started {
        epochs: 4,
        steps_per_epoch: 2,
        device: String::new(),
        parameters: 0,
        train_patches: 4,
        val_patches: 1,
        resumed: false,
    }
}

fn epoch(loss: f64) -> EventKind {
    EventKind::Epoch {
        train_loss: Some(loss),
        val_loss: Some(loss + 0.1),
        val_dice: Some(0.0),
        lr: 1e-3,
        seconds: 1.0,
        patches_per_second: f64::NAN,
        waited: None,
    }
}

/// Two processes of one run: epochs 1 to 3, then again from 3 on.
fn run(place: &Path) -> RunDir {
    let dir = RunDir::new(place.join("r"));
    let mut run = RunWriter::create(dir.clone(), &TrainConfig::default()).unwrap();
    run.emit(started()).unwrap();
    for n in 1..=3 {
        run.at(n, 2 * u64::from(n));
        run.emit(epoch(f64::from(n))).unwrap();
    }
    drop(run);
    // Names hold the second of their beginning; the process is the same in this test.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let (mut run, _) = RunWriter::resume(dir.clone()).unwrap();
    run.at(3, 4);
    run.emit(started()).unwrap();
    run.at(3, 6);
    run.emit(epoch(30.0)).unwrap();
    dir
}

/// Files of the run in the order of their names.
fn files(dir: &RunDir) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(dir.tensorboard()).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

/// Every record of a file, its checksums checked.
fn entries(path: &Path) -> Vec<Entry> {
    let bytes = fs::read(path).unwrap();
    let mut rest = bytes.as_slice();
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        let payload = &rest[12..12 + length];
        assert_eq!(rest[8..12], masked(&rest[..8]).to_le_bytes());
        assert_eq!(rest[12 + length..16 + length], masked(payload).to_le_bytes());
        entries.push(Entry::decode(payload).unwrap());
        rest = &rest[16 + length..];
    }
    entries
}

#[test]
fn each_process_writes_a_file_that_begins_where_it_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let files = files(&run(place.path()));
    assert_eq!(files.len(), 2);
    let first = entries(&files[0]);
    assert_eq!(first.len(), 2 + 3);
    assert_eq!(first[0].what, Some(What::FileVersion("brain.Event:2".into())));
    let Some(What::Summary(summary)) = &first[2].what else { panic!("{first:?}") };
    let tags: Vec<&str> = summary.values.iter().map(|v| v.tag.as_str()).collect();
    assert_eq!(tags, ["loss/train", "loss/val", "dice/val", "lr", "epoch", "seconds_per_epoch"]);
    let second = entries(&files[1]);
    assert_eq!(second[1].step, 5, "steps after the checkpoint's are forgotten");
}

#[test]
fn a_place_that_refuses_costs_one_warning_and_no_run() {
    let place = tempfile::tempdir().unwrap();
    let dir = RunDir::new(place.path().join("r"));
    let mut run = RunWriter::create(dir.clone(), &TrainConfig::default()).unwrap();
    fs::write(dir.tensorboard(), "in the way").unwrap();
    run.emit(started()).unwrap();
    run.emit(epoch(1.0)).unwrap();
    run.emit(epoch(2.0)).unwrap();
    let text = fs::read_to_string(dir.events()).unwrap();
    assert_eq!(text.matches("TensorBoard").count(), 1, "{text}");
    assert_eq!(text.matches("\"kind\":\"epoch\"").count(), 2);
}

/// Prints tag, step and value of everything TensorBoard's own reader finds below a folder.
const READER: &str = "
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
board = EventAccumulator(sys.argv[1]).Reload()
for tag in sorted(board.Tags()['scalars']):
    print(tag, *(f'{e.step}:{e.value:g}' for e in board.Scalars(tag)))
";

#[test]
fn tensorboards_own_reader_sees_one_line_per_curve() {
    let Some(python) = std::env::var_os("DEEPSEG_ORACLE_PYTHON") else {
        eprintln!("skipped: DEEPSEG_ORACLE_PYTHON names no Python with tensorboard");
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let dir = run(place.path());
    let read = Command::new(python).args(["-c", READER]).arg(dir.tensorboard()).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let text = String::from_utf8(read.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.contains(&"loss/train 2:1 4:2 6:30"), "{text}");
    assert!(lines.contains(&"dice/val 2:0 4:0 6:0"), "{text}");
}
