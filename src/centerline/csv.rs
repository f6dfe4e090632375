//! Centerlines and points as tables: ours, and those of the Spinal Cord Toolbox.
//!
//! Ours has the columns `z,x,y,x_mm,y_mm,z_mm`: RPI voxels and RAS+ millimetres. The toolbox's tables have no header, are
//! `x,y,z` and count RPI voxels whatever the orientation of the image file.

use super::{CenterlineError, Confidence, Curve, Frame, Method, Points, polyline};
use crate::files::write_whole;
use crate::volume::Grid;
use std::path::Path;

const HEADER: &str = "z,x,y,x_mm,y_mm,z_mm";
const EXPECTED: &str = "expected three columns x,y,z (RPI voxels), or a header that names x,y,z (RPI voxels) or x_mm,y_mm,z_mm (world)";

impl Curve {
    /// Writes one row per slice, `z,x,y` in RPI voxels and `x_mm,y_mm,z_mm` in RAS+ world millimetres.
    pub fn write_csv(&self, path: &Path) -> Result<(), CenterlineError> {
        let write = write_whole::<std::io::Error>(path, |out| {
            writeln!(out, "{HEADER}")?;
            for voxel in self.voxels() {
                let ([x, y, z], [x_mm, y_mm, z_mm]) = (voxel, self.grid.affine.apply(voxel));
                writeln!(out, "{z},{x:.6},{y:.6},{x_mm:.9},{y_mm:.9},{z_mm:.9}")?;
            }
            Ok(())
        });
        write.map_err(|e| CenterlineError::from(e).about(path))
    }

    /// Reads a centerline onto `grid` (taken to RPI), straight between its rows. Millimetre columns decide when there are any,
    /// and rows beyond the image's slices are then left out; voxels must lie inside the image.
    pub fn read_csv(path: &Path, grid: &Grid) -> Result<Curve, CenterlineError> {
        let points = Points::read_csv(path)?;
        on_image(&points, grid).map_err(|e| e.about(path))
    }
}

fn on_image(points: &Points, grid: &Grid) -> Result<Curve, CenterlineError> {
    let grid = grid.to_rpi();
    let line = match points.frame {
        Frame::Rpi => points.in_voxels(&grid)?,
        Frame::World => points.to_voxels(&grid)?,
    };
    let (first_z, xy) = polyline::cut(&line, grid.shape[2]);
    match (points.at.is_empty(), xy.is_empty()) {
        (true, _) => Err(CenterlineError::NoPoints),
        (_, true) => Err(CenterlineError::Elsewhere),
        _ => {
            let mut curve = Curve { grid, first_z, xy, method: Method::File.to_string(), confidence: None };
            curve.confidence = Some(Confidence::of(&curve, &line, &[]));
            Ok(curve)
        }
    }
}

impl Points {
    /// Reads a table of points: columns named `x_mm,y_mm,z_mm` (world) or `x,y,z` (RPI voxels, also `x_vox,…`) in any order
    /// and among others, or three columns `x,y,z` without a header. Commas, semicolons or tabs; lines with `#` are comments.
    pub fn read_csv(path: &Path) -> Result<Points, CenterlineError> {
        let text = std::fs::read_to_string(path).map_err(|e| CenterlineError::from(e).about(path))?;
        parse(&text).map_err(|e| e.about(path))
    }
}

fn parse(text: &str) -> Result<Points, CenterlineError> {
    let mut layout: Option<Layout> = None;
    let mut at = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split([',', ';', '\t']).map(|f| f.trim().trim_matches('"')).collect();
        if line.trim_start().starts_with('#') || fields.iter().all(|f| f.is_empty()) {
            continue;
        }
        let fail = |problem: String| CenterlineError::Line { line: index + 1, problem };
        match &layout {
            Some(layout) => at.push(layout.point(&fields).map_err(fail)?),
            None => {
                let found = Layout::of(&fields).ok_or_else(|| fail(EXPECTED.into()))?;
                if !found.named {
                    at.push(found.point(&fields).map_err(fail)?);
                }
                layout = Some(found);
            }
        }
    }
    match layout {
        Some(layout) => Ok(Points { frame: layout.frame, at }),
        None => Err(CenterlineError::NoPoints),
    }
}

/// Which columns hold x, y and z, and what they count.
struct Layout {
    named: bool,
    frame: Frame,
    columns: [usize; 3],
}

