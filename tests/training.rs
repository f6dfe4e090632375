//! A run on real scans, from a dataset to a model: data chosen and frozen, trained, the model read back and used.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;

use deepseg::dataset::{Contrast, Project, ScanId, Settings};
use deepseg::network::{Device, ModelFile, Predictor};
use deepseg::preprocess::load_crop;
use deepseg::testing::shared;
use deepseg::training::{
    EpochSample, Event, EventKind, FinishStatus, HeldOut, Part, RunDir, RunWriter, StopRequest, StopSignal,
    TrainConfig, prepare_and_train,
};

fn project(dir: &Path) -> Option<Project> {
    let settings = Settings {
        contrast: Some(Contrast::T2s),
        image: vec!["T2starw".into()],
        mask: Some("gmseg-manual".into()),
        cord: Some("seg-manual".into()),
        ..Settings::new(shared("data/bids-gm")?)
    };
    Some(Project::create(dir, settings).unwrap().0)
}

fn config(project: &Project) -> TrainConfig {
    TrainConfig { project: project.dir().to_owned(), epochs: 2, device: "cpu".into(), ..Default::default() }
}

fn events(dir: &RunDir) -> Vec<EventKind> {
    let text = std::fs::read(dir.events()).unwrap();
    text.split(|byte| *byte == b'\n').filter_map(Event::from_line).map(|event| event.kind).collect()
}

#[test]
fn a_dataset_becomes_a_model() {
    let place = tempfile::tempdir().unwrap();
    let Some(project) = project(&place.path().join("p")) else { return };
    let wanted = config(&project);
    let mut run = RunWriter::create(RunDir::new(place.path().join("r")), &wanted).unwrap();
    let summary = prepare_and_train(wanted, &mut run, &StopSignal::manual(), true).unwrap();
    assert_eq!((summary.status, summary.epochs), (FinishStatus::Done, 2));

    let frozen = TrainConfig::read(&run.dir().config()).unwrap();
    let sides = [Part::Train, Part::Val, Part::Test].map(|part| frozen.part(part).count());
    assert_eq!(sides, [2, 1, 1]);
    let held = HeldOut::read(&project).unwrap().expect("the first run names the test side");
    assert!(held.subjects.iter().eq(frozen.part(Part::Test).map(|entry| &entry.subject)));
    let left_out =
        |kind: &EventKind| matches!(kind, EventKind::Warning { message } if message.contains("run-2"));
    assert!(events(run.dir()).iter().any(left_out), "the scans without a mask are not mentioned");

    let sample = EpochSample::read(&run.dir().samples().join(EpochSample::name(2))).unwrap();
    assert_eq!(sample.scan, frozen.part(Part::Val).next().unwrap().id);
    assert!(sample.truth.iter().any(|v| *v > 0), "the slices have a lesion");
    assert_eq!(std::fs::read_dir(run.dir().tensorboard()).unwrap().count(), 1);

    let (model, weights) = ModelFile::load(&summary.model).unwrap();
    let predictor = Predictor::new(&model.architecture, &weights, &Device::CPU).unwrap();
    let test = frozen.part(Part::Test).next().unwrap();
    let crop = load_crop(&project, project.scan(&ScanId::new(&test.id)).unwrap()).unwrap();
    let image = model.intensities.apply(&crop);
    let patch = image.slice(ndarray::s![.., .., ..48]);
    let p = predictor.probabilities(patch.iter().copied().collect(), 1, [48; 3]).unwrap();
    assert!(p.iter().all(|p| (0.0..=1.0).contains(p)));
}

#[test]
fn a_stop_before_the_first_step_leaves_a_run_that_can_go_on() {
    let place = tempfile::tempdir().unwrap();
    let Some(project) = project(&place.path().join("p")) else { return };
    let dir = RunDir::new(place.path().join("r"));
    let stop = StopSignal::manual();
    stop.ask(StopRequest::Clean);
    let wanted = config(&project);
    let mut run = RunWriter::create(dir.clone(), &wanted).unwrap();
    let summary = prepare_and_train(wanted, &mut run, &stop, true).unwrap();
    assert_eq!((summary.status, summary.epochs), (FinishStatus::Stopped, 0));
    drop(run);
    let (mut run, config) = RunWriter::resume(dir).unwrap();
    let summary = prepare_and_train(config, &mut run, &StopSignal::manual(), true).unwrap();
    assert_eq!((summary.status, summary.epochs), (FinishStatus::Done, 2));
}
