//! Orientation codes: which way each voxel axis runs through the body. Knows affines, not arrays.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Affine;

/// The anatomical letters of the world axes: towards the positive end, towards the negative end (RAS+).
const ENDS: [(char, char); 3] = [('R', 'L'), ('A', 'P'), ('S', 'I')];

/// Where voxel axes 0, 1, 2 run: each along one world axis, in its positive (right, anterior, superior) or negative direction.
///
/// Shown and parsed as SCT does, by where index 0 lies: `RPI` runs from right, posterior and inferior. nibabel names the
/// same array by where the axes lead, `LAS` ([`Orientation::nibabel`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Orientation([Direction; 3]);

/// One voxel axis: its world axis (0 x, 1 y, 2 z) and whether it leads to that axis's positive end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Direction {
    pub(super) world: usize,
    pub(super) positive: bool,
}

impl Orientation {
    /// SCT's working orientation: x right to left, y posterior to anterior, z inferior to superior (nibabel `LAS`).
    pub const RPI: Orientation = Orientation([
        Direction { world: 0, positive: false },
        Direction { world: 1, positive: true },
        Direction { world: 2, positive: true },
    ]);

    /// The orientation nearest to an affine's axes, by nibabel's rule (`io_orientation`): shears are removed by the polar
    /// decomposition, then axes are assigned in order of how clearly they point along a world axis.
    pub fn of(affine: &Affine) -> Orientation {
        let cosines = affine.nearest_rotation();
        let strength = |axis: usize| (0..3).map(|row| cosines[row][axis].abs()).fold(0.0, f64::max);
        let mut order = [0, 1, 2];
        order.sort_by(|&a, &b| strength(b).total_cmp(&strength(a)));
        let mut free = [true; 3];
        let mut directions = Self::RPI.0;
        for axis in order {
            let clearest = (0..3)
                .filter(|&world| free[world])
                .max_by(|&a, &b| cosines[a][axis].abs().total_cmp(&cosines[b][axis].abs()).then(b.cmp(&a)));
            if let Some(world) = clearest {
                free[world] = false;
                directions[axis] = Direction { world, positive: cosines[world][axis] >= 0.0 };
            }
        }
        Orientation(directions)
    }

    /// nibabel's code for the same orientation: where the axes lead, e.g. `LAS` for [`Orientation::RPI`].
    pub fn nibabel(&self) -> String {
        self.0.iter().map(|d| if d.positive { ENDS[d.world].0 } else { ENDS[d.world].1 }).collect()
    }

    /// Every orientation there is: 6 axis orders times 8 choices of direction.
    pub fn all() -> impl Iterator<Item = Orientation> {
        const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        ORDERS.into_iter().flat_map(|order| {
            (0..8).map(move |signs| {
                Orientation(std::array::from_fn(|i| Direction {
                    world: order[i],
                    positive: signs >> i & 1 == 0,
                }))
            })
        })
    }

    /// The voxel axis that runs along a world axis (0 right-left, 1 anterior-posterior, 2 superior-inferior).
    pub fn axis_along(&self, world: usize) -> usize {
        self.0.iter().position(|d| d.world == world).unwrap_or(world)
    }

    pub(super) fn directions(&self) -> &[Direction; 3] {
        &self.0
    }
}

impl fmt::Display for Orientation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code: String =
            self.0.iter().map(|d| if d.positive { ENDS[d.world].1 } else { ENDS[d.world].0 }).collect();
        f.pad(&code)
    }
}

/// A text that is not one of the 48 orientation codes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an orientation: give three letters, one of R/L, one of A/P, one of S/I, e.g. RPI")]
pub struct NotAnOrientation(String);

impl FromStr for Orientation {
    type Err = NotAnOrientation;

    /// Parses SCT's code, upper or lower case.
    fn from_str(code: &str) -> Result<Self, NotAnOrientation> {
        let wanted = code.to_ascii_uppercase();
        Self::all().find(|o| o.to_string() == wanted).ok_or_else(|| NotAnOrientation(code.to_owned()))
    }
}

impl TryFrom<String> for Orientation {
    type Error = NotAnOrientation;

    fn try_from(code: String) -> Result<Self, NotAnOrientation> {
        code.parse()
    }
}

impl From<Orientation> for String {
    fn from(orientation: Orientation) -> String {
        orientation.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_parse_back() {
        let codes: HashSet<String> = Orientation::all().map(|o| o.to_string()).collect();
        assert_eq!(codes.len(), 48);
        for o in Orientation::all() {
            assert_eq!(o.to_string().parse(), Ok(o));
            assert_eq!(o.to_string().to_lowercase().parse(), Ok(o));
        }
        assert!("RPR".parse::<Orientation>().is_err());
        assert!("RP".parse::<Orientation>().is_err());
    }

    #[test]
    fn sct_and_nibabel_name_opposite_ends() {
        assert_eq!(Orientation::RPI.to_string(), "RPI");
        assert_eq!(Orientation::RPI.nibabel(), "LAS");
        assert_eq!(Orientation::of(&Affine::IDENTITY).nibabel(), "RAS");
        assert_eq!(Orientation::of(&Affine::IDENTITY).to_string(), "LPI");
    }

    #[test]
    fn oblique_axes_take_the_nearest_world_axis() {
        // 30 degrees about x of an array stored (S-I, R-L, P-A).
        let (s, c) = 30f64.to_radians().sin_cos();
        let affine = Affine([[0.0, -2.0, 0.0, 1.0], [s, 0.0, c, 2.0], [-c, 0.0, s, 3.0]]);
        let found = Orientation::of(&affine);
        assert_eq!(found.nibabel(), "ILA");
        assert_eq!([0, 1, 2].map(|world| found.axis_along(world)), [1, 2, 0]);
    }
}
