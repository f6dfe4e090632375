//! The points a person placed on a scan: saved with who, when and how they are joined, and read back as a curve.
//!
//! One small JSON file per scan beside its crop. Knows projects and grids; knows nothing of screens.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{CenterlineError, CenterlineSettings, Curve, Fit, Frame, Points, from_points};
use crate::dataset::{Project, Scan};
use crate::files::write_bytes;
use crate::volume::Grid;

/// The version of the file this program writes and reads.
const VERSION: u32 = 1;

/// Points of one scan, as they are saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacedPoints {
    version: u32,
    /// Who placed them.
    pub author: String,
    /// When they were saved, RFC 3339.
    pub time: String,
    /// The fit that joins them.
    pub fit: Fit,
    /// Voxels of the image in RPI orientation.
    pub shape: [usize; 3],
    /// `[x, y, z]` each, continuous RPI voxels of the image, by rising z.
    pub voxels: Vec<[f64; 3]>,
    /// The same in RAS+ millimetres.
    pub world_mm: Vec<[f64; 3]>,
}

impl PlacedPoints {
    /// The points (RPI voxels, by rising z) on the image's `grid`. Their voxels count while the image has the shape they were
    /// placed on, whatever became of its header; else their millimetres do.
    pub fn on(&self, grid: &Grid) -> Result<Vec<[f64; 3]>, CenterlineError> {
        if grid.to_rpi().shape == self.shape {
            return Ok(self.voxels.clone());
        }
        Points { frame: Frame::World, at: self.world_mm.clone() }.to_voxels(grid)
    }

    /// The curve through the points on the image's `grid`, taken to RPI.
    pub fn curve(&self, grid: &Grid) -> Result<Curve, CenterlineError> {
        from_points(&Points { frame: Frame::Rpi, at: self.on(grid)? }, grid, self.fit)
    }
}

/// Where the points of a scan are kept, whether there are any or not.
pub(super) fn file(project: &Project, scan: &Scan) -> PathBuf {
    project.derivative(scan, "points_centerline.json")
}

/// The points placed on a scan; `None` when there are none. Fails when the file cannot be understood.
pub fn read_points(project: &Project, scan: &Scan) -> Result<Option<PlacedPoints>, CenterlineError> {
    let path = file(project, scan);
    let text = match std::fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|e| CenterlineError::from(e).about(&path))?,
    };
    let placed: PlacedPoints = serde_json::from_slice(&text).map_err(|e| damaged(&path, &e.to_string()))?;
    if placed.version > VERSION {
        return Err(damaged(&path, "it was written by a newer deepseg; update deepseg"));
    }
    Ok(Some(placed))
}

/// Saves the points placed on a scan (`[x, y, z]`, continuous RPI voxels of the image on `grid`, in any order) and returns the
/// curve through them by the project's fit. Saves nothing when there is no point or one is outside the image.
pub fn save_points(
    project: &Project,
    scan: &Scan,
    grid: &Grid,
    points: &[[f64; 3]],
    author: &str,
) -> Result<Curve, CenterlineError> {
    let fit = placed_fit(project)?;
    let points = Points { frame: Frame::Rpi, at: points.to_vec() };
    let curve = from_points(&points, grid, fit)?;
    let voxels = points.to_voxels(grid)?;
    let rpi = grid.to_rpi();
    let placed = PlacedPoints {
        version: VERSION,
        author: author.to_owned(),
        time: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        fit,
        shape: rpi.shape,
        world_mm: voxels.iter().map(|voxel| rpi.world(*voxel)).collect(),
        voxels,
    };
    let path = file(project, scan);
    let text = serde_json::to_vec_pretty(&placed).map_err(io::Error::from);
    text.and_then(|text| write_bytes(&path, &text)).map_err(|e| CenterlineError::from(e).about(&path))?;
    Ok(curve)
}

/// The fit that joins placed points in a project.
pub fn placed_fit(project: &Project) -> Result<Fit, CenterlineError> {
    Ok(CenterlineSettings::of(project)?.fit.for_placed())
}