impl Layout {
    /// From the first line that is no comment: a header, or the first row of a table without one.
    fn of(fields: &[&str]) -> Option<Layout> {
        if fields.iter().all(|f| f.parse::<f64>().is_ok()) {
            return (fields.len() == 3).then_some(Layout {
                named: false,
                frame: Frame::Rpi,
                columns: [0, 1, 2],
            });
        }
        let column = |name: String| fields.iter().position(|f| f.to_ascii_lowercase() == name);
        let columns = |ending: &str| {
            let [x, y, z] = ["x", "y", "z"].map(|axis| column(format!("{axis}{ending}")));
            Some([x?, y?, z?])
        };
        let named = |frame, columns| Layout { named: true, frame, columns };
        let world = columns("_mm").map(|c| named(Frame::World, c));
        world.or_else(|| columns("").or_else(|| columns("_vox")).map(|c| named(Frame::Rpi, c)))
    }

    fn point(&self, fields: &[&str]) -> Result<[f64; 3], String> {
        let mut point = [0.0; 3];
        for (value, column) in point.iter_mut().zip(self.columns) {
            let field = fields.get(column).copied().unwrap_or_default();
            *value = match field.parse::<f64>() {
                Ok(number) if number.is_finite() => number,
                _ => return Err(format!("\"{field}\" in column {} is no number; {EXPECTED}", column + 1)),
            };
        }
        Ok(point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Affine;

    fn grid() -> Grid {
        Grid { shape: [40, 40, 30], affine: Affine::scaling([-0.3, 0.7, 2.0], [10.123456, -10.0, 5.0]) }
    }

    fn curve() -> Curve {
        let xy = (0..9).map(|i| [f64::from(i) / 3.0 + 8.0, 20.0 - f64::from(i) / 7.0]).collect();
        Curve { grid: grid(), first_z: 4, xy, method: "mask".into(), confidence: None }
    }

    #[test]
    fn ours_reads_back_on_the_same_and_on_another_grid() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("curve.csv");
        curve().write_csv(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(
            "z,x,y,x_mm,y_mm,z_mm\n4,8.000000,20.000000,7.723456000,4.000000000,13.000000000\n"
        ));

        let back = Curve::read_csv(&path, &grid()).unwrap();
        assert_eq!((back.z_range(), back.method.as_str()), (4..13, "file"));
        for (a, b) in back.xy.iter().zip(&curve().xy) {
            assert!((a[0] - b[0]).abs() < 1e-8 && (a[1] - b[1]).abs() < 1e-8);
        }
        let fine =
            Grid { shape: [80, 80, 120], affine: Affine::scaling([-0.3, 0.7, 0.5], [10.123456, -10.0, 5.0]) };
        assert_eq!(Curve::read_csv(&path, &fine).unwrap().z_range(), 16..49);
    }

    #[test]
    fn forms_of_tables() {
        let expected = |frame| Points { frame, at: vec![[1.0, 2.0, 3.0], [1.5, 2.0, 4.0]] };
        for (text, frame) in [
            ("1.0e+00,2,3\n1.5,2,4\n", Frame::Rpi),
            ("# from another tool\n\nx;y;z\n1;2;3\n1.5;2;4\n", Frame::Rpi),
            ("z_vox\tx_vox\ty_vox\r\n3\t1\t2\r\n4\t1.5\t2\r\n", Frame::Rpi),
            ("X_mm,Y_mm,Z_mm,label\n1,2,3,a\n1.5,2,4,b\n", Frame::World),
        ] {
            assert_eq!(parse(text).unwrap(), expected(frame), "{text}");
        }
    }

    #[test]
    fn mistakes_name_their_line() {
        let message = |text: &str| parse(text).unwrap_err().to_string();
        assert!(message("x,y,z\n1,2,3\n1,two,3\n").starts_with("line 3: \"two\" in column 2 is no number"));
        assert!(message("x,y,z\n1,2\n").starts_with("line 2: \"\" in column 3"));
        assert!(message("1,2,nan\n").starts_with("line 1"));
        assert!(message("1,2,3,4\n").starts_with("line 1: expected three columns"));
        assert!(message("a,b,c\n").starts_with("line 1: expected three columns"));
        assert!(matches!(parse("# nothing\n"), Err(CenterlineError::NoPoints)));
    }

    #[test]
    fn other_images_are_noticed() {
        let far = Points { frame: Frame::World, at: vec![[0.0, 0.0, 900.0], [0.0, 0.0, 950.0]] };
        assert!(matches!(on_image(&far, &grid()), Err(CenterlineError::Elsewhere)));
        let voxels = Points { frame: Frame::Rpi, at: vec![[1.0, 2.0, 31.0]] };
        assert!(matches!(on_image(&voxels, &grid()), Err(CenterlineError::OutsideImage { .. })));
    }
}
