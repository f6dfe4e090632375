//! The layouts that datasets come in.

use std::path::Path;

use deepseg::dataset::{Code, Contrast, DatasetError, Discovery, Scan, Settings, discover};
use deepseg::testing::shared;

use crate::build::Dataset;

fn settings() -> Settings {
    Settings::default()
}

fn find<'a>(found: &'a Discovery, id: &str) -> &'a Scan {
    let scan = found.scans.iter().find(|s| s.id.as_str() == id);
    scan.unwrap_or_else(|| panic!("no {id} among {:?}", ids(found)))
}

fn ids(found: &Discovery) -> Vec<&str> {
    found.scans.iter().map(|s| s.id.as_str()).collect()
}

fn codes(found: &Discovery) -> Vec<Code> {
    found.problems.iter().map(|p| p.code).collect()
}

fn path(text: &str) -> Option<&Path> {
    Some(Path::new(text))
}

#[test]
fn bids_with_sessions_runs_and_contrasts() {
    let labels = "derivatives/labels/sub-1/ses-a/anat";
    let dataset = Dataset::of_names(&[
        "sub-1/ses-a/anat/sub-1_ses-a_run-1_T2w.nii.gz",
        "sub-1/ses-a/anat/sub-1_ses-a_run-2_T2w.nii.gz",
        "sub-1/ses-a/anat/sub-1_ses-a_T1w.nii.gz",
        "sub-1/ses-a/dwi/sub-1_ses-a_dwi.nii.gz",
        "sub-2/anat/sub-2_acq-ax_T2w.nii.gz",
        "sub-2/anat/sub-2_acq-ax_T2w.json",
        &format!("{labels}/sub-1_ses-a_run-1_T2w_lesion-manual.nii.gz"),
        &format!("{labels}/sub-1_ses-a_run-1_T2w_seg-manual.nii.gz"),
        &format!("{labels}/sub-1_ses-a_run-1_T2w_centerline-manual.nii.gz"),
    ]);
    let found = dataset.discover(&settings());
    assert_eq!(ids(&found), ["sub-1_ses-a_run-1_T2w", "sub-1_ses-a_run-2_T2w", "sub-2_acq-ax_T2w"]);
    let first = find(&found, "sub-1_ses-a_run-1_T2w");
    assert_eq!(
        (first.subject.as_str(), first.session.as_deref(), first.run.as_deref()),
        ("sub-1", Some("ses-a"), Some("run-1"))
    );
    assert_eq!((first.suffix.as_str(), &first.contrast), ("T2w", &Contrast::T2));
    let label = |what: &str| format!("{labels}/sub-1_ses-a_run-1_T2w_{what}-manual.nii.gz");
    assert_eq!(first.mask.as_deref(), path(&label("lesion")));
    assert_eq!(first.cord.as_deref(), path(&label("seg")));
    assert_eq!(first.centerline.as_deref(), path(&label("centerline")));
    let second = find(&found, "sub-1_ses-a_run-2_T2w");
    assert_eq!((&second.mask, &second.cord), (&None, &None));
    assert_eq!(find(&found, "sub-2_acq-ax_T2w").contrast, Contrast::T2Ax);
    assert_eq!(codes(&found), [Code::Assumed; 4], "{:?}", found.problems);
    assert!(found.problems[3].message.contains("T2w, not T1w"), "{:?}", found.problems[3]);
}

#[test]
fn one_contrast_may_be_asked_for() {
    let dataset = Dataset::of_names(&[
        "sub-1/anat/sub-1_T2w.nii.gz",
        "sub-1/anat/sub-1_T1w.nii.gz",
        "derivatives/labels/sub-1/anat/sub-1_T2w_lesion-manual.nii.gz",
        "derivatives/labels/sub-1/anat/sub-1_T1w_lesion-seg.nii.gz",
    ]);
    let wish = Settings { image: vec!["T1w".into()], ..settings() };
    let found = dataset.discover(&wish);
    assert_eq!(ids(&found), ["sub-1_T1w"]);
    assert!(
        found.scans[0].mask.is_some(),
        "the name is chosen among the labels of the wanted images: {:?}",
        found.problems
    );
    let by_contrast = dataset.discover(&Settings { contrast: Some(Contrast::T2), ..settings() });
    assert_eq!(ids(&by_contrast), ["sub-1_T2w"]);
}