fn damaged(path: &Path, why: &str) -> CenterlineError {
    let problem = format!("cannot be understood ({why}); place the points again, or move the file away");
    CenterlineError::Model { path: path.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Settings;
    use crate::volume::{Affine, Volume, write_image};

    fn grid() -> Grid {
        Grid { shape: [20, 18, 12], affine: Affine::scaling([0.5, 0.5, 2.0], [-5.0, -4.0, 3.0]) }
    }

    /// A project of one scan of one session.
    fn project(place: &Path) -> Project {
        let anat = place.join("data/sub-a/ses-1/anat");
        std::fs::create_dir_all(&anat).unwrap();
        write_image(&anat.join("sub-a_ses-1_T2w.nii.gz"), &Volume::filled(grid(), 1.0_f32)).unwrap();
        std::fs::write(place.join("data/dataset_description.json"), r#"{"Name":"a","BIDSVersion":"1.9.0"}"#)
            .unwrap();
        Project::create(&place.join("project"), Settings::new(place.join("data"))).unwrap().0
    }

    #[test]
    fn what_was_placed_comes_back_with_its_author() {
        let place = tempfile::tempdir().unwrap();
        let project = project(place.path());
        let scan = &project.scans()[0];
        assert_eq!(read_points(&project, scan).unwrap(), None);
        let points = [[9.0, 8.5, 10.0], [10.25, 9.0, 2.0], [9.5, 9.0, 6.0]];
        let curve = save_points(&project, scan, &grid(), &points, "ada").unwrap();
        assert_eq!((curve.z_range(), curve.method.as_str()), (2..11, "points"));
        assert!(points.iter().all(|p| (curve.at(p[2] as usize).unwrap()[0] - p[0]).abs() < 1e-9));
        let placed = read_points(&project, scan).unwrap().unwrap();
        assert_eq!((placed.author.as_str(), placed.fit), ("ada", Fit::Natural));
        assert!(placed.time.ends_with('Z') && placed.time.parse::<jiff::Timestamp>().is_ok());
        assert_eq!(
            (placed.voxels[0], placed.world_mm[0]),
            ([10.25, 9.0, 2.0], grid().to_rpi().world([10.25, 9.0, 2.0]))
        );
        assert_eq!(read_points(&project, scan).unwrap().unwrap().curve(&grid()).unwrap(), curve);
        let file = file(&project, scan);
        assert!(file.ends_with("sub-a/ses-1/anat/sub-a_ses-1_T2w_desc-points_centerline.json"), "{file:?}");
    }

    #[test]
    fn voxels_count_on_the_same_shape_and_millimetres_on_another() {
        let place = tempfile::tempdir().unwrap();
        let project = project(place.path());
        let scan = &project.scans()[0];
        save_points(&project, scan, &grid(), &[[9.0, 8.0, 2.0], [9.0, 8.0, 9.0]], "ada").unwrap();
        let placed = read_points(&project, scan).unwrap().unwrap();
        let mut shifted = grid();
        shifted.affine.0[0][3] += 7.0;
        let curve = placed.curve(&shifted).unwrap();
        assert_eq!(curve.at(5), Some([9.0, 8.0]));
        let fine = grid().resampled(0.25);
        let curve = placed.curve(&fine).unwrap();
        let (world, truth) = (curve.world(30).unwrap(), grid().to_rpi().world([9.0, 8.0, 0.0]));
        assert!(
            (world[0] - truth[0]).abs() < 1e-9 && (world[1] - truth[1]).abs() < 1e-9,
            "{world:?} {truth:?}"
        );
    }

    #[test]
    fn strangers_save_nothing_and_damage_is_named() {
        let place = tempfile::tempdir().unwrap();
        let project = project(place.path());
        let scan = &project.scans()[0];
        assert!(save_points(&project, scan, &grid(), &[[9.0, 80.0, 2.0]], "ada").is_err());
        assert!(save_points(&project, scan, &grid(), &[], "ada").is_err());
        assert_eq!(read_points(&project, scan).unwrap(), None);
        let path = file(&project, scan);
        write_bytes(&path, b"{\"version\": 1").unwrap();
        let message = read_points(&project, scan).unwrap_err().to_string();
        assert!(message.contains("desc-points") && message.contains("place the points again"), "{message}");
    }
}
