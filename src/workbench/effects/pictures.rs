//! The picture lane: decodes the scan asked for last, keeps a few decoded ones, and looks ahead to the neighbours.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use super::scene::of_scan;
use super::sentence;
use crate::dataset::{Project, ScanId};
use crate::workbench::message::Msg;
use crate::workbench::scene::Scene;

/// A scan to decode.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) key: String,
    pub(super) generation: u64,
    /// Decoded afterwards, while nothing newer is asked for.
    pub(super) neighbours: Vec<String>,
    /// What is kept of this scan is out of date.
    pub(super) fresh: bool,
}

/// Starts the lane; its only slot holds the newest request.
pub(super) fn start(
    project: watch::Receiver<Option<Arc<Project>>>,
    sender: UnboundedSender<Msg>,
) -> watch::Sender<Option<Request>> {
    let (slot, mut requests) = watch::channel(None::<Request>);
    tokio::spawn(async move {
        let mut kept = Kept::default();
        while requests.changed().await.is_ok() {
            let (Some(request), Some(project)) =
                (requests.borrow_and_update().clone(), project.borrow().clone())
            else {
                continue;
            };
            kept.belong_to(&project, request.fresh.then_some(&request.key));
            let answer = scene(&mut kept, &project, &request.key).await;
            sender.send(Msg::Scene { generation: request.generation, answer }).ok();
            for neighbour in &request.neighbours {
                if requests.has_changed().unwrap_or(true) {
                    break;
                }
                scene(&mut kept, &project, neighbour).await.ok();
            }
        }
    });
    slot
}

async fn scene(kept: &mut Kept, project: &Arc<Project>, key: &str) -> Result<Arc<Scene>, String> {
    if let Some(scene) = kept.get(key) {
        return Ok(scene);
    }
    let (project, id) = (project.clone(), ScanId::new(key));
    let decoded = tokio::task::spawn_blocking(move || of_scan(&project, &id)).await;
    let scene = decoded
        .map_err(|e| format!("{key}: cannot be shown ({e})"))?
        .map_err(|e| sentence(e.as_ref()))
        .map(Arc::new)?;
    kept.keep(scene.clone());
    Ok(scene)
}

/// The last few scans decoded, newest last.
#[derive(Default)]
struct Kept {
    scenes: Vec<Arc<Scene>>,
    dir: std::path::PathBuf,
}

/// Limits of what is kept: scans, and bytes of voxels.
const MOST: usize = 9;
const MOST_BYTES: usize = 600 << 20;

impl Kept {
    /// Drops what belongs to another project, and what is out of date.
    fn belong_to(&mut self, project: &Project, stale: Option<&String>) {
        if self.dir != project.dir() {
            self.scenes.clear();
            self.dir = project.dir().to_owned();
        }
        if stale.is_some() {
            // Whatever was redone may have changed the neighbours too.
            self.scenes.clear();
        }
    }

    fn get(&mut self, key: &str) -> Option<Arc<Scene>> {
        let at = self.scenes.iter().position(|s| s.key == key)?;
        let scene = self.scenes.remove(at);
        self.scenes.push(scene.clone());
        Some(scene)
    }

    fn keep(&mut self, scene: Arc<Scene>) {
        self.scenes.push(scene);
        let bytes = |s: &Arc<Scene>| s.image.len() * 6;
        while self.scenes.len() > MOST
            || (self.scenes.len() > 1 && self.scenes.iter().map(bytes).sum::<usize>() > MOST_BYTES)
        {
            self.scenes.remove(0);
        }
    }
}