#[test]
fn a_misspelt_suffix_is_told_what_there_is() {
    let dataset = Dataset::of_names(&[
        "sub-1/anat/sub-1_T2w.nii.gz",
        "derivatives/labels/sub-1/anat/sub-1_T2w_lesion-manual.nii.gz",
    ]);
    let wish = Settings { image: vec!["T2starw".into()], mask: Some("lesions".into()), ..settings() };
    let found = dataset.discover(&wish);
    assert_eq!(codes(&found), [Code::NothingMatches; 2]);
    let fixes: String = found.problems.iter().map(|p| p.fix.as_str()).collect();
    assert!(fixes.contains("T2w"), "{fixes}");
}

#[test]
fn labels_in_other_places_and_under_other_joints() {
    let dataset = Dataset::of_names(&[
        "sub-1/anat/sub-1_T2w.nii.gz",
        "sub-1/anat/sub-1_T2w_seg.nii.gz",
        "sub-2/anat/sub-2_T2w.nii.gz",
        "sub-3/anat/sub-3_T2w.nii.gz",
        "derivatives/team/sub-1/anat/sub-1_T2w_lesion-manual.nii.gz",
        "derivatives/labels/sub-1/anat/sub-1_T2w_lesion-manual.nii.gz",
        "derivatives/team/sub-2/anat/sub-2_T2w-lesion_manual.nii.gz",
        "derivatives/team/sub-2/anat/sub-2_T2w_something-else.nii.gz",
        "derivatives/team/sub-3/anat/sub-3_lesion-manual.nii.gz",
    ]);
    let found = dataset.discover(&settings());
    assert_eq!(ids(&found), ["sub-1_T2w", "sub-2_T2w", "sub-3_T2w"]);
    let mask = |id: &str| find(&found, id).mask.as_deref();
    assert_eq!(mask("sub-1_T2w"), path("derivatives/labels/sub-1/anat/sub-1_T2w_lesion-manual.nii.gz"));
    assert_eq!(mask("sub-2_T2w"), path("derivatives/team/sub-2/anat/sub-2_T2w-lesion_manual.nii.gz"));
    assert_eq!(mask("sub-3_T2w"), path("derivatives/team/sub-3/anat/sub-3_lesion-manual.nii.gz"));
    assert_eq!(find(&found, "sub-1_T2w").cord.as_deref(), path("sub-1/anat/sub-1_T2w_seg.nii.gz"));
}

#[test]
fn several_candidates_and_misplaced_labels_are_told() {
    let labels = "derivatives/labels";
    let dataset = Dataset::of_names(&[
        "sub-1/anat/sub-1_T2w.nii",
        "sub-1/anat/sub-1_T2w.nii.gz",
        "sub-2/anat/sub-2_T2w.nii.gz",
        &format!("{labels}/sub-1/anat/sub-1_T2w_lesion-manual.nii.gz"),
        &format!("{labels}/sub-1/anat/sub-1_T2w_lesion_manual.nii.gz"),
        &format!("{labels}/sub-2/anat/sub-1_T2w_lesion-manual.nii.gz"),
    ]);
    let found = dataset.discover(&Settings { mask: Some("lesion-manual".into()), ..settings() });
    assert_eq!(
        codes(&found),
        [Code::SeveralCandidates, Code::StrayLabel, Code::SeveralCandidates],
        "{:?}",
        found.problems
    );
    assert_eq!(find(&found, "sub-1_T2w").image, Path::new("sub-1/anat/sub-1_T2w.nii"));
    let used = format!("{labels}/sub-1/anat/sub-1_T2w_lesion-manual.nii.gz");
    assert_eq!(find(&found, "sub-1_T2w").mask.as_deref(), path(&used));
    assert!(found.problems[1].message.contains("is sub-1's, but lies with sub-2"), "{:?}", found.problems[1]);
    assert_eq!(find(&found, "sub-2_T2w").mask, None);
}

