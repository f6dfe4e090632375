//! A job from the training form, in a pseudo-terminal: looked at, handed in, seen in the queue, taken back.

use crate::cluster::Lab;
use crate::workbench_pty::Workbench;

const UP: &str = "\x1b[A";
const RIGHT: &str = "\x1b[C";

#[test]
fn the_form_shows_the_script_hands_it_in_and_follows_the_job() {
    let Some(lab) = Lab::open() else { return };
    // Jobs of this site wait, so that the queue's word can be seen.
    let settings = lab.project.join("deepseg.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text + "\n[slurm]\noptions = [\"--begin=now+1hour\"]\n").unwrap();

    let home = tempfile::tempdir().unwrap();
    let conf = lab.site.path("slurm.conf");
    let mut workbench = Workbench::start(&[&lab.project], home.path(), (120, 40), &[("SLURM_CONF", &conf)]);
    workbench.wait_for(&["Scans 8"]);
    workbench.press("tn");
    workbench.wait_for(&["New training", "Where"]);
    workbench.press(&format!("{UP}{RIGHT}"));
    workbench.wait_for(&["slurm", "Partition", "Time limit", "GPUs"]);
    workbench.press("\x0f");
    workbench.wait_for(&["nothing is started yet", "#SBATCH --begin=now+1hour", "train --run-dir"]);
    workbench.press("\x1b");
    workbench.wait_for(&["New training", "Partition"]);
    workbench.press("\r");
    workbench.wait_for(&["waiting  epoch", "PENDING (BeginTime)"]);
    workbench.press("s");
    workbench.wait_for(&["Stop this training?"]);
    workbench.press("y");
    workbench.wait_for(&["stopped  epoch", "CANCELLED"]);
    workbench.press("q");
    assert!(workbench.ended().success());
}
