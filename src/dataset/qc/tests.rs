//! Marks of a project of empty files: given, taken back, exchanged.

use super::*;
use crate::dataset::{DatasetError, Project, ScanId, Settings};
use proptest::prelude::*;
use std::path::PathBuf;

struct Place {
    dir: tempfile::TempDir,
    project: Project,
}

impl Place {
    fn with(images: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for image in images {
            let path = dir.path().join("data").join(image);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let (project, _) =
            Project::create(&dir.path().join("project"), Settings::new(dir.path().join("data"))).unwrap();
        Self { dir, project }
    }

    fn bids() -> Self {
        Self::with(&[
            "sub-01/anat/sub-01_T1w.nii.gz",
            "sub-01/anat/sub-01_T2w.nii.gz",
            "sub-02/ses-a/anat/sub-02_ses-a_T2w.nii.gz",
            "sub-02/ses-b/anat/sub-02_ses-b_T2w.nii.gz",
        ])
    }

    fn marks(&self) -> QcMarks {
        QcMarks::of_project(&self.project).unwrap()
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn import(&self, name: &str, text: &str, verdict: Option<Verdict>) -> Result<Imported, DatasetError> {
        let meaning = Meaning { verdict, kind: QcKind::Lesion };
        self.marks().import(&self.project, &self.file(name, text), &meaning)
    }

    /// Every mark as `scan kind verdict`.
    fn said(&self) -> Vec<String> {
        let word = |verdict: Option<Verdict>| verdict.map_or("-", Verdict::name);
        self.marks().all().map(|(scan, kind, mark)| format!("{scan} {kind} {}", word(mark.verdict))).collect()
    }
}

fn id(name: &str) -> ScanId {
    ScanId::new(name)
}

#[test]
fn marks_are_given_with_name_and_time_and_taken_back() {
    let place = Place::bids();
    let (mut marks, scan) = (place.marks(), id("sub-01_T2w"));
    marks
        .set(std::slice::from_ref(&scan), &QcKind::Centerline, Some(Verdict::Fail), Some(" leaves the cord "))
        .unwrap();
    let stored = place.marks();
    let mark = stored.mark(&scan, &QcKind::Centerline).unwrap();
    assert_eq!((mark.verdict, mark.comment.as_str()), (Some(Verdict::Fail), "leaves the cord"));
    assert!(!mark.by.is_empty() && mark.at.parse::<jiff::Timestamp>().is_ok(), "{mark:?}");
    assert_eq!((stored.of(&scan).count(), stored.of(&id("sub-01_T1w")).count()), (1, 0));
    // Two windows: neither loses what the other wrote.
    let mut other = place.marks();
    marks.set(&[id("sub-01_T1w")], &QcKind::Seg, Some(Verdict::Pass), None).unwrap();
    other.set(std::slice::from_ref(&scan), &QcKind::Centerline, None, None).unwrap();
    assert_eq!(place.said(), ["sub-01_T1w FILES_SEG pass"]);
}

#[test]
fn a_damaged_or_newer_file_is_said_and_kept() {
    let place = Place::bids();
    let file = place.project.dir().join("qc.json");
    for (text, expected) in
        [("{", "cannot be understood"), (r#"{"version": 2, "scans": {}}"#, "newer deepseg")]
    {
        std::fs::write(&file, text).unwrap();
        let said = QcMarks::of_project(&place.project).unwrap_err().to_string();
        assert!(said.contains("qc.json") && said.contains(expected), "{said}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn marks_stay_with_their_dataset() {
    let place = Place::bids();
    place.marks().set(&[id("sub-01_T2w")], &QcKind::Seg, Some(Verdict::Pass), None).unwrap();
    let again = |permissions, root: &std::path::Path| {
        Project::create_with(place.project.dir(), Settings::new(root), permissions).unwrap();
        place.said().len()
    };
    assert_eq!(again(Default::default(), &place.dir.path().join("data")), 1);
    let other = Place::bids();
    let replace = crate::dataset::Permissions { replace: true, ..Default::default() };
    assert_eq!(again(replace, &other.dir.path().join("data")), 0);
}

#[test]
fn lists_mark_the_scans_they_mean() {
    let place = Place::bids();
    let list = "FILES_SEG:\n    - /old/place/data_processed/sub-01/anat/sub-01_T2w.nii.gz\n    - sub-02_ses-b_T2w_seg.nii.gz\n\
                CORR_LESION:\n    - sub-01_T1w.nii.gz\nFILES_COMPRESSION:\n- sub-01_T1w.nii.gz\n- sub-03_T2w.nii.gz\nNAME:\n- Jo\n";
    let imported = place.import("qc_fail (1).yml", list, None).unwrap();
    let expected = [
        "sub-01_T1w FILES_LESION pass",
        "sub-01_T1w FILES_COMPRESSION fail",
        "sub-01_T2w FILES_SEG fail",
        "sub-02_ses-b_T2w FILES_SEG fail",
    ];
    assert_eq!(place.said(), expected);
    let lost: Vec<&str> = imported.unmatched.iter().map(|u| u.name.as_str()).collect();
    assert_eq!((imported.marked.len(), lost), (4, vec!["NAME", "sub-03_T2w.nii.gz"]));
    let marks = place.marks();
    let corrected = marks.mark(&id("sub-01_T1w"), &QcKind::Lesion).unwrap();
    assert_eq!((corrected.comment.as_str(), corrected.by.as_str()), ("corrected by hand", "qc_fail (1).yml"));
}

#[test]
fn plain_lists_need_a_verdict_and_take_subjects() {
    let place = Place::bids();
    let said = place.import("exclude.yml", "- sub-01\n", None).unwrap_err().to_string();
    assert!(said.contains("exclude.yml") && said.contains("--mark"), "{said}");
    let imported =
        place.import("exclude.yml", "- sub-01\n- sub-02/ses-a\n- sub-9\n", Some(Verdict::Artifact)).unwrap();
    assert_eq!(
        place.said(),
        ["sub-01_T1w", "sub-01_T2w", "sub-02_ses-a_T2w"].map(|scan| format!("{scan} FILES_LESION artifact"))
    );
    assert_eq!(imported.unmatched.len(), 1);
}

#[test]
fn of_equal_names_the_nearest_path_is_meant() {
    let place = Place::with(&["Sub001/T2/img.nii.gz", "Sub002/T2/img.nii.gz", "Sub002/T2s/img.nii.gz"]);
    assert_eq!(place.project.scans().len(), 3);
    let imported =
        place.import("qc_pass.yml", "FILES_SEG:\n- /x/Sub002/T2/img.nii.gz\n- img.nii.gz\n", None).unwrap();
    assert_eq!(place.project.scan(&imported.marked[0].0).unwrap().image, place.project.scans()[1].image);
    assert!(imported.unmatched[0].why.contains("3 scans fit"), "{imported:?}");
}

#[test]
fn of_several_lines_of_a_report_the_latest_counts() {
    let place = Place::bids();
    let line = |date: &str, qc: &str| {
        format!(
            r#"{{"path": "/p", "command": "sct_propseg", "inputFile": "sub-01_T2w.nii.gz", "date": "{date}", "qc": "{qc}"}}"#
        )
    };
    let report = format!(
        r#"{{"datasets": [{}, {}]}}"#,
        line("2025-02-01 00:00:00", "✅"),
        line("2025-01-01 00:00:00", "❌")
    );
    let imported = place.import("qc_report.json", &report, None).unwrap();
    assert_eq!((place.said(), imported.older), (vec!["sub-01_T2w FILES_SEG pass".to_owned()], 1));
    let said = place.import("qc_report.json", "[1]", None).unwrap_err().to_string();
    assert!(said.contains("not a report"), "{said}");
    let said = place.import("qc_flags.json", "not json", None).unwrap_err().to_string();
    assert!(said.contains("is not JSON"), "{said}");
}

#[test]
fn a_comment_goes_with_the_verdict_it_explained() {
    let place = Place::bids();
    let scan = id("sub-01_T2w");
    place.marks().set(std::slice::from_ref(&scan), &QcKind::Seg, Some(Verdict::Fail), Some("leaks")).unwrap();
    let list = "FILES_SEG:\n- sub-01_T2w.nii.gz\n";
    let comment = || place.marks().mark(&scan, &QcKind::Seg).unwrap().comment.clone();
    let before = place.marks();
    place.import("qc_fail.yml", list, None).unwrap();
    assert_eq!((comment().as_str(), place.marks()), ("leaks", before), "it said so already");
    place.import("qc_pass.yml", list, None).unwrap();
    assert_eq!(comment(), "");
}

#[test]
fn the_toolboxs_own_line_survives_export() {
    let place = Place::bids();
    let line = r#"{"path": "/p/sub-01/anat", "cmdline": "sct_propseg -i x", "command": "sct_propseg", "sctVersion": "7.1",
        "dataset": "d", "subject": "sub-01", "contrast": "anat", "inputFile": "sub-01_T2w.nii.gz", "plane": "Axial",
        "backgroundImage": "b.png", "overlayImage": "o.png", "date": "2025-02-01 00:00:00", "rank": 4, "qc": "✅"}"#;
    place.import("qc_report.json", &format!(r#"{{"datasets": [{line}]}}"#), None).unwrap();
    place.marks().export(&place.project, place.dir.path()).unwrap();
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(place.dir.path().join(name)).unwrap()).unwrap()
    };
    let (mut written, mut given) = (
        read("qc_report.json")["datasets"][0].clone(),
        serde_json::from_str::<serde_json::Value>(line).unwrap(),
    );
    assert!(written["id"].take().as_str().is_some_and(|id| id.len() == 40));
    given["id"] = serde_json::Value::Null;
    assert_eq!(written, given);
    assert_eq!(read("qc_flags.json")["2025-02-01 00:00:00_sub-01_T2w.nii.gz_sct_propseg_rank"], 4);
}

#[test]
fn lists_for_batches_name_subjects_once() {
    let place = Place::bids();
    let mut marks = place.marks();
    marks.set(&[id("sub-01_T2w"), id("sub-02_ses-a_T2w")], &QcKind::Seg, Some(Verdict::Pass), None).unwrap();
    marks.set(&[id("sub-01_T1w")], &QcKind::Seg, Some(Verdict::Fail), None).unwrap();
    marks.export(&place.project, &place.dir.path().join("out")).unwrap();
    let text = |name: &str| std::fs::read_to_string(place.dir.path().join("out").join(name)).unwrap();
    assert_eq!((text("exclude.yml"), text("include.yml")), ("- sub-01\n".into(), "- sub-02/ses-a\n".into()));
    assert_eq!(text("qc_artifact.yml"), "{}\n");
    let image = place.project.scan(&id("sub-01_T1w")).unwrap().image.display().to_string();
    assert_eq!(text("qc_fail.yml"), format!("FILES_SEG:\n    - {image}\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_form_gives_the_marks_back(given in prop::collection::vec((0..4_usize, 0..8_usize, 0..3_usize, prop::option::of(0..10_u8)), 0..6)) {
        let place = Place::bids();
        let kinds = ["seg", "lesion", "gmseg", "label", "pmj", "centerline", "reg", "timeseries"];
        let mut marks = place.marks();
        let spots = given.iter().map(|(scan, kind, ..)| (place.project.scans()[*scan].id.clone(), kinds[*kind].parse().unwrap()));
        marks.change(spots, |i, mark| (mark.verdict, mark.rank) = (Some(Verdict::ALL[given[i].2]), given[i].3)).unwrap();
        let expected = place.said();
        let files = marks.export(&place.project, &place.dir.path().join("out")).unwrap();
        let of = |ending: &str| files.iter().filter(|f| f.to_string_lossy().ends_with(ending)).collect::<Vec<_>>();
        let lists = [of("qc_pass.yml"), of("qc_fail.yml"), of("qc_artifact.yml")].concat();
        for form in [lists, of("qc_report.json"), of("qc_flags.json")] {
            QcMarks::forget(place.project.dir()).unwrap();
            for file in form {
                let meaning = Meaning { verdict: None, kind: QcKind::Seg };
                let imported = place.marks().import(&place.project, file, &meaning).unwrap();
                prop_assert_eq!(imported.unmatched, vec![]);
                if file.extension().is_some_and(|e| e == "json") {
                    let back = place.marks();
                    let ranks = |marks: &QcMarks| marks.all().map(|(_, _, mark)| mark.rank).collect::<Vec<_>>();
                    prop_assert_eq!(ranks(&back), ranks(&marks));
                }
            }
            prop_assert_eq!(place.said(), expected.clone());
        }
    }
}