#[test]
fn flat_folders() {
    let dataset = Dataset::of_names(&[
        "Only_NIIs/aa1.nii",
        "Only_NIIs/b 2_ses-1_T1w.nii.gz",
        "Only_NIIs/b 2_ses-2_T1w.nii.gz",
        "Masks/aa1_mask.nii",
        "Masks/b 2_ses-1_T1w.nii.gz",
        "cord/aa1.nii",
        "notes/aa1.nii",
    ]);
    let found = dataset.discover(&settings());
    assert_eq!(ids(&found), ["aa1", "b-2_ses-1_T1w", "b-2_ses-2_T1w"]);
    assert_eq!(find(&found, "aa1").mask.as_deref(), path("Masks/aa1_mask.nii"));
    assert_eq!(find(&found, "aa1").cord.as_deref(), path("cord/aa1.nii"));
    let second = find(&found, "b-2_ses-1_T1w");
    assert_eq!((second.subject.as_str(), &second.contrast), ("b 2", &Contrast::T1));
    assert_eq!(find(&found, "b-2_ses-2_T1w").subject, "b 2", "two sessions, one person");
    assert_eq!(found.problems, []);
}

#[test]
fn nnunet_folders() {
    let dataset = Dataset::of_names(&[
        "imagesTr/case_001_0000.nii.gz",
        "imagesTr/case_002_0000.nii.gz",
        "labelsTr/case_001.nii.gz",
        "imagesTs/case_003_0000.nii.gz",
    ]);
    let found = dataset.discover(&settings());
    assert_eq!(ids(&found), ["case_001_0000", "case_002_0000", "case_003_0000"]);
    assert_eq!(found.scans[0].mask.as_deref(), path("labelsTr/case_001.nii.gz"));
    assert_eq!((found.scans[0].subject.as_str(), &found.scans[1].mask), ("case_001", &None));
}

#[test]
fn the_recipes_folders() {
    let dataset = Dataset::of_names(&[
        "Sub001/T2/T2.nii.gz",
        "Sub001/T2/T2_lesion.nii.gz",
        "Sub001/T2/T2_seg.nii.gz",
        "Sub001/T2s/img.nii.gz",
        "Sub001/T2s/mask.nii.gz",
        "Sub001/T2s/centerline.nii.gz",
        "Sub002/T2/T2.nii.gz",
    ]);
    let found = dataset.discover(&settings());
    assert_eq!(ids(&found), ["Sub001_T2", "Sub001_T2s", "Sub002_T2"]);
    let second = find(&found, "Sub001_T2s");
    assert_eq!(
        (second.subject.as_str(), second.suffix.as_str(), &second.contrast),
        ("Sub001", "T2s", &Contrast::T2s)
    );
    assert_eq!(second.centerline.as_deref(), path("Sub001/T2s/centerline.nii.gz"));
    assert_eq!(find(&found, "Sub001_T2").mask.as_deref(), path("Sub001/T2/T2_lesion.nii.gz"));
    assert_eq!(find(&found, "Sub001_T2").cord.as_deref(), path("Sub001/T2/T2_seg.nii.gz"));
}

#[test]
fn a_list_wins_over_the_folders() {
    let dataset = Dataset::of_names(&["sub-9/anat/sub-9_T2w.nii.gz", "a/img.nii", "a/les.nii", "b/img.nii"]);
    dataset.file(
        "list.tsv",
        "\u{feff}Subject\timage\tmask\tsession\tcontrast\tscanner\n\
         P 1\ta/img.nii\ta/les.nii\t1\tt2_ax\tX\n\
         P 1\tb/img.nii\tn/a\t2\t\tX\n\
         P2\tb/gone.nii\t\t\t\tX\n\
         \tb/img.nii\t\t\t\tX\n",
    );
    let found = dataset.discover(&Settings { list: Some(dataset.root().join("list.tsv")), ..settings() });
    assert_eq!(ids(&found), ["P-1_1_img", "P-1_2_img"]);
    assert_eq!(
        (found.scans[0].mask.as_deref(), &found.scans[0].contrast),
        (path("a/les.nii"), &Contrast::T2Ax)
    );
    assert_eq!((&found.scans[1].mask, found.scans[1].session.as_deref()), (&None, Some("2")));
    assert_eq!(codes(&found), [Code::Assumed, Code::BadRow, Code::BadRow]);
    assert!(found.problems[0].message.contains("scanner"));
    assert!(found.problems[1].message.contains("line 4") && found.problems[1].message.contains("b/gone.nii"));
}

