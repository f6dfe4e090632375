//! What the screen of placed points asks for: what was saved, a picture from the side, and saving.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use super::{Effects, choose, sentence};
use crate::centerline::{self, CenterlineError, Method};
use crate::dataset::qc::user;
use crate::dataset::{Project, ScanId};
use crate::preprocess::CropSettings;
use crate::volume::read_header;
use crate::workbench::message::{Msg, Seen};
use crate::workbench::side::{SideKind, side};
use crate::workbench::state::points::Opened;

/// Reads the points of a scan in the background.
pub(super) fn open(project: &Arc<Project>, key: String, generation: u64, effects: &Effects) {
    let project = project.clone();
    effects.work(move || {
        let answer = read(&project, &ScanId::new(&key)).map_err(|e| sentence(&e));
        Some(Msg::PointsOpened { generation, answer })
    });
}

fn read(project: &Project, id: &ScanId) -> Result<Opened, CenterlineError> {
    let scan = project.scan(id)?;
    let placed = centerline::read_points(project, scan)?;
    let crop = CropSettings::of_project(project).unwrap_or_default();
    let points = match &placed {
        Some(placed) => placed.on(&read_header(&scan.image)?.grid)?,
        None => Vec::new(),
    };
    Ok(Opened {
        points,
        by: placed.map(|p| format!("{}, {}", p.author, p.time)),
        fit: centerline::placed_fit(project)?,
        crop_mm: crop.spacing_mm * crop.size as f64,
    })
}

/// Saves the points of a scan and decides for them.
pub(super) fn save(project: &Arc<Project>, id: String, points: Vec<[f64; 3]>, effects: &Effects) {
    let (project, shared) = (project.clone(), effects.project.clone());
    effects.work(move || {
        let scan = ScanId::new(&id);
        let saved = write(&project, &scan, &points).map_err(|e| sentence(&e));
        let method = Method::Points.to_string();
        let chosen = saved
            .and_then(|()| choose::decide(&project, &shared, &[scan], &method).map_err(|e| sentence(&e)));
        Some(Msg::CenterlineChosen { id, result: chosen.map(|()| method) })
    });
}

fn write(project: &Project, id: &ScanId, points: &[[f64; 3]]) -> Result<(), CenterlineError> {
    let scan = project.scan(id)?;
    let grid = read_header(&scan.image)?.grid;
    centerline::save_points(project, scan, &grid, points, &user()).map(drop)
}

/// A picture from the side to be made.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) scene: Seen,
    pub(super) generation: u64,
    pub(super) line: Option<Vec<f64>>,
    pub(super) wanted: Option<SideKind>,
}

/// Starts the lane of side pictures; its only slot holds the newest request.
pub(super) fn start(sender: UnboundedSender<Msg>) -> watch::Sender<Option<Request>> {
    let (slot, mut requests) = watch::channel(None::<Request>);
    tokio::spawn(async move {
        while requests.changed().await.is_ok() {
            let Some(request) = requests.borrow_and_update().clone() else { continue };
            let generation = request.generation;
            let made = tokio::task::spawn_blocking(move || {
                side(&request.scene.0, request.line.as_deref(), request.wanted)
            });
            if let Ok(side) = made.await {
                sender.send(Msg::Sided { generation, side: Arc::new(side) }).ok();
            }
        }
    });
    slot
}
