//! Stand-ins for the toolbox's commands, small shell scripts that behave and misbehave like them.

use super::*;
use crate::centerline::Tools;
use crate::dataset::Contrast;
use crate::volume::{Affine, Grid, write_mask};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// A toolbox whose commands are scripts, and results prepared for them to copy.
struct Toolbox {
    home: tempfile::TempDir,
}

/// Copies `$HOME_OF_TEST/NAME` to the path after `-o`.
fn copies(name: &str) -> String {
    format!(
        "while [ $# -gt 0 ]; do if [ \"$1\" = -o ]; then out=$2; fi; shift; done\n\
         case $out in *.nii.gz) ;; *) out=$out.nii.gz ;; esac\n\
         cp \"$(dirname \"$0\")/../{name}\" \"$out\"\n"
    )
}

impl Toolbox {
    fn with(command: &str, script: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let toolbox = Self { home };
        std::fs::create_dir(toolbox.path("bin")).unwrap();
        let text = format!("#!/bin/sh\necho \"$@\" >> \"$(dirname \"$0\")/../asked\"\n{script}");
        // Written by another process: a script that any thread of this one holds open for writing cannot be run.
        let mut writer = Command::new("/bin/sh");
        writer.args(["-c", "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"", "sh", &text]);
        assert!(writer.arg(toolbox.path(&format!("bin/{command}"))).status().unwrap().success());
        toolbox
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn asked(&self) -> String {
        std::fs::read_to_string(self.path("asked")).unwrap_or_default()
    }

    fn find(&self, program: SctProgram, contrast: &str) -> Result<Found, CenterlineError> {
        self.find_unless(program, contrast, &AtomicBool::new(false))
    }

    fn find_unless(
        &self,
        program: SctProgram,
        contrast: &str,
        cancel: &AtomicBool,
    ) -> Result<Found, CenterlineError> {
        let tools = Tools::with([], Some(self.home.path().into()));
        let (image, contrast) = (Volume::filled(grid(), 5.0), Contrast::from(contrast.to_owned()));
        find(&Search { image: &image, contrast: &contrast, tools: &tools, cancel }, program)
    }

    fn sentence(&self, program: SctProgram) -> String {
        self.find(program, "t2").unwrap_err().to_string()
    }
}

fn grid() -> Grid {
    Grid { shape: [20, 18, 6], affine: Affine::scaling([-0.7, 0.7, 5.0], [12.0, -30.0, 8.5]) }
}

/// A cord 3 voxels wide on slices 1, 2 and 4, stored in another axis order.
fn cord() -> Volume<u8> {
    let mut cord = Volume::filled(grid(), 0);
    for z in [1, 2, 4] {
        (0..9).for_each(|i| cord.data[[9 + i % 3, 7 + z + i / 3, z]] = 1);
    }
    cord.reoriented("AIL".parse().unwrap())
}

#[test]
fn a_mask_becomes_the_line_of_its_centres() {
    for program in [SctProgram::PropSeg, SctProgram::DeepsegSc, SctProgram::Deepseg] {
        let toolbox = Toolbox::with(program.command(), &copies("cord.nii.gz"));
        write_mask(&toolbox.path("cord.nii.gz"), &cord()).unwrap();
        let found = toolbox.find(program, "t2_ax").unwrap();
        assert_eq!((found.curve.z_range(), found.curve.method.as_str()), (1..5, program.name()));
        assert_eq!((found.curve.grid, &found.curve.confidence), (grid(), &None));
        for (z, [x, y]) in found.curve.z_range().zip(&found.curve.xy) {
            assert!((x - 10.0).abs() < 1e-6 && (y - 8.0 - z as f64).abs() < 1e-6, "slice {z}: {x} {y}");
        }
        let [(factor, doubt)] = &found.doubts[..] else { panic!("{:?}", found.doubts) };
        assert!(*factor == 0.75 && doubt.contains("1 of its 4 slices"), "{doubt}");
        assert_eq!(found.cord, Some(cord().to_rpi()));
    }
}

#[test]
fn a_centerline_is_taken_at_its_word() {
    let toolbox = Toolbox::with("sct_get_centerline", &copies("line.nii.gz"));
    let mut line = Volume::filled(grid(), 0);
    let voxels = [[4, 5, 0], [9, 5, 1], [4, 9, 2], [5, 5, 3], [6, 6, 4], [7, 7, 5]];
    voxels.iter().for_each(|v| line.data[*v] = 1);
    write_mask(&toolbox.path("line.nii.gz"), &line).unwrap();
    let found = toolbox.find(SctProgram::GetCenterline, "t2s").unwrap();
    let expected: Vec<_> = voxels.iter().map(|[x, y, _]| [*x as f64, *y as f64]).collect();
    assert_eq!((found.curve.xy, found.doubts, found.cord), (expected, vec![], None));
    assert_eq!(toolbox.asked(), "-i image.nii.gz -c t2s -method optic -o found\n");
}

#[test]
fn an_older_toolbox_is_asked_in_its_own_words() {
    let older = format!("if [ \"$1\" != -task ]; then echo usage >&2; exit 2; fi\n{}", copies("cord.nii.gz"));
    let toolbox = Toolbox::with("sct_deepseg", &older);
    write_mask(&toolbox.path("cord.nii.gz"), &cord()).unwrap();
    assert!(toolbox.find(SctProgram::Deepseg, "psir").is_ok(), "it needs no contrast");
    assert_eq!(toolbox.asked().lines().count(), 2);
    // Another failure is no question of words.
    let broken = Toolbox::with("sct_deepseg", "echo RuntimeError: no memory; exit 1");
    assert!(broken.sentence(SctProgram::Deepseg).contains("RuntimeError: no memory"));
    assert_eq!(broken.asked().lines().count(), 1);
}

#[test]
fn the_image_is_given_as_it_is() {
    let toolbox =
        Toolbox::with("sct_propseg", "cp image.nii.gz \"$(dirname \"$0\")/../given.nii.gz\"; exit 1");
    toolbox.sentence(SctProgram::PropSeg);
    let given = read_image(&toolbox.path("given.nii.gz")).unwrap();
    assert_eq!((given.grid.difference(&grid()), given.data), (None, Volume::filled(grid(), 5.0).data));
}

#[test]
fn misbehaviour_makes_one_sentence_each() {
    let says = |script: &str, expected: &str| {
        let toolbox = Toolbox::with("sct_propseg", script);
        let mut other = Volume::filled(grid(), 1);
        other.grid.affine.0[2][3] += 3.0;
        write_mask(&toolbox.path("moved.nii.gz"), &other).unwrap();
        write_mask(&toolbox.path("empty.nii.gz"), &Volume::filled(grid(), 0)).unwrap();
        std::fs::write(toolbox.path("garbage.nii.gz"), [7; 4000]).unwrap();
        let said = toolbox.sentence(SctProgram::PropSeg);
        assert!(said.contains("sct_propseg") && said.contains(expected), "{said}");
        assert!(said.lines().count() == 1 && said.len() < 500, "{said}");
    };
    says("exit 0", "wrote no result");
    says("echo 'Error: image is 4D'; exit 1", "failed (exit status 1): Error: image is 4D");
    says("yes 'a line' | head -c 3000000 >&2; echo 'ValueError: deep' >&2; exit 1", "ValueError: deep");
    says("kill -SEGV $$", "signal 11");
    says("kill -KILL $$", "memory");
    says(&copies("moved.nii.gz"), "the origin by 3.000 mm");
    says(&copies("empty.nii.gz"), "drew nothing");
    says(&copies("garbage.nii.gz"), "cannot be read");
    says("#!/no/such/interpreter\nfrobnicate\n", "frobnicate");
}

#[test]
fn a_missing_command_and_an_unknown_contrast_are_said_before_anything_runs() {
    let toolbox = Toolbox::with("sct_propseg", "exit 0");
    let said = toolbox.find(SctProgram::PropSeg, "psir").unwrap_err().to_string();
    assert!(said.contains("\"psir\"") && said.contains("t1, t2, t2s and dwi"), "{said}");
    assert_eq!(toolbox.asked(), "");
    let said = toolbox.sentence(SctProgram::GetCenterline);
    assert!(said.contains("sct_get_centerline") && said.contains("SCT_DIR"), "{said}");
}

#[test]
fn cancelling_ends_a_hanging_command_at_once_and_cleans_up() {
    let toolbox = Toolbox::with("sct_propseg", "pwd > \"$(dirname \"$0\")/../place\"; sleep 600 & wait");
    let (cancel, started) = (AtomicBool::new(false), Instant::now());
    let place = toolbox.path("place");
    let error = std::thread::scope(|scope| {
        let job = scope.spawn(|| toolbox.find_unless(SctProgram::PropSeg, "t2", &cancel));
        while !place.is_file() && started.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(50));
        cancel.store(true, Ordering::Relaxed);
        job.join().unwrap().unwrap_err()
    });
    assert!(matches!(error, CenterlineError::Cancelled), "{error}");
    assert!(started.elapsed() < Duration::from_secs(20));
    let place = std::fs::read_to_string(place).unwrap();
    assert!(!Path::new(place.trim()).exists(), "{place} is left");
}
