//! The project directory beside a dataset that is only read.

use std::fs;

use deepseg::dataset::{Contrast, DatasetError, Fix, Permissions, Project, ScanId, Settings};
use proptest::prelude::*;
use serde::Deserialize;

use crate::build::Dataset;

fn small() -> Dataset {
    Dataset::of_names(&[
        "sub-1/anat/sub-1_T2w.nii.gz",
        "sub-2/anat/sub-2_T2w.nii.gz",
        "derivatives/labels/sub-1/anat/sub-1_T2w_lesion-manual.nii.gz",
    ])
}

fn id(text: &str) -> ScanId {
    ScanId::new(text)
}

#[test]
fn a_project_is_what_it_was_when_opened_again() {
    let dataset = small();
    let before = dataset.snapshot();
    let settings =
        Settings { contrast: Some(Contrast::T2s), mask: Some("lesion-manual".into()), ..dataset.settings() };
    let (created, problems) = dataset.create(settings);
    assert!(problems.is_empty(), "{problems:?}");
    let opened = Project::open(&dataset.project_dir()).unwrap();
    assert_eq!(opened.scans(), created.scans());
    assert_eq!(opened.settings(), created.settings());
    let scan = opened.scan(&id("sub-1_T2w")).unwrap();
    assert_eq!(scan.image, dataset.root().join("sub-1/anat/sub-1_T2w.nii.gz"));
    assert_eq!((&scan.contrast, opened.subjects()), (&Contrast::T2s, 2));
    assert!(
        opened.runs_dir().starts_with(opened.dir()) && opened.derivatives_dir().starts_with(opened.dir())
    );
    assert_eq!(dataset.snapshot(), before, "the data was touched");
}

#[test]
fn paths_are_kept_relative_so_that_a_dataset_may_move() {
    let dataset = small();
    dataset.project();
    let list = fs::read_to_string(dataset.project_dir().join("scans.json")).unwrap();
    assert!(!list.contains(dataset.root().to_str().unwrap()), "{list}");
    let moved = dataset.root().with_file_name("elsewhere");
    fs::rename(dataset.root(), &moved).unwrap();
    let file = dataset.project_dir().join("deepseg.toml");
    let text = fs::read_to_string(&file).unwrap().replace("/data\"", "/elsewhere\"");
    fs::write(file, text).unwrap();
    let project = Project::open(&dataset.project_dir()).unwrap();
    assert!(project.scans().iter().all(|scan| scan.image.is_file()));
}

#[test]
fn the_data_folder_is_refused_unless_insisted_on() {
    let dataset = small();
    let inside = dataset.root().join("deep/project");
    let error = Project::create(&inside, dataset.settings()).unwrap_err();
    assert!(matches!(error, DatasetError::InsideDataset { .. }), "{error}");
    assert!(!inside.exists());
    let permissions = Permissions { inside_dataset: true, ..Permissions::default() };
    let (project, _) = Project::create_with(&dataset.root(), dataset.settings(), permissions).unwrap();
    assert_eq!(project.scans().len(), 2);
    // Listing again does not trip over the project's own files.
    fs::create_dir_all(project.derivatives_dir().join("sub-1/anat")).unwrap();
    fs::write(project.derivatives_dir().join("sub-1/anat/sub-1_T2w_lesion-manual.nii.gz"), "").unwrap();
    let (again, problems) = Project::create_with(&dataset.root(), dataset.settings(), permissions).unwrap();
    assert_eq!(again.scans(), project.scans());
    assert!(problems.iter().all(|p| !p.message.contains("deepseg")), "{problems:?}");
}

#[test]
fn another_datasets_project_is_not_overwritten() {
    let (dataset, other) = (small(), small());
    dataset.project().decide(&id("sub-1_T2w"), |d| d.excluded = true).unwrap();
    let error = Project::create(&dataset.project_dir(), other.settings()).unwrap_err();
    assert!(
        matches!(error, DatasetError::OtherDataset { .. }) && error.to_string().contains("--replace"),
        "{error}"
    );
    let permissions = Permissions { replace: true, ..Permissions::default() };
    let (replaced, _) = Project::create_with(&dataset.project_dir(), other.settings(), permissions).unwrap();
    assert_eq!(replaced.settings().root, other.root());
    assert!(!replaced.decision(&id("sub-1_T2w")).excluded, "a decision about other data survived");
}

