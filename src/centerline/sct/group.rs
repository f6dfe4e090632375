//! A program and everything it starts, as one process group: run in the background with an eye on a clock and on whoever asked
//! for it, and gone entirely afterwards. Knows nothing of centerlines beyond the reason to stop.

use crate::centerline::CenterlineError;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, setpriority_process, waitid};
use std::io::{self, PipeReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long to wait for output before the clock and the user are asked again.
const PAUSE: Duration = Duration::from_millis(20);
/// The end of the output that is kept: an explanation is in the last lines.
const KEPT: usize = 64 * 1024;
/// Background work yields to the screen.
const NICENESS: i32 = 5;

/// How a program ended by itself.
pub(super) struct Ended {
    pub status: ExitStatus,
    /// The last 64 KiB of what it wrote to its output and error streams, in order.
    pub said: String,
}

/// Why there is no end to look at.
pub(super) enum Stop {
    /// The system refused to run it.
    NotStarted(io::Error),
    /// It ran longer than allowed.
    TooLong,
    /// Nobody waits any more.
    Unwanted(CenterlineError),
}

/// Runs a command with nothing to read, until it ends, `limit` has passed or `go_on` fails; kills what it leaves behind.
pub(super) fn run(
    command: Command,
    limit: Duration,
    go_on: &dyn Fn() -> Result<(), CenterlineError>,
) -> Result<Ended, Stop> {
    let started = Instant::now();
    let (mut group, mut output) = Group::start(command).map_err(Stop::NotStarted)?;
    while !group.leader_ended() {
        go_on().map_err(Stop::Unwanted)?;
        if started.elapsed() > limit {
            return Err(Stop::TooLong);
        }
        output.listen(PAUSE);
    }
    let status = group.end().map_err(Stop::NotStarted)?;
    output.drain();
    Ok(Ended { status, said: String::from_utf8_lossy(&output.said).into_owned() })
}

/// The program as leader of a process group of its own; dropping it kills the group.
struct Group {
    leader: Child,
}

impl Group {
    fn start(mut command: Command) -> io::Result<(Self, Output)> {
        let (reader, writer) = io::pipe()?;
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).process_group(0);
        let leader = command.spawn()?;
        setpriority_process(Some(Pid::from_child(&leader)), NICENESS).ok();
        Ok((Self { leader }, Output { pipe: reader, said: Vec::new(), open: true }))
    }

    /// Whether the program ended. It stays a zombie for now, so that the group's number cannot be given to anyone else.
    fn leader_ended(&self) -> bool {
        let quietly = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        // An error means that there is nothing to wait for.
        !matches!(waitid(WaitId::Pid(Pid::from_child(&self.leader)), quietly), Ok(None))
    }

    /// Kills what is left of the group and says how the program itself ended.
    fn end(&mut self) -> io::Result<ExitStatus> {
        kill_process_group(Pid::from_child(&self.leader), Signal::KILL).ok();
        self.leader.wait()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // After `end` the number may be somebody else's.
        if let Ok(None) = self.leader.try_wait() {
            self.end().ok();
        }
    }
}

/// What the group writes. Never waits for the end of it: a process that left the group may hold it open for ever.
struct Output {
    pipe: PipeReader,
    said: Vec<u8>,
    open: bool,
}

impl Output {
    /// Takes what was written, waiting up to `pause` for it.
    fn listen(&mut self, pause: Duration) -> bool {
        if self.open && self.ready(pause) {
            let mut piece = [0; 16 * 1024];
            let read = self.pipe.read(&mut piece).unwrap_or(0);
            self.open = read > 0;
            self.said.extend_from_slice(&piece[..read]);
            let excess = self.said.len().saturating_sub(KEPT);
            self.said.drain(..excess);
            return self.open;
        }
        if !self.open {
            std::thread::sleep(pause);
        }
        false
    }

    /// Takes what is still in the pipe.
    fn drain(&mut self) {
        // A pipe holds 64 KiB; somebody who escaped the group could fill it again and again.
        for _ in 0..8 {
            if !self.listen(Duration::ZERO) {
                break;
            }
        }
    }

    fn ready(&self, pause: Duration) -> bool {
        let mut waiting = [PollFd::new(&self.pipe, PollFlags::IN)];
        let Ok(pause) = pause.try_into() else { return false };
        matches!(poll(&mut waiting, Some(&pause)), Ok(ready) if ready > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    fn ended(script: &str) -> Ended {
        run(shell(script), SHORT, &|| Ok(())).unwrap_or_else(|_| panic!("{script} did not end"))
    }

    /// A child that lengthens the file `beat` all the time.
    const BEATING: &str = "(while :; do echo >> beat; sleep 0.02; done) &";

    /// Whether nothing lengthens the file any more.
    fn is_still(beat: &std::path::Path) -> bool {
        let length = || std::fs::metadata(beat).unwrap().len();
        let before = length();
        std::thread::sleep(PAUSE * 10);
        before > 0 && length() == before
    }

    #[test]
    fn output_and_status_come_back_in_order() {
        let ended = ended("echo one; echo two >&2; read nothing; echo three; exit 3");
        assert_eq!((ended.status.code(), ended.said.as_str()), (Some(3), "one\ntwo\nthree\n"));
    }

    #[test]
    fn a_flood_is_cut_to_its_end() {
        let ended = ended("head -c 5000000 /dev/zero | tr '\\0' x >&2; echo; echo last");
        assert!(ended.status.success() && ended.said.len() <= KEPT && ended.said.ends_with("x\nlast\n"));
    }

    #[test]
    fn what_a_program_leaves_behind_is_not_waited_for_and_killed() {
        let (folder, started) = (tempfile::tempdir().unwrap(), Instant::now());
        let mut command = shell(&format!("{BEATING} while ! [ -s beat ]; do sleep 0.02; done; exit 0"));
        command.current_dir(folder.path());
        assert!(run(command, SHORT, &|| Ok(())).is_ok_and(|ended| ended.status.success()));
        assert!(started.elapsed() < SHORT / 2 && is_still(&folder.path().join("beat")));
    }

    #[test]
    fn the_clock_and_the_user_stop_a_hanging_program_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let beat = folder.path().join("beat");
        let hang = || {
            let mut command = shell(&format!("trap '' TERM INT; {BEATING} wait; sleep 600"));
            command.current_dir(folder.path());
            command
        };
        assert!(matches!(run(hang(), Duration::from_millis(500), &|| Ok(())), Err(Stop::TooLong)));
        assert!(is_still(&beat));
        std::fs::remove_file(&beat).unwrap();
        let soon = || if beat.is_file() { Err(CenterlineError::Cancelled) } else { Ok(()) };
        assert!(matches!(run(hang(), SHORT, &soon), Err(Stop::Unwanted(CenterlineError::Cancelled))));
        assert!(is_still(&beat));
    }

    #[test]
    fn closed_output_does_not_mean_the_end() {
        let ended = ended("exec >&- 2>&-; sleep 0.2; exit 4");
        assert_eq!((ended.status.code(), ended.said.as_str()), (Some(4), ""));
    }

    #[test]
    fn a_program_that_cannot_run_says_so() {
        assert!(matches!(run(Command::new("/no/such"), SHORT, &|| Ok(())), Err(Stop::NotStarted(_))));
    }
}
