//! Fits: how scattered centres, one per slice or fewer, become a smooth x(z), y(z) with a value on every slice.
//!
//! Everything here is plain numbers in voxels of one RPI grid; it knows nothing of masks, files or worlds.
//! The definitions and the constants are those of the Spinal Cord Toolbox, so that curves can be compared with its own.

mod banded;
mod basis;
mod bspline;
mod linear;
mod natural;
mod nurbs;
mod polyfit;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// The smoothing that the toolbox's own interface uses (its command line passes 30); our references were made with it.
pub const DEFAULT_SMOOTH: f64 = 20.0;
/// The degree of the polynomial that the toolbox uses.
pub const DEFAULT_DEGREE: usize = 5;

/// A rule that draws one smooth curve through the centres of the slices. x and y are fitted against z, in voxels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Cubic smoothing spline; the squared residual allowed grows with `smooth` and the slice distance.
    Bspline {
        /// 0 interpolates; larger is smoother.
        smooth: f64,
    },
    /// Straight lines between centres, then a Hanning window.
    Linear {
        /// Length of the window in millimetres; 0 leaves the straight lines.
        smooth: f64,
    },
    /// One least-squares polynomial along the whole curve.
    Polyfit {
        /// Degree of the polynomial.
        degree: usize,
    },
    /// Cubic B-spline in space with as few control points as describe the centres well; nothing to choose.
    Nurbs,
    /// Natural cubic spline through every centre; nothing to choose. For few centres that are meant as they are.
    Natural,
}

/// A fit of one coordinate: from z and the coordinate of the centres to the coordinate on every slice.
type OneAxis<'a> = dyn Fn(&[f64], &[f64]) -> Vec<f64> + 'a;

impl Default for Fit {
    fn default() -> Self {
        Fit::Bspline { smooth: DEFAULT_SMOOTH }
    }
}

impl Fit {
    /// The same rule with another strength, 0 or more: `smooth` for the spline and the window, the degree for the polynomial.
    pub fn with_strength(self, strength: f64) -> Result<Fit, String> {
        if !(0.0..=1e9).contains(&strength) {
            return Err(format!("smooth = {strength} makes no sense; give 0 or more"));
        }
        Ok(match self {
            Fit::Bspline { .. } => Fit::Bspline { smooth: strength },
            Fit::Linear { .. } => Fit::Linear { smooth: strength },
            Fit::Polyfit { .. } => Fit::Polyfit { degree: strength.round() as usize },
            Fit::Nurbs => Fit::Nurbs,
            Fit::Natural => Fit::Natural,
        })
    }

    /// The rule for points that somebody placed one by one: where this one smooths by the number of centres, the spline that
    /// passes through each of them, so that the curve does what the hand says.
    pub fn for_placed(self) -> Fit {
        if matches!(self, Fit::Bspline { .. }) { Fit::Natural } else { self }
    }

    /// x and y (voxels) on every slice of `slices`, from centres `[x, y, z]` (voxels) with strictly increasing z.
    /// `slice_mm` is the distance between slices. One or two centres give a straight line; none gives nothing.
    pub(super) fn through(self, centres: &[[f64; 3]], slices: Range<usize>, slice_mm: f64) -> Vec<[f64; 2]> {
        if centres.is_empty() {
            return Vec::new();
        }
        let z: Vec<f64> = centres.iter().map(|c| c[2]).collect();
        let each_axis = |fit: &OneAxis<'_>| -> Vec<[f64; 2]> {
            let [x, y] = [0, 1].map(|axis| fit(&z, &centres.iter().map(|c| c[axis]).collect::<Vec<f64>>()));
            x.into_iter().zip(y).map(|(x, y)| [x, y]).collect()
        };
        let on = || slices.clone();
        match self {
            Fit::Bspline { smooth } => each_axis(&|z, v| bspline::fit(z, v, on(), smooth, slice_mm)),
            Fit::Linear { smooth } => each_axis(&|z, v| linear::fit(z, v, on(), smooth / slice_mm)),
            Fit::Polyfit { degree } => each_axis(&|z, v| polyfit::fit(z, v, on(), degree)),
            Fit::Natural => each_axis(&|z, v| natural::fit(z, v, on())),
            Fit::Nurbs => nurbs::fit(each_axis(&|z, v| linear::interpolate(z, v, on())), slices),
        }
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fit::Bspline { .. } => "bspline",
            Fit::Linear { .. } => "linear",
            Fit::Polyfit { .. } => "polyfit",
            Fit::Nurbs => "nurbs",
            Fit::Natural => "natural",
        })
    }
}

impl FromStr for Fit {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "bspline" => Ok(Fit::default()),
            "linear" => Ok(Fit::Linear { smooth: DEFAULT_SMOOTH }),
            "polyfit" => Ok(Fit::Polyfit { degree: DEFAULT_DEGREE }),
            "nurbs" => Ok(Fit::Nurbs),
            "natural" => Ok(Fit::Natural),
            _ => Err(format!("\"{name}\" is no fit; choose bspline, linear, polyfit, nurbs or natural")),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The synthetic curve that the expected values below were computed on, with scipy and numpy.
    pub(crate) fn sine() -> Vec<[f64; 3]> {
        (0..20).map(|i| f64::from(3 * i)).map(|z| [20.0 + 5.0 * (z / 8.0).sin(), 3.0, z]).collect()
    }

    pub(crate) fn assert_x(curve: &[[f64; 2]], expected: &[(usize, f64)]) {
        for &(z, x) in expected {
            assert!((curve[z][0] - x).abs() < 1e-6, "x({z}) = {}, expected {x}", curve[z][0]);
        }
    }

    const ALL: [Fit; 5] = [
        Fit::Bspline { smooth: 20.0 },
        Fit::Linear { smooth: 20.0 },
        Fit::Polyfit { degree: 5 },
        Fit::Nurbs,
        Fit::Natural,
    ];

    #[test]
    fn names_round_trip() {
        for fit in ALL {
            assert_eq!(fit.to_string().parse::<Fit>(), Ok(fit));
        }
        assert!("spline".parse::<Fit>().is_err());
    }

    #[test]
    fn few_centres_give_finite_lines() {
        let centres = [[4.0, 9.0, 2.0], [5.0, 8.0, 4.0], [6.0, 7.0, 6.0], [7.0, 6.0, 8.0], [8.0, 5.0, 10.0]];
        for fit in ALL {
            // The end slices of a nurbs curve see a quarter of a slice inwards.
            let tolerance = if fit == Fit::Nurbs { 0.127 } else { 1e-6 };
            assert!(fit.through(&[], 0..0, 1.0).is_empty());
            for n in 1..=centres.len() {
                let curve = fit.through(&centres[..n], 2..2 * n + 1, 5.0);
                assert_eq!(curve.len(), 2 * n - 1, "{fit} through {n}");
                for (k, [x, y]) in curve.iter().enumerate() {
                    assert!(
                        (x - 4.0 - k as f64 / 2.0).abs() < tolerance,
                        "{fit} through {n}: x = {x} at {k}"
                    );
                    assert!(
                        (y - 9.0 + k as f64 / 2.0).abs() < tolerance,
                        "{fit} through {n}: y = {y} at {k}"
                    );
                }
            }
        }
    }
}