#[test]
fn making_the_same_project_again_keeps_what_was_said_and_decided() {
    let dataset = small();
    let settings =
        Settings { mask: Some("lesion-manual".into()), contrast: Some(Contrast::T1), ..dataset.settings() };
    let (mut project, _) = dataset.create(settings);
    project.decide(&id("sub-2_T2w"), |d| d.centerline = Some("mask".into())).unwrap();
    let file = dataset.project_dir().join("deepseg.toml");
    let text = fs::read_to_string(&file).unwrap() + "\n# mine\n[train]\nepochs = 3 # few\n";
    fs::write(&file, text).unwrap();
    dataset.file("sub-3/anat/sub-3_T2w.nii.gz", "");
    let (again, _) = dataset.create(Settings { contrast: Some(Contrast::T2), ..dataset.settings() });
    assert_eq!(again.scans().len(), 3);
    assert_eq!(
        (again.settings().mask.as_deref(), &again.settings().contrast),
        (Some("lesion-manual"), &Some(Contrast::T2))
    );
    assert_eq!(again.decision(&id("sub-2_T2w")).centerline.as_deref(), Some("mask"));
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains("# mine\n[train]\nepochs = 3 # few\n"), "{text}");
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Train {
    epochs: u32,
    loss: Loss,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Loss {
    name: String,
}

#[test]
fn other_rooms_read_their_own_section() {
    let dataset = small();
    let project = dataset.project();
    assert_eq!(project.section::<Train>("train").unwrap(), Train::default());
    let file = dataset.project_dir().join("deepseg.toml");
    let text = fs::read_to_string(&file).unwrap();
    let lines = text.lines().count();
    fs::write(&file, format!("{text}[train]\nepochs = 3\n[train.loss]\nname = \"dice\"\n")).unwrap();
    let read: Train = project.section("train").unwrap();
    assert_eq!((read.epochs, read.loss.name.as_str()), (3, "dice"));
    fs::write(&file, format!("{text}[train]\nepocs = 3\n")).unwrap();
    let error = project.section::<Train>("train").unwrap_err().to_string();
    assert!(error.contains(&format!("line {}", lines + 2)) && error.contains("`epocs`"), "{error}");
}

#[test]
fn a_mistake_in_the_settings_is_named_with_its_line() {
    let dataset = small();
    dataset.project();
    let file = dataset.project_dir().join("deepseg.toml");
    let good = fs::read_to_string(&file).unwrap();
    let root_line = 1 + good.lines().position(|line| line.starts_with("root")).unwrap();
    let after_root = |line: &str| good.replacen("\n# How it is", &format!("\n{line}\n# How it is"), 1);
    let cases = [
        (after_root("imge = \"T2w\""), root_line + 1, "imge"),
        (after_root("layout = 3"), root_line + 1, ""),
        (after_root("contrast = [1"), root_line + 2, ""),
        (format!("{good}\n[trian]\n"), good.lines().count() + 2, "trian"),
    ];
    for (text, line, key) in cases {
        fs::write(&file, &text).unwrap();
        let error = Project::open(&dataset.project_dir()).unwrap_err();
        let DatasetError::Settings { line: found, message, .. } = &error else { panic!("{error}") };
        assert!(message.contains(key), "{message}");
        assert!(*found == line || key.is_empty(), "{error} is not line {line}");
    }
}

#[test]
fn a_single_suffix_need_not_be_a_list() {
    let dataset = small();
    dataset.project();
    let file = dataset.project_dir().join("deepseg.toml");
    let text = fs::read_to_string(&file).unwrap().replace("image = []", "image = \"T2w\"");
    fs::write(&file, text).unwrap();
    assert_eq!(Project::open(&dataset.project_dir()).unwrap().settings().image, ["T2w"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a user names things, the file that is written is read back as the same settings.
    #[test]
    fn settings_come_back_whatever_is_in_them(
        image in prop::collection::vec(any::<String>(), 0..3),
        mask in prop::option::of(any::<String>()),
        cord in prop::option::of(any::<String>()),
        contrast in prop::option::of("[a-z0-9_]{1,8}"),
    ) {
        let dataset = small();
        let contrast = contrast.map(Contrast::from);
        let settings = Settings { image, mask, cord, contrast, ..dataset.settings() };
        let (project, _) = dataset.create(settings.clone());
        prop_assert_eq!(project.settings(), &settings);
    }

    /// An id is a safe file name whatever it is made of, and making it again changes nothing.
    #[test]
    fn ids_are_file_names(text in any::<String>()) {
        let id = ScanId::new(&text);
        let name = id.as_str();
        prop_assert!(!name.is_empty() && name.len() <= 200 && !name.starts_with('.'));
        prop_assert!(name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)), "{name}");
        prop_assert_eq!(&ScanId::new(name), &id);
    }
}

#[test]
fn decisions_of_two_windows_do_not_undo_each_other() {
    let dataset = small();
    let (mut one, mut other) = (dataset.project(), Project::open(&dataset.project_dir()).unwrap());
    one.decide(&id("sub-1_T2w"), |d| d.excluded = true).unwrap();
    other.decide(&id("sub-2_T2w"), |d| d.take(Fix::UseImageHeader)).unwrap();
    let opened = Project::open(&dataset.project_dir()).unwrap();
    assert!(opened.decision(&id("sub-1_T2w")).excluded);
    assert!(opened.decision(&id("sub-2_T2w")).has(Fix::UseImageHeader));
    assert_eq!(opened.active_scans().count(), 1);
    let unknown = other.decide(&id("sub-9"), |d| d.excluded = true).unwrap_err();
    assert!(matches!(unknown, DatasetError::UnknownScan(_)));
}

#[test]
fn damaged_and_newer_files_are_refused_not_lost() {
    let dataset = small();
    let mut project = dataset.project();
    let file = dataset.project_dir().join("decisions.json");
    for text in ["{\"version\":1,\"sca", "{\"version\":99,\"scans\":{}}"] {
        fs::write(&file, text).unwrap();
        assert!(matches!(Project::open(&dataset.project_dir()), Err(DatasetError::Damaged { .. })));
        assert!(project.decide(&id("sub-1_T2w"), |d| d.excluded = true).is_err());
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            text,
            "a file that was not understood was overwritten"
        );
    }
    let empty = dataset.root();
    assert!(matches!(Project::open(&empty), Err(DatasetError::NotAProject(_))));
}
