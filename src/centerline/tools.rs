//! Where the published models and the Spinal Cord Toolbox are on this machine. Looks at names only, opens nothing.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Folders below a place that may hold models: as people unpack them and as the Spinal Cord Toolbox installs them.
const SHELVES: [&str; 7] = [
    "",
    "optic",
    "centerline",
    "optic_models",
    "deepseg_sc_models",
    "data/optic_models",
    "data/deepseg_sc_models",
];

/// Places to look in, the first that has a file wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tools {
    places: Vec<PathBuf>,
    sct: Option<PathBuf>,
}

impl Tools {
    /// The models in `places`, then those of the Spinal Cord Toolbox that `$SCT_DIR` names.
    pub fn found(places: impl IntoIterator<Item = PathBuf>) -> Self {
        Self::with(places, std::env::var_os("SCT_DIR").map(PathBuf::from))
    }

    /// The models in `places`, then those in the folder `sct` of a Spinal Cord Toolbox.
    pub fn with(places: impl IntoIterator<Item = PathBuf>, sct: Option<PathBuf>) -> Self {
        Self { places: places.into_iter().chain(sct.clone()).collect(), sct }
    }

    /// The first file called `name`.
    pub fn model(&self, name: &str) -> Option<PathBuf> {
        let shelves = self.places.iter().flat_map(|place| SHELVES.iter().map(move |shelf| place.join(shelf)));
        shelves.map(|shelf| shelf.join(name)).find(|path| path.is_file())
    }

    /// The places, as a list for messages.
    pub fn places(&self) -> String {
        let shown: Vec<String> = self.places.iter().map(|p| p.display().to_string()).collect();
        if shown.is_empty() { "no folder at all (SCT_DIR is not set)".into() } else { shown.join(", ") }
    }

    /// A program of the Spinal Cord Toolbox: in its `bin` folder, else on the `PATH`.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let own = self.sct.iter().map(|sct| sct.join("bin"));
        let path = std::env::var_os("PATH");
        let others: Vec<PathBuf> =
            path.as_deref().map(|p: &OsStr| std::env::split_paths(p).collect()).unwrap_or_default();
        own.chain(others).map(|folder| folder.join(name)).find(|file| is_program(file))
    }
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_found_as_unpacked_and_as_installed() {
        let home = tempfile::tempdir().unwrap();
        let put = |path: &str| {
            let path = home.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "x").unwrap();
            path
        };
        let (own, installed) = (put("models/optic/t2.yml"), put("sct/data/optic_models/t2.yml"));
        let other = put("sct/data/deepseg_sc_models/t2_ctr.h5");
        let tools = Tools::with([home.path().join("models")], Some(home.path().join("sct")));
        assert_eq!(tools.model("t2.yml"), Some(own));
        assert_eq!(tools.model("t2_ctr.h5"), Some(other));
        assert_eq!(tools.model("t1.yml"), None);
        let without = Tools::with([], Some(home.path().join("sct")));
        assert_eq!(without.model("t2.yml"), Some(installed));
        assert!(Tools::with([], None).places().contains("SCT_DIR"));
    }

    #[cfg(unix)]
    #[test]
    fn programs_must_be_executable() {
        use std::os::unix::fs::PermissionsExt;
        let sct = tempfile::tempdir().unwrap();
        let file = sct.path().join("bin/sct_made_up");
        std::fs::create_dir(sct.path().join("bin")).unwrap();
        std::fs::write(&file, "#!/bin/sh\n").unwrap();
        let tools = Tools::with([], Some(sct.path().into()));
        assert_eq!(tools.program("sct_made_up"), None);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(tools.program("sct_made_up"), Some(file));
    }
}
