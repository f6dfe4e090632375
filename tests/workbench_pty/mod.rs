//! The real binary in a pseudo-terminal, and a small cohort for it to open.
// Each test file uses a part of it.
#![allow(dead_code)]

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use deepseg::dataset::{Project, Settings};
use deepseg::volume::{Affine, Grid, Volume, write_image, write_mask};
use ndarray::{Array3, ShapeBuilder};
use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How long anything may take before a test gives up. Generous: the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running workbench.
pub struct Workbench {
    screen: Arc<Mutex<vt100::Parser>>,
    bytes: Arc<Mutex<Vec<u8>>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
}

impl Workbench {
    /// Starts the binary with arguments in a terminal of `columns` by `rows`, with its choices remembered below `home`.
    pub fn start(
        arguments: &[&Path],
        home: &Path,
        (columns, rows): (u16, u16),
        extra: &[(&str, &Path)],
    ) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_deepseg"));
        command.args(arguments.iter().map(|a| OsString::from(*a)));
        command.cwd(home);
        for (name, value) in [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")] {
            command.env(name, value);
        }
        command.env("HOME", home);
        command.env("DEEPSEG_STATE_DIR", home.join("state"));
        ["NO_COLOR", "SSH_CONNECTION", "SSH_TTY", "DEEPSEG_LOG"]
            .iter()
            .for_each(|name| command.env_remove(name));
        extra.iter().for_each(|(name, value)| command.env(name, value));
        let child = pair.slave.spawn_command(command).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0)));
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let (parser, raw) = (screen.clone(), bytes.clone());
        std::thread::spawn(move || {
            let mut part = [0; 65536];
            while let Ok(n) = output.read(&mut part) {
                if n == 0 {
                    break;
                }
                raw.lock().unwrap().extend_from_slice(&part[..n]);
                parser.lock().unwrap().process(&part[..n]);
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { screen, bytes, keys, child, master: pair.master }
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// The screen's text.
    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Everything the program has written.
    pub fn written(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    /// Waits until the screen shows all of the texts; how long it took.
    pub fn wait_for(&self, texts: &[&str]) -> Duration {
        self.wait(&texts.join(" and "), |screen| texts.iter().all(|t| screen.contains(t)))
    }

    /// Waits until the screen's text is as wanted; how long it took.
    pub fn wait(&self, what: &str, is: impl Fn(&str) -> bool) -> Duration {
        let begin = Instant::now();
        while !is(&self.text()) {
            assert!(begin.elapsed() < PATIENCE, "no {what} on the screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
        begin.elapsed()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        let status = std::process::Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(status.success());
    }

    /// The process's state letter (R, S, T, …).
    pub fn process_state(&self) -> char {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", self.child.process_id().unwrap())).unwrap();
        stat.rsplit(')').next().unwrap().trim_start().chars().next().unwrap()
    }

    /// Waits for the end of the process.
    pub fn ended(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What is still in the pipe belongs to the screen.
                std::thread::sleep(Duration::from_millis(100));
                return status;
            }
            assert!(begin.elapsed() < PATIENCE, "it does not end:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Fails unless the terminal is as a shell wants it: main screen, cursor, no mouse, no bracketed paste, line mode, echo.
    pub fn assert_restored(&self) {
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is captured");
        const ECHO_AND_LINES: u32 = 0o10 | 0o2;
        let flags = self.master.get_termios().unwrap().local_flags.bits();
        assert_eq!(flags & ECHO_AND_LINES, ECHO_AND_LINES, "raw mode is on");
    }
}

impl Drop for Workbench {
    fn drop(&mut self) {
        self.child.kill().ok();
    }
}

/// Writes one volume of 28x26x16 voxels of 1x1x2 mm: a bright cord in the middle, noise-free.
fn write_volumes(folder: &Path) -> [PathBuf; 3] {
    let shape = [28, 26, 16];
    let grid = Grid { shape, affine: Affine::scaling([1.0, 1.0, 2.0], [-14.0, -13.0, -16.0]) };
    let array = |f: &dyn Fn(usize, usize, usize) -> f32| {
        let mut data = Array3::zeros((28, 26, 16).f());
        data.indexed_iter_mut().for_each(|((x, y, z), v)| *v = f(x, y, z));
        data
    };
    let radius = |x: usize, y: usize| (x as f64 - 14.0).hypot(y as f64 - 13.0);
    let image = array(&|x, y, _| if radius(x, y) < 5.0 { 300.0 } else { 40.0 + x as f32 });
    let cord = array(&|x, y, _| f32::from(u8::from(radius(x, y) < 5.0))).mapv(|v| v as u8);
    let lesion =
        array(&|x, y, z| f32::from(u8::from(radius(x, y) < 2.0 && (6..9).contains(&z)))).mapv(|v| v as u8);
    let paths = ["image", "lesion", "cord"].map(|name| folder.join(format!("{name}.nii.gz")));
    write_image(&paths[0], &Volume { grid, data: image }).unwrap();
    write_mask(&paths[1], &Volume { grid, data: lesion }).unwrap();
    write_mask(&paths[2], &Volume { grid, data: cord }).unwrap();
    paths
}

/// A BIDS dataset of `subjects` scans, all links to the same three files, and a project for it; the project's folder.
pub fn cohort(place: &Path, subjects: usize) -> PathBuf {
    let files = place.join("files");
    std::fs::create_dir_all(&files).unwrap();
    let [image, lesion, cord] = write_volumes(&files);
    let dataset = place.join("dataset");
    let link = |from: &Path, to: PathBuf| {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(from, to).unwrap();
    };
    for i in 1..=subjects {
        let (subject, width) = (i, if subjects > 99 { 4 } else { 2 });
        let name = format!("sub-{subject:0width$}");
        link(&image, dataset.join(format!("{name}/anat/{name}_T2w.nii.gz")));
        let labels = dataset.join(format!("derivatives/labels/{name}/anat"));
        link(&lesion, labels.join(format!("{name}_T2w_lesion-manual.nii.gz")));
        link(&cord, labels.join(format!("{name}_T2w_seg-manual.nii.gz")));
    }
    std::fs::write(dataset.join("dataset_description.json"), r#"{"Name": "test", "BIDSVersion": "1.9.0"}"#)
        .unwrap();
    let settings = Settings {
        mask: Some("lesion-manual".into()),
        cord: Some("seg-manual".into()),
        ..Settings::new(dataset)
    };
    let (project, problems) = Project::create(&place.join("project"), settings).unwrap();
    assert_eq!(project.scans().len(), subjects, "{problems:?}");
    project.dir().to_owned()
}
