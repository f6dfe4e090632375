//! What is remembered between sessions: theme, picture mode, overlays, recent projects. Losing it is never an error.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::scene::Overlays;
use super::state::State;
use super::theme::ThemeName;
use super::widgets::picture::{Ink, Mode};

/// The remembered choices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Memory {
    pub(crate) theme: ThemeName,
    /// `None` until one is chosen: then the terminal decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mode: Option<Mode>,
    pub(crate) recent: Vec<PathBuf>,
    /// Whether the end of a training rings the terminal's bell.
    pub(crate) bell: bool,
    pub(crate) overlays: Overlays,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            theme: ThemeName::default(),
            mode: None,
            recent: Vec::new(),
            overlays: Overlays::default(),
            bell: true,
        }
    }
}

impl Memory {
    /// Where it is kept: `$DEEPSEG_STATE_DIR`, else the user's state directory.
    pub(crate) fn path() -> Option<PathBuf> {
        let own = std::env::var_os("DEEPSEG_STATE_DIR").map(PathBuf::from);
        let usual = || {
            let dirs = directories::ProjectDirs::from("", "", "deepseg")?;
            Some(dirs.state_dir().unwrap_or(dirs.data_local_dir()).to_path_buf())
        };
        own.or_else(usual).map(|dir| dir.join("workbench.toml"))
    }

    /// Reads it; the defaults when there is nothing that can be read.
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        toml::from_str(&text).unwrap_or_default()
    }

    /// What to remember of a session that began with `self` and drew with `first`: only what was changed by hand, so that a
    /// terminal without colours does not overwrite the choice made on one with.
    pub(crate) fn after(mut self, first: Ink, state: &State) -> Self {
        if state.ink.theme.name != first.theme.name {
            self.theme = state.ink.theme.name;
        }
        if state.ink.mode != first.mode {
            self.mode = Some(state.ink.mode);
        }
        self.overlays = state.viewer.overlays;
        self.bell = state.bell;
        self.recent.clone_from(&state.start.recent);
        self
    }

    /// Writes it whole.
    pub(crate) fn write(&self, path: &Path) -> std::io::Result<()> {
        let text = toml::to_string_pretty(self).map_err(std::io::Error::other)?;
        crate::files::write_bytes(path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_survive_and_rubbish_is_forgiven() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/workbench.toml");
        let memory = Memory {
            theme: ThemeName::ColourBlind,
            mode: Some(Mode::Octant),
            recent: vec!["/p/5".into(), "/p/1".into()],
            ..Memory::default()
        };
        memory.write(&path).unwrap();
        assert_eq!(Memory::read(&path), memory);
        std::fs::write(&path, "theme = 7").unwrap();
        assert_eq!(Memory::read(&path), Memory::default());
    }
}
