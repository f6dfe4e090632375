//! The journey of a scan through the toolbox's own commands, on real images: stand-ins answer with what the toolbox published.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use deepseg::centerline::sct::{SctProgram, find};
use deepseg::centerline::{Fit, Found, Search, Tools, from_mask, from_voxels};
use deepseg::dataset::Contrast;
use deepseg::testing::shared;
use deepseg::volume::{read_image, read_mask};

/// A toolbox with one command, which answers with a copy of `answer`, whatever it is asked.
fn toolbox(command: &str, answer: &Path) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("bin")).unwrap();
    let script = format!(
        "#!/bin/sh\n[ -s image.nii.gz ] || {{ echo 'Error: no image' >&2; exit 1; }}\n\
         while [ $# -gt 0 ]; do if [ \"$1\" = -o ]; then out=$2; fi; shift; done\n\
         cp '{}' \"${{out%.nii.gz}}.nii.gz\"\n",
        answer.display()
    );
    // Written by another process: a script that any thread of this one holds open for writing cannot be run.
    let mut writer = Command::new("/bin/sh");
    writer.args(["-c", "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"", "sh", &script]);
    assert!(writer.arg(home.path().join("bin").join(command)).status().unwrap().success());
    home
}

fn found(program: SctProgram, image: &Path, answer: &Path, contrast: &str) -> Found {
    let home = toolbox(program.command(), answer);
    let tools = Tools::with([], Some(home.path().into()));
    let (image, contrast) = (read_image(image).unwrap().to_rpi(), Contrast::from(contrast.to_owned()));
    let search =
        Search { image: &image, contrast: &contrast, tools: &tools, cancel: &AtomicBool::new(false) };
    find(&search, program).unwrap()
}

/// An image of the toolbox's own test data and an answer to it.
fn published(image: &str, answer: &str) -> Option<(PathBuf, PathBuf)> {
    Some((shared(&format!("data/sct-testing/{image}"))?, shared(&format!("data/sct-testing/{answer}"))?))
}

#[test]
fn the_published_centerlines_come_back_voxel_for_voxel() {
    for (image, answer, contrast) in [
        ("t2/t2.nii.gz", "t2/t2_centerline-optic.nii.gz", "t2"),
        ("t2s/t2s.nii.gz", "t2s/t2s_centerline-optic.nii.gz", "t2s"),
        ("dmri/dwi_mean.nii.gz", "dmri/dwi_mean_centerline-optic.nii.gz", "dwi"),
    ] {
        let Some((image, answer)) = published(image, answer) else { return };
        let found = found(SctProgram::GetCenterline, &image, &answer, contrast);
        let reference = read_mask(&answer).unwrap();
        assert_eq!(found.curve.xy, from_voxels(&reference).unwrap().xy, "{}", answer.display());
        assert_eq!(found.curve.to_voxels().data, reference.to_rpi().data, "{}", answer.display());
        assert!(found.doubts.is_empty() && found.cord.is_none());
    }
}

#[test]
fn the_published_masks_give_the_curve_of_the_mask() {
    let Some((image, answer)) = published("t2/t2.nii.gz", "t2/t2_seg-manual.nii.gz") else { return };
    let reference = read_mask(&answer).unwrap();
    let expected = from_mask(&reference, Fit::default()).unwrap();
    for program in [SctProgram::PropSeg, SctProgram::DeepsegSc, SctProgram::Deepseg] {
        let found = found(program, &image, &answer, "t2");
        assert_eq!((found.curve.xy, found.curve.method.as_str()), (expected.xy.clone(), program.name()));
        assert_eq!(found.cord.unwrap().data, reference.to_rpi().data);
    }
}
