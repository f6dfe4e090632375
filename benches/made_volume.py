"""Made-up axial volumes with a cord, for comparisons that are given no image (preprocess, volume). Needs numpy, nibabel."""
import nibabel
import numpy as np

# Shape, spacing in mm, radii in mm of the cord and of the fluid around it, and what both add to the tissue's brightness.
KINDS = {
    "t2s": {"shape": (384, 384, 17), "spacing": (0.5, 0.5, 3.0), "cord": (5.5, 500), "fluid": (9.0, 1500)},
    "t2": {"shape": (320, 256, 19), "spacing": (0.6, 0.6, 4.0), "cord": (5.5, -350), "fluid": (9.0, 1300)},
}


def make_volume(folder, kind="t2s"):
    """A noisy volume with a bent cord, and the cord's mask: the paths of both."""
    about = KINDS[kind]
    (nx, ny, nz), (dx, _, _) = about["shape"], about["spacing"]
    random = np.random.default_rng(1)
    x, y, z = np.ogrid[:nx, :ny, :nz]
    far = np.hypot(x - nx / 2 + 2 - 6 * np.sin(z / 5.0), y - ny / 2 + 7 - 0.8 * z)
    body = 900 * np.exp(-(((x - nx / 2) / (0.39 * nx)) ** 4) - ((y - ny / 2) / (0.3125 * ny)) ** 4)
    (cord, cord_adds), (fluid, fluid_adds) = about["cord"], about["fluid"]
    in_cord, in_fluid = far < cord / dx, (far >= cord / dx) & (far < fluid / dx)
    clean = body + np.where(in_cord, cord_adds, 0) + np.where(in_fluid, fluid_adds, 0)
    noisy = np.hypot(clean + random.normal(0, 40, clean.shape), random.normal(0, 40, clean.shape)).astype(np.float32)
    affine = np.diag([-about["spacing"][0], *about["spacing"][1:], 1.0])
    image, mask = folder / "image.nii.gz", folder / "cord.nii.gz"
    nibabel.save(nibabel.Nifti1Image(noisy, affine), image)
    nibabel.save(nibabel.Nifti1Image(in_cord.astype(np.uint8), affine), mask)
    return image, mask
