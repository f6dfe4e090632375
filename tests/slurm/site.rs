//! A Slurm of one node, with daemons, keys and folders of its own: nothing of the machine's configuration is used or touched.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);

pub struct Site {
    folder: tempfile::TempDir,
    daemons: Vec<Child>,
}

impl Site {
    /// Starts munged, slurmctld and slurmd; `None`, with the reason on the screen, where they are not installed.
    pub fn start() -> Option<Self> {
        let programs = ["munged", "slurmctld", "slurmd"].map(daemon);
        let [Some(munged), Some(slurmctld), Some(slurmd)] = programs else {
            eprintln!(
                "skipped: munged, slurmctld or slurmd is not installed (apt-get install slurm-wlm munge)"
            );
            return None;
        };
        // Names of sockets are short: not below a long TMPDIR. munged wants folders that only their owner can write.
        let folder = tempfile::Builder::new()
            .prefix("slurm")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir_in("/tmp")
            .unwrap();
        let mut site = Self { folder, daemons: Vec::new() };
        for name in ["key", "run", "state", "spool", "log"] {
            fs::DirBuilder::new().mode(0o755).create(site.path(name)).unwrap();
        }
        fs::set_permissions(site.path("key"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(site.path("key/key"), noise()).unwrap();
        fs::set_permissions(site.path("key/key"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(site.path("slurm.conf"), site.configuration()).unwrap();
        site.launch(munged, &site.munge_arguments());
        site.wait(|s| s.path("run/munge").exists(), "munged");
        site.launch(slurmctld, &["-D".into(), "-i".into()]);
        site.launch(slurmd, &["-D".into()]);
        site.wait(|s| s.say("sinfo", &["-h", "-o", "%t"]).1.trim() == "idle", "the node");
        Some(site)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command that talks to this Slurm.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.path("slurm.conf")).stdin(Stdio::null());
        command
    }

    /// Whether a command succeeded, and what it said.
    pub fn say(&self, program: &str, arguments: &[&str]) -> (bool, String) {
        let output = self.command(program).args(arguments).output().unwrap();
        let both = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&both).into_owned())
    }

    fn munge_arguments(&self) -> Vec<String> {
        let place = |option: &str, name: &str| format!("--{option}={}", self.path(name).display());
        vec![
            "--foreground".into(),
            "--num-threads=1".into(),
            place("socket", "run/munge"),
            place("key-file", "key/key"),
            place("pid-file", "key/pid"),
            place("log-file", "key/log"),
            place("seed-file", "key/seed"),
        ]
    }

    fn configuration(&self) -> String {
        let (host, user) = (said_by("hostname", "-s"), said_by("id", "-un"));
        let (at, [controller, node]) = (self.folder.path().display(), ports());
        format!(
            "ClusterName=test\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser={user}\nSlurmdUser={user}\n\
             SlurmctldPort={controller}\nSlurmdPort={node}\n\
             AuthType=auth/munge\nCryptoType=crypto/munge\nAuthInfo=socket={at}/run/munge,cred_expire=5\n\
             StateSaveLocation={at}/state\nSlurmdSpoolDir={at}/spool\n\
             SlurmctldPidFile={at}/run/ctld.pid\nSlurmdPidFile={at}/run/slurmd.pid\n\
             SlurmctldLogFile={at}/log/ctld\nSlurmdLogFile={at}/log/slurmd\n\
             ProctrackType=proctrack/pgid\nTaskPlugin=task/none\nMpiDefault=none\n\
             JobAcctGatherType=jobacct_gather/none\nAccountingStorageType=accounting_storage/none\n\
             SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\nReturnToService=2\nKillWait=5\n\
             SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0\n\
             NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=512 State=UNKNOWN\n\
             PartitionName=main Nodes={host} Default=YES MaxTime=60 State=UP\n"
        )
    }

    fn launch(&mut self, program: PathBuf, arguments: &[String]) {
        let name = program.file_name().unwrap().to_string_lossy().into_owned();
        let out = fs::File::create(self.path(&format!("log/{name}.out"))).unwrap();
        let mut command = self.command(&program.display().to_string());
        command.args(arguments).stdout(out.try_clone().unwrap()).stderr(out);
        self.daemons.push(command.spawn().unwrap());
    }

    fn wait(&self, holds: impl Fn(&Self) -> bool, what: &str) {
        let begin = Instant::now();
        while !holds(self) {
            assert!(begin.elapsed() < LONG, "waiting for {what}:\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn logs(&self) -> String {
        let files = fs::read_dir(self.path("log")).unwrap().map(|f| f.unwrap().path());
        files.map(|f| format!("{}\n{}", f.display(), fs::read_to_string(&f).unwrap_or_default())).collect()
    }
}

impl Drop for Site {
    /// No job and no daemon survives its test.
    fn drop(&mut self) {
        self.say("scancel", &["--quiet", "--signal=KILL", "--full", "--user", &said_by("id", "-un")]);
        self.say("scancel", &["--quiet", "--user", &said_by("id", "-un")]);
        let begin = Instant::now();
        while !self.say("squeue", &["-h", "-t", "running,completing"]).1.is_empty() && begin.elapsed() < LONG
        {
            std::thread::sleep(Duration::from_millis(100));
        }
        for daemon in self.daemons.iter_mut().rev() {
            daemon.kill().ok();
            daemon.wait().ok();
        }
    }
}

fn daemon(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(usual).map(|d| d.join(name)).find(|p| p.is_file())
}

fn noise() -> Vec<u8> {
    use std::io::Read;
    let mut bytes = vec![0; 1024];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    bytes
}

/// Free now; both are held until both are known.
fn ports() -> [u16; 2] {
    let held = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|l| l.local_addr().unwrap().port())
}

fn said_by(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
