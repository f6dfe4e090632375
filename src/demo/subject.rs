//! One subject from seed to files: body, scans, masks, sidecars, truth.

use std::path::Path;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::volume::Volume;

use super::DemoError;
use super::anatomy::Anatomy;
use super::bids::{self, ScanNames};
use super::cohort::{self, Fault, LESION_ROOM};
use super::scanner::{self, Acquisition, Protocol};
use super::truth::{ScanTruth, SubjectTruth, readable};
use super::write;

/// How far (mm) above and below the middle of the field of view the exact centerline is given.
const CENTERLINE_REACH: i32 = 55;

/// Makes subject number `index` (from 0) and writes its files below `dataset`.
pub(super) fn make(dataset: &Path, index: usize, seed: u64) -> Result<SubjectTruth, DemoError> {
    let plan = cohort::plan(index)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index as u64);
    let middle = rng.random_range(-14.0..16.0);
    let lesion_z = [middle - LESION_ROOM / 2.0, middle + LESION_ROOM / 2.0];
    let body = Anatomy::new(rng.random(), &plan.sizes, lesion_z);
    let id = format!("sub-{:02}", index + 1);
    let mut scans = Vec::new();
    for (number, protocol) in plan.protocols.iter().enumerate() {
        // A rater's slip is in one file, not in all of a subject's.
        let fault = plan.fault.filter(|_| number == 0);
        let [x, y] = body.center(middle);
        let acquired = scanner::acquire(&body, protocol, [x, y, middle], &mut rng);
        scans.push(write_scan(dataset, &ScanNames::new(&id, protocol), protocol, &acquired, fault)?);
    }
    let centerline_mm = (-CENTERLINE_REACH..=CENTERLINE_REACH).map(|mm| {
        let z = middle + f64::from(mm);
        let [x, y] = body.center(z);
        [x, y, z].map(readable)
    });
    let centerline_mm = centerline_mm.collect();
    Ok(SubjectTruth { id, fault: plan.fault, lesions: body.lesion_truth(), centerline_mm, scans })
}

fn write_scan(
    dataset: &Path,
    names: &ScanNames,
    protocol: &Protocol,
    acquired: &Acquisition,
    fault: Option<Fault>,
) -> Result<ScanTruth, DemoError> {
    let (image, lesion, cord) =
        (dataset.join(&names.image), dataset.join(&names.lesion), dataset.join(&names.cord));
    write::write_scan(&image, &acquired.image, protocol.storage)?;
    bids::write_image_sidecar(&image, protocol)?;
    write::write_lesions(&lesion, &acquired.lesion, fault)?;
    bids::write_mask_sidecar(&lesion)?;
    write::write_lesions(&cord, &acquired.cord, None)?;
    bids::write_mask_sidecar(&cord)?;
    Ok(ScanTruth {
        image: names.image.clone(),
        lesion_mask: names.lesion.clone(),
        cord_mask: names.cord.clone(),
        orientation: protocol.orientation,
        mask_volume_mm3: readable(volume_mm3(&acquired.lesion)),
    })
}

fn volume_mm3(mask: &Volume<u8>) -> f64 {
    let marked = mask.data.iter().filter(|v| **v > 0).count();
    marked as f64 * mask.grid.voxel_volume()
}
