//! How a slice lands on cells: voxels are not square and cells are not 1:2, so everything goes through millimetres.

use ratatui::layout::Rect;

use super::{Ink, Mode};

/// Width and height of a character cell in screen pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CellShape {
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Default for CellShape {
    fn default() -> Self {
        Self { width: 1.0, height: 2.0 }
    }
}

/// Which part of the slice to show: zoom 1 fits the whole slice, more looks closer around the focus (column, row).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct View {
    pub(crate) zoom: f64,
    pub(crate) focus: Option<[f64; 2]>,
}

impl Default for View {
    fn default() -> Self {
        Self { zoom: 1.0, focus: None }
    }
}

impl View {
    /// As close as still shows the whole height of the slice and at least `least_mm` of its width, around a column.
    pub(crate) fn whole_height(
        plane: [usize; 2],
        mm: [f64; 2],
        area: Rect,
        ink: Ink,
        column: f64,
        least_mm: f64,
    ) -> Self {
        let room = [f64::from(area.width) * ink.cell.width, f64::from(area.height) * ink.cell.height];
        let extent = [plane[0] as f64 * mm[0], plane[1] as f64 * mm[1]];
        let whole = (room[0] / extent[0]).min(room[1] / extent[1]);
        let closest = (room[1] / extent[1]).min(room[0] / least_mm);
        Self { zoom: (closest / whole).max(1.0), focus: Some([column, (plane[1] as f64 - 1.0) / 2.0]) }
    }
}

/// The map between raster samples (what the cells can show) and plane pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fit {
    /// Samples across and down.
    pub(crate) size: [usize; 2],
    /// Columns and rows of the plane.
    plane: [usize; 2],
    /// Plane position (column, row) of the centre of sample (0, 0).
    origin: [f64; 2],
    /// Plane pixels per sample.
    pub(crate) step: [f64; 2],
}

impl Fit {
    /// Fits a plane of `plane` pixels, each `mm` wide and high, into `area`.
    pub(crate) fn new(plane: [usize; 2], mm: [f64; 2], area: Rect, ink: Ink, view: View) -> Self {
        let samples = ink.mode.samples();
        let cells = [usize::from(area.width), usize::from(area.height)];
        let cell = [ink.cell.width, ink.cell.height];
        let size = [cells[0] * samples[0], cells[1] * samples[1]];
        let scale = |axis: usize| cells[axis] as f64 * cell[axis] / (plane[axis] as f64 * mm[axis]);
        let pixels_per_mm = view.zoom * scale(0).min(scale(1));
        let step = [0, 1].map(|axis| cell[axis] / samples[axis] as f64 / (pixels_per_mm * mm[axis]));
        let origin = [0, 1].map(|axis| {
            let half = (size[axis] as f64 - 1.0) / 2.0 * step[axis];
            centre(plane[axis] as f64, size[axis] as f64 * step[axis], view.focus.map(|f| f[axis])) - half
        });
        Self { size, plane, origin, step }
    }