#[test]
fn a_list_without_its_columns_says_which_they_are() {
    let dataset = Dataset::of_names(&[]);
    dataset.file("list.csv", "patient,file\n1,a.nii\n");
    let error =
        discover(&dataset.root(), &Settings { list: Some("list.csv".into()), ..settings() }).unwrap_err();
    assert!(matches!(error, DatasetError::List { .. }));
    assert!(error.to_string().contains("no column \"image\""), "{error}");
}

#[test]
fn a_folder_that_is_no_dataset_is_refused_with_the_layouts() {
    let dataset = Dataset::of_names(&["readme.txt", "a/b/c/d.txt"]);
    let error = discover(&dataset.root(), &settings()).unwrap_err();
    assert!(matches!(error, DatasetError::NoLayout(_)));
    let missing = discover(&dataset.root().join("nowhere"), &settings()).unwrap_err();
    assert!(matches!(missing, DatasetError::NotAFolder(_)));
}

#[cfg(unix)]
#[test]
fn hostile_names_are_listed_or_told() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let dataset = Dataset::of_names(&[
        "sub-é α/anat/sub-é α_T2w.nii.gz",
        "sub-é α/anat/._sub-é α_T2w.nii.gz",
        "derivatives/labels/sub-é α/anat/sub-é α_T2w_lesion-manual.nii.gz",
        "sub-../anat/sub-.._T2w.nii.gz",
    ]);
    let odd = dataset.root().join("sub-é α/anat").join(OsStr::from_bytes(b"sub-\xff_T2w.nii.gz"));
    std::fs::write(odd, "").unwrap();
    let found = dataset.discover(&settings());
    assert_eq!(ids(&found), ["sub-.._T2w", "sub-é-α_T2w"]);
    assert!(find(&found, "sub-é-α_T2w").mask.is_some());
    assert!(codes(&found).contains(&Code::OddName));
}

#[cfg(unix)]
#[test]
fn a_thousand_subjects_are_listed_without_opening_a_file() {
    let dataset = Dataset::new();
    // Links to nowhere: whoever opened or even looked at one of them would fail.
    let link = |name: String| std::os::unix::fs::symlink("/nowhere/at/all", dataset.path(&name)).unwrap();
    for subject in 0..1000 {
        let id = format!("sub-{subject:04}");
        link(format!("{id}/anat/{id}_T2w.nii.gz"));
        link(format!("derivatives/labels/{id}/anat/{id}_T2w_lesion-manual.nii.gz"));
    }
    let found = dataset.discover(&settings());
    assert_eq!(found.scans.len(), 1000);
    assert!(found.scans.iter().all(|scan| scan.mask.is_some()));
    assert!(found.scans.is_sorted_by_key(|scan| scan.id.clone()));
}

#[cfg(unix)]
#[test]
fn folders_that_are_links_are_followed_and_circles_end() {
    let real = Dataset::of_names(&["x/anat/sub-1_T2w.nii.gz"]);
    let dataset = Dataset::new();
    std::os::unix::fs::symlink(real.root().join("x"), dataset.root().join("sub-1")).unwrap();
    std::os::unix::fs::symlink(dataset.root(), real.root().join("x/circle")).unwrap();
    assert_eq!(ids(&dataset.discover(&settings())), ["sub-1_T2w"]);
}

