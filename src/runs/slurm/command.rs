//! Runs one of Slurm's commands and waits for its answer, but not for ever: a controller that is down lets them hang.

use super::SlurmError;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longer than the commands' own patience with one controller (9 s seen with 22.05).
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);

/// Whether jobs can be handed in from this machine: `sbatch` is on the path.
pub fn is_there() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join("sbatch").is_file())
}

/// What `program arguments…` says on standard output.
///
/// # Errors
/// It is not there, says no, or says nothing for 10 s (it is then ended).
pub(super) fn ask(program: &'static str, arguments: &[&str], folder: &Path) -> Result<String, SlurmError> {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("LC_ALL", "C");
    answer(program, command, PATIENCE)
}

fn answer(program: &'static str, mut command: Command, patience: Duration) -> Result<String, SlurmError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => SlurmError::NotThere(program),
        _ => SlurmError::Start { program, source },
    })?;
    let (said, complained) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let begin = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(text(said)),
            Ok(Some(_)) => return Err(refusal(program, &text(complained), &text(said))),
            Ok(None) if begin.elapsed() < patience => std::thread::sleep(LOOK),
            Ok(None) => {
                end(child);
                return Err(SlurmError::Silent { program, seconds: patience.as_secs() });
            }
            Err(source) => return Err(SlurmError::Start { program, source }),
        }
    }
}

/// Pipes are emptied while the command runs: a full one would make it wait for us.
fn reader(pipe: Option<impl Read + Send + 'static>) -> Option<JoinHandle<String>> {
    let mut pipe = pipe?;
    let read = move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).ok();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    };
    std::thread::Builder::new().name("slurm".into()).spawn(read).ok()
}

fn text(reader: Option<JoinHandle<String>>) -> String {
    reader.and_then(|thread| thread.join().ok()).unwrap_or_default()
}

fn end(mut child: Child) {
    // It may have ended just now; either way it is collected.
    child.kill().ok();
    child.wait().ok();
}

/// The command's last sentence, without its own name and rank before it.
fn refusal(program: &'static str, complained: &str, said: &str) -> SlurmError {
    let words = if complained.is_empty() { said } else { complained };
    let plain = |line: &str| {
        let line = line.trim().trim_start_matches(&format!("{program}: ")).to_owned();
        ["error: ", "fatal: "].iter().fold(line, |l, rank| l.trim_start_matches(rank).to_owned())
    };
    let said = words.lines().map(plain).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("; ");
    let lower = said.to_lowercase();
    if [
        "unable to contact slurm controller",
        "connection refused",
        "socket timed out",
        "zero bytes were transmitted",
    ]
    .iter()
    .any(|sign| lower.contains(sign))
    {
        return SlurmError::Unreachable { said };
    }
    SlurmError::Refused { program, said }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, patience: u64) -> Result<String, SlurmError> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        answer("squeue", command, Duration::from_secs(patience))
    }

    #[test]
    fn the_answer_is_what_is_on_standard_output() {
        assert_eq!(shell("echo 12; echo noise >&2", 5).unwrap(), "12");
        // More than a pipe holds.
        assert_eq!(shell("head -c 300000 /dev/zero | tr '\\0' x", 5).unwrap().len(), 300_000);
    }

    #[test]
    fn a_refusal_is_told_in_slurms_own_words() {
        let said = "squeue: error: invalid partition specified: gpu";
        let error = shell(&format!("echo '{said}' >&2; exit 1"), 5).unwrap_err().to_string();
        assert_eq!(error, "`squeue` refused: invalid partition specified: gpu");
        let down = "squeue: error: Unable to contact slurm controller (connect failure)";
        let error = shell(&format!("echo '{down}' >&2; exit 1"), 5).unwrap_err();
        assert!(matches!(error, SlurmError::Unreachable { .. }), "{error}");
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        let begin = Instant::now();
        assert!(matches!(shell("exec sleep 60", 1), Err(SlurmError::Silent { .. })));
        assert!(begin.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_command_that_is_not_there_says_where_it_is() {
        let error = ask("no-such-sbatch", &[], Path::new("/")).unwrap_err().to_string();
        assert!(error.contains("no-such-sbatch") && error.contains("login node"), "{error}");
    }
}
