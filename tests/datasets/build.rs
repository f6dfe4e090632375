//! A dataset in a temporary folder, file by file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use deepseg::dataset::{Discovery, Problem, Project, Settings, discover};
use deepseg::volume::{Affine, Grid, Volume, write_image, write_mask};
use ndarray::{Array3, ShapeBuilder};

/// A temporary dataset, with room for a project beside it.
pub struct Dataset {
    dir: tempfile::TempDir,
}

impl Dataset {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("data")).unwrap();
        Self { dir }
    }

    /// A dataset of empty files: enough for listing, which opens none.
    pub fn of_names(names: &[&str]) -> Self {
        let dataset = Self::new();
        for name in names {
            dataset.file(name, "");
        }
        dataset
    }

    pub fn root(&self) -> PathBuf {
        self.dir.path().join("data").canonicalize().unwrap()
    }

    pub fn project_dir(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        let path = self.root().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    pub fn file(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// An image with different values everywhere, varied by `seed`.
    pub fn image(&self, name: &str, seed: u32) -> Volume<f32> {
        let image = textured(seed);
        write_image(&self.path(name), &image).unwrap();
        image
    }

    pub fn write_image(&self, name: &str, image: &Volume<f32>) {
        write_image(&self.path(name), image).unwrap();
    }

    /// A mask with the given voxels set.
    pub fn mask(&self, name: &str, voxels: &[[usize; 3]]) {
        self.write_mask(name, grid(), voxels);
    }

    pub fn write_mask(&self, name: &str, grid: Grid, voxels: &[[usize; 3]]) {
        let mut data = Array3::zeros(grid.shape.f());
        for voxel in voxels {
            data[*voxel] = 1;
        }
        write_mask(&self.path(name), &Volume { grid, data }).unwrap();
    }

    pub fn discover(&self, settings: &Settings) -> Discovery {
        discover(&self.root(), settings).unwrap()
    }

    pub fn project(&self) -> Project {
        self.create(self.settings()).0
    }

    pub fn create(&self, settings: Settings) -> (Project, Vec<Problem>) {
        Project::create(&self.project_dir(), settings).unwrap()
    }

    pub fn settings(&self) -> Settings {
        Settings::new(self.root())
    }

    /// Every file of the dataset with its bytes.
    pub fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.root(), &mut files);
        files
    }
}

fn collect(dir: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap_or_default());
        }
    }
}

/// 12 x 10 x 4 voxels of 1 x 1 x 3 mm in RPI order.
pub fn grid() -> Grid {
    let mut affine = Affine::scaling([1.0, 1.0, 3.0], [40.0, -20.0, 10.0]);
    affine.0[0][0] = -1.0;
    Grid { shape: [12, 10, 4], affine }
}

pub fn textured(seed: u32) -> Volume<f32> {
    let grid = grid();
    let value = |(i, j, k): (usize, usize, usize)| (seed as usize * 7919 + i + 12 * j + 120 * k) as f32;
    Volume { grid, data: Array3::from_shape_fn(grid.shape.f(), value) }
}