    /// Plane position (column, row) of a sample's centre.
    pub(crate) fn to_plane(self, sample: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| self.origin[axis] + sample[axis] * self.step[axis])
    }

    /// The sample a plane position falls in (continuous; whole numbers are sample centres).
    pub(crate) fn to_sample(self, position: [f64; 2]) -> [f64; 2] {
        [0, 1].map(|axis| (position[axis] - self.origin[axis]) / self.step[axis])
    }

    /// The plane position under a cell of `area`, or `None` outside the slice.
    pub(crate) fn under(&self, area: Rect, mode: Mode, column: u16, row: u16) -> Option<[f64; 2]> {
        let samples = mode.samples();
        let cell = [column.checked_sub(area.x)?, row.checked_sub(area.y)?];
        let at = [0, 1].map(|axis| (f64::from(cell[axis]) + 0.5) * samples[axis] as f64 - 0.5);
        let position = self.to_plane(at);
        let inside = |axis: usize| (-0.5..self.plane[axis] as f64 - 0.5).contains(&position[axis]);
        (inside(0) && inside(1) && column < area.right() && row < area.bottom()).then_some(position)
    }

    /// The first and the last sample (x, y) the slice covers.
    pub(crate) fn bounds(&self) -> ([f64; 2], [f64; 2]) {
        let first = self.to_sample([-0.5; 2]).map(|at| at.max(-0.5).ceil());
        let end = self.to_sample(self.plane.map(|n| n as f64 - 0.5));
        let last = [0, 1].map(|axis| end[axis].min(self.size[axis] as f64 - 0.5).floor());
        (first, last)
    }

    /// The cells of `area` the slice covers.
    pub(crate) fn covered(&self, area: Rect, mode: Mode) -> Rect {
        let samples = mode.samples();
        let span = |axis: usize, cells: u16| {
            let first = self.to_sample([-0.5; 2])[axis] + 0.5;
            let last = self.to_sample([self.plane[0] as f64 - 0.5, self.plane[1] as f64 - 0.5])[axis] + 0.5;
            let cell =
                |sample: f64| (sample / samples[axis] as f64).round().clamp(0.0, f64::from(cells)) as u16;
            (cell(first), cell(last))
        };
        let ((left, right), (top, bottom)) = (span(0, area.width), span(1, area.height));
        Rect::new(area.x + left, area.y + top, right - left, bottom - top)
    }
}

/// The plane coordinate to put in the middle: the focus, moved so that no edge of the slice leaves a needless margin.
fn centre(extent: f64, shown: f64, focus: Option<f64>) -> f64 {
    let middle = (extent - 1.0) / 2.0;
    if shown >= extent {
        return middle;
    }
    let (first, last) = (-0.5 + shown / 2.0, extent - 0.5 - shown / 2.0);
    focus.unwrap_or(middle).clamp(first, last)
}

#[cfg(test)]
mod tests {
    use super::super::super::super::theme::{Depth, Theme, ThemeName};
    use super::*;

    fn ink() -> Ink {
        let theme = Theme::new(ThemeName::Dark, Depth::Indexed);
        Ink { theme, mode: Mode::Half256, cell: CellShape::default() }
    }

    #[test]
    fn thick_voxels_are_drawn_thick() {
        // 20 columns of 1 mm by 5 rows of 4 mm: a square.
        let fit = Fit::new([20, 5], [1.0, 4.0], Rect::new(0, 0, 20, 10), ink(), View::default());
        assert!((fit.step[0] - 1.0).abs() < 1e-9 && (fit.step[1] - 0.25).abs() < 1e-9, "{fit:?}");
    }

    #[test]
    fn zoom_keeps_the_focus_but_never_shows_beyond_the_edge() {
        let view = View { zoom: 4.0, focus: Some([0.0, 10.0]) };
        let fit = Fit::new([20, 20], [1.0, 1.0], Rect::new(0, 0, 20, 10), ink(), view);
        let corner = fit.to_plane([-0.5, -0.5]);
        assert!((corner[0] + 0.5).abs() < 1e-9, "{corner:?}");
        assert!((fit.to_sample([0.0, 10.0])[1] - 9.5).abs() < 1e-9);
    }

    #[test]
    fn a_flat_slice_is_shown_in_its_whole_height_but_not_closer_than_asked() {
        let area = Rect::new(0, 0, 20, 20);
        let zoom = |rows, least| View::whole_height([100, rows], [1.0, 1.0], area, ink(), 50.0, least).zoom;
        assert_eq!(zoom(50, 10.0), 4.0);
        assert_eq!(zoom(50, 40.0), 2.5);
        assert_eq!(zoom(400, 40.0), 1.0, "a high slice fits by its height already");
    }

    #[test]
    fn the_mouse_finds_the_pixel_it_points_at() {
        let area = Rect::new(5, 3, 20, 10);
        let fit = Fit::new([20, 20], [1.0, 1.0], area, ink(), View::default());
        let at = fit.under(area, Mode::Half256, 5, 3).unwrap();
        assert!(at[0].abs() < 1e-9 && (at[1] - 0.5).abs() < 1e-9, "{at:?}");
        assert_eq!(fit.under(area, Mode::Half256, 4, 3), None);
        assert_eq!(fit.under(area, Mode::Half256, 25, 3), None);
    }
}
