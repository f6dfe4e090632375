//! What can go wrong with a centerline, each a sentence with the next step. Knows no formatting beyond that.

use super::Method;
use crate::dataset::{DatasetError, ScanId};
use crate::volume::VolumeError;
use crate::weights::WeightsError;
use std::path::{Path, PathBuf};

/// An error of the centerline room.
#[derive(Debug, thiserror::Error)]
pub enum CenterlineError {
    /// A mask without a single voxel above 0.
    #[error("the cord mask is empty (no voxel is above 0): draw it, or choose another method or file")]
    EmptyMask,
    /// No point to fit.
    #[error("there is no point to draw a centerline through: give at least one")]
    NoPoints,
    /// A point that is not in the image.
    #[error(
        "the point x {:.1}, y {:.1}, z {:.1} (RPI voxels) lies outside the image of {} x {} x {} voxels: \
         are these the points of another image, or millimetres without the column names x_mm, y_mm, z_mm?",
        voxel[0], voxel[1], voxel[2], shape[0], shape[1], shape[2]
    )]
    OutsideImage {
        /// The point, RPI voxels.
        voxel: [f64; 3],
        /// Voxels of the RPI grid.
        shape: [usize; 3],
    },
    /// A centerline in millimetres that meets no slice of the image.
    #[error(
        "the centerline does not meet the image's slices: are these the millimetres of another image or session?"
    )]
    Elsewhere,
    /// A grid whose axes do not span space.
    #[error(
        "the image's axes are degenerate, so millimetres have no voxels: repair its header (`deepseg check`)"
    )]
    DegenerateGrid,
    /// A line of a CSV that cannot be understood.
    #[error("line {line}: {problem}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong and what is expected.
        problem: String,
    },
    /// A file could not be opened, read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A NIfTI file could not be read or written.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// A project or one of its scans could not be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A method this version does not have.
    #[error("there is no method \"{name}\": choose {known} or auto")]
    UnknownMethod {
        /// The name given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// No method's curve can be believed.
    #[error(
        "{scan} has no believable centerline ({reason}): compare the methods in the workbench, place points, \
         or choose one with `deepseg centerline P --subject S --set METHOD`"
    )]
    Unbelievable {
        /// The scan.
        scan: ScanId,
        /// What each method gave.
        reason: String,
    },
    /// A method that takes what is given where one is asked for that looks for the cord.
    #[error("the method {0} does not look for the cord in an image: it follows what it is given")]
    NotADetector(Method),
    /// A fault in a method, met on some image.
    #[error("the method stopped with a fault of deepseg itself: {0}; please report it with the image")]
    Panicked(String),
    /// A scan without what its method works on.
    #[error(
        "{scan}: the method {method} needs {needs}, and the scan has none; \
         choose another with `deepseg centerline P --subject S --set METHOD`"
    )]
    MissingInput {
        /// The scan.
        scan: ScanId,
        /// The method chosen.
        method: Method,
        /// What it works on.
        needs: &'static str,
    },
    /// Nobody waits for the answer any more.
    #[error("stopped before it was done")]
    Cancelled,
    /// A method that needs a model this machine does not have.
    #[error(
        "the method {method} needs the file {name}; it was looked for in {places}: set SCT_DIR to your Spinal Cord Toolbox, \
         put the file into the project's folder `models`, or name its folder with --models"
    )]
    NoModel {
        /// The method.
        method: &'static str,
        /// File name of the model.
        name: String,
        /// Where it was looked for.
        places: String,
    },
    /// A method that has nothing for this contrast.
    #[error(
        "the method {method} has no model for the contrast \"{contrast}\", only for {known}: give one of these with --contrast, or take another method"
    )]
    NoContrast {
        /// The method.
        method: &'static str,
        /// The image's contrast.
        contrast: String,
        /// The contrasts it knows.
        known: &'static str,
    },
    /// A method that needs a program this machine does not have.
    #[error(
        "the method {method} needs the program {program} of the Spinal Cord Toolbox, which is neither in $SCT_DIR/bin nor on \
         the PATH: install the toolbox or set SCT_DIR"
    )]
    NoProgram {
        /// The method.
        method: &'static str,
        /// The program's file name.
        program: &'static str,
    },
    /// A program that did not do its work.
    #[error("{program} {problem}")]
    Program {
        /// The program's file name.
        program: &'static str,
        /// What happened, to be read after the name.
        problem: String,
    },
    /// A network's file that cannot be read; the error names it.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// A model file that cannot be used.
    #[error("{}: {problem}", path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The method ran and found no cord: an honest answer.
    #[error("no cord found: {0}")]
    NotFound(String),
    /// Any of the above, about a file.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: Box<CenterlineError>,
    },
}

impl CenterlineError {
    /// The same error, naming the file it is about. The errors of other rooms name theirs already.
    pub fn about(self, path: &Path) -> Self {
        match self {
            CenterlineError::Volume(_) | CenterlineError::Dataset(_) | CenterlineError::File { .. } => self,
            problem => CenterlineError::File { path: path.to_path_buf(), problem: Box::new(problem) },
        }
    }
}
