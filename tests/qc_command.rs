//! The journey of `deepseg qc`: marks given, listed, taken back, and carried to another project through the toolbox's files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::PathBuf;
use std::process::{Command, Output};

use deepseg::dataset::{Project, Settings};
use serde_json::{Value, json};

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// A BIDS dataset of two subjects, one of them with two sessions, and a project `P` of it.
    fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        for image in [
            "sub-01/anat/sub-01_T2w",
            "sub-02/ses-1/anat/sub-02_ses-1_T2w",
            "sub-02/ses-2/anat/sub-02_ses-2_T2w",
        ] {
            let path = place.path(&format!("data/{image}.nii.gz"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        place.init("P");
        place
    }

    fn init(&self, project: &str) {
        let [data, project] = ["data", project].map(|name| self.path(name));
        Project::create(&project, Settings::new(data)).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn qc(&self, project: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deepseg"));
        command.current_dir(self.dir.path()).env("USER", "jo").arg("qc").arg(project);
        command.args(arguments).output().unwrap()
    }

    fn json(&self, project: &str, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = self.qc(project, &[arguments, &["--json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        let value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{arguments:?}: {e}; {said}"));
        (output.status.code(), value)
    }

    /// `id kind verdict rank` of every mark.
    fn said(&self, project: &str) -> Vec<String> {
        let (_, report) = self.json(project, &[]);
        let row =
            |m: &Value| format!("{} {} {} {}", m["id"], m["kind"], m["verdict"], m["rank"]).replace('"', "");
        report["marks"].as_array().unwrap().iter().map(row).collect()
    }

    fn refused(&self, arguments: &[&str], code: i32, sentence: &str) {
        let output = self.qc("P", arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(sentence), "{arguments:?}: {said}");
    }
}

#[test]
fn marks_are_given_listed_and_taken_back() {
    let place = Place::new();
    let give = [
        "--subject",
        "sub-02",
        "--kind",
        "centerline",
        "--mark",
        "fail",
        "--rank",
        "3",
        "--comment",
        "leaves the cord",
    ];
    let (code, report) = place.json("P", &give);
    let mark = &report["marks"][0];
    assert_eq!((code, report["marks"].as_array().unwrap().len()), (Some(0), 2));
    for (key, value) in
        [("id", json!("sub-02_ses-1_T2w")), ("kind", json!("FILES_CENTERLINE")), ("verdict", json!("fail"))]
    {
        assert_eq!(mark[key], value);
    }
    assert_eq!(
        (&mark["by"], &mark["comment"], &mark["rank"]),
        (&json!("jo"), &json!("leaves the cord"), &json!(3))
    );
    let line = String::from_utf8(place.qc("P", &[]).stdout).unwrap();
    assert!(
        line.contains("fail")
            && line.contains("rank 3")
            && line.contains("jo")
            && line.contains("leaves the cord"),
        "{line}"
    );
    // Another scan's mark; a comment alone leaves the verdict.
    place.qc("P", &["--subject", "sub-01_T2w", "--mark", "pass"]);
    place.qc("P", &["--subject", "sub-01_T2w", "--comment", "fine"]);
    place.qc("P", &["--subject", "sub-02", "--kind", "centerline", "--mark", "none"]);
    assert_eq!(place.said("P"), ["sub-01_T2w FILES_LESION pass null"]);
    assert!(String::from_utf8(place.qc("P", &[]).stdout).unwrap().contains(": fine"));
}

#[test]
fn wrong_usage_is_said() {
    let place = Place::new();
    place.refused(&["--mark", "fail"], 2, "--subject");
    place.refused(&["--mark", "bad", "--subject", "sub-01"], 2, "pass, fail or artifact, or none");
    place.refused(&["--rank", "10", "--subject", "sub-01"], 2, "0..=9");
    place.refused(&["--mark", "fail", "--subject", "sub-9"], 2, "no subject or scan called \"sub-9\"");
    place.refused(&["--kind", "sex", "--subject", "sub-01"], 2, "choose seg");
    place.refused(&["--import", "no.yml"], 1, "no.yml");
    std::fs::write(place.path("list.yml"), "- sub-01\n").unwrap();
    place.refused(&["--import", "list.yml"], 1, "--mark pass");
    place.refused(&["--import", "list.yml", "--mark", "none"], 2, "cannot take marks back");
    std::fs::write(place.path("qc_fail.yml"), "FILES_SEG:\n  a: [b\n").unwrap();
    place.refused(&["--import", "qc_fail.yml"], 1, "qc_fail.yml is not a list");
    assert!(place.said("P").is_empty(), "nothing was marked on the way");
}

#[test]
fn a_colleagues_marks_arrive_and_what_fits_nothing_is_told() {
    let place = Place::new();
    let list = "FILES_SEG:\n    - /their/data/sub-01/anat/sub-01_T2w.nii.gz\n    - /their/data/sub-07/anat/sub-07_T2w.nii.gz\n";
    std::fs::write(place.path("qc_artifact.yml"), list).unwrap();
    let (code, report) = place.json("P", &["--import", "qc_artifact.yml"]);
    assert_eq!((code, &report["imported"]["marked"]), (Some(1), &json!([["sub-01_T2w", "FILES_SEG"]])));
    let lost = report["imported"]["unmatched"][0].to_string();
    assert!(lost.contains("sub-07_T2w.nii.gz") && lost.contains("no scan"), "{lost}");
    assert_eq!(place.said("P"), ["sub-01_T2w FILES_SEG artifact null"]);
}

#[test]
fn marks_travel_through_every_file() {
    let place = Place::new();
    place.qc("P", &["--subject", "sub-01", "--mark", "fail", "--rank", "2"]);
    place.qc("P", &["--subject", "sub-02_ses-1_T2w", "--kind", "seg", "--mark", "pass"]);
    place.qc(
        "P",
        &["--subject", "sub-02_ses-2_T2w", "--kind", "seg", "--mark", "artifact", "--comment", "moved"],
    );
    let (code, report) = place.json("P", &["--export", "out"]);
    assert_eq!((code, report["exported"].as_array().unwrap().len()), (Some(0), 7));
    let text = |name: &str| std::fs::read_to_string(place.path("out").join(name)).unwrap();
    assert_eq!(
        (text("exclude.yml"), text("include.yml")),
        ("- sub-01\n- sub-02/ses-2\n".into(), "- sub-02/ses-1\n".into())
    );
    for (number, (files, ranks)) in [
        (vec!["qc_fail.yml", "qc_pass.yml", "qc_artifact.yml"], false),
        (vec!["qc_report.json"], true),
        (vec!["qc_flags.json"], true),
    ]
    .into_iter()
    .enumerate()
    {
        let other = format!("Q{number}");
        place.init(&other);
        for file in files {
            assert_eq!(place.qc(&other, &["--import", &format!("out/{file}")]).status.code(), Some(0));
        }
        let rank = if ranks { "2" } else { "null" };
        let expected = [
            format!("sub-01_T2w FILES_LESION fail {rank}"),
            "sub-02_ses-1_T2w FILES_SEG pass null".into(),
            "sub-02_ses-2_T2w FILES_SEG artifact null".into(),
        ];
        assert_eq!(place.said(&other), expected);
    }
}