#[test]
fn the_real_grey_matter_dataset() {
    let Some(root) = shared("data/bids-gm") else { return };
    let wish = Settings {
        image: vec!["T2starw".into()],
        mask: Some("gmseg-manual".into()),
        cord: Some("seg-manual".into()),
        contrast: Some(Contrast::T2s),
        ..settings()
    };
    let asked = discover(&root, &wish).unwrap();
    assert_eq!(asked.scans.len(), 8);
    assert!(asked.problems.is_empty(), "{:?}", asked.problems);
    for scan in &asked.scans {
        let first_run = scan.run.as_deref() == Some("run-1");
        assert_eq!((scan.mask.is_some(), scan.cord.is_some()), (first_run, first_run), "{}", scan.id);
    }
    // Nothing said: the same scans, and what was assumed is told.
    let mut guessed = discover(&root, &settings()).unwrap();
    assert_eq!(codes(&guessed), [Code::Assumed; 2]);
    guessed.scans.iter_mut().for_each(|s| s.contrast = Contrast::T2s);
    assert_eq!(guessed.scans, asked.scans);
}

#[test]
fn a_cord_found_by_a_program_fills_in_but_a_lesion_does_not() {
    let labels = |n: usize, what: &str| format!("derivatives/labels/sub-{n}/anat/sub-{n}_T2w_{what}.nii.gz");
    let dataset = Dataset::of_names(&[
        "sub-1/anat/sub-1_T2w.nii.gz",
        "sub-2/anat/sub-2_T2w.nii.gz",
        &labels(1, "lesion-manual"),
        &labels(1, "lesion-seg"),
        &labels(1, "seg-manual"),
        &labels(1, "seg"),
        &labels(2, "lesion-seg"),
        &labels(2, "seg"),
    ]);
    let found = dataset.discover(&settings());
    let (first, second) = (find(&found, "sub-1_T2w"), find(&found, "sub-2_T2w"));
    assert_eq!(first.mask.as_deref(), path(&labels(1, "lesion-manual")));
    assert_eq!(first.cord.as_deref(), path(&labels(1, "seg-manual")));
    assert_eq!((&second.mask, second.cord.as_deref()), (&None, path(&labels(2, "seg"))));
    assert_eq!(codes(&found), [Code::Assumed; 2], "{:?}", found.problems);
    assert!(
        found.problems[1].message.contains("\"lesion-manual\" as mask, not lesion-seg"),
        "{:?}",
        found.problems
    );
}

#[test]
fn centerlines_may_be_tables() {
    let dataset = Dataset::of_names(&[
        "sub-1/anat/sub-1_T2w.nii.gz",
        "sub-2/anat/sub-2_T2w.nii.gz",
        "derivatives/labels/sub-1/anat/sub-1_T2w_centerline-manual.csv",
        "derivatives/labels/sub-2/anat/sub-2_T2w_centerline-manual.csv",
        "derivatives/labels/sub-2/anat/sub-2_T2w_centerline-manual.nii.gz",
        "derivatives/labels/sub-2/anat/sub-2_T2w_morphometry.csv",
    ]);
    let found = dataset.discover(&settings());
    let file =
        |id: &str| find(&found, id).centerline.as_deref().unwrap().file_name().unwrap().to_str().unwrap();
    assert_eq!(file("sub-1_T2w"), "sub-1_T2w_centerline-manual.csv");
    assert_eq!(file("sub-2_T2w"), "sub-2_T2w_centerline-manual.nii.gz");
    assert_eq!(codes(&found), [Code::Assumed]);
    let flat = Dataset::of_names(&["images/a.nii.gz", "images/notes.csv", "centerlines/a.csv"]);
    let found = flat.discover(&settings());
    assert_eq!((ids(&found), found.scans[0].centerline.as_deref()), (vec!["a"], path("centerlines/a.csv")));
}

#[test]
fn one_person_under_two_subjects_is_suspected() {
    let dataset = Dataset::of_names(&[
        "sub-11Ses1/anat/sub-11Ses1_T2w.nii.gz",
        "sub-11Ses2/anat/sub-11Ses2_T2w.nii.gz",
        "sub-12Ses1/anat/sub-12Ses1_T2w.nii.gz",
    ]);
    let found = dataset.discover(&settings());
    assert_eq!(codes(&found), [Code::SamePerson]);
    assert!(found.problems[0].message.starts_with("sub-11Ses1, sub-11Ses2 "), "{:?}", found.problems);
}
