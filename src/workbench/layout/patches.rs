//! The parts of the screen of augmented patches: a title, and cells of a picture with a few words below it.

use std::cmp::Reverse;

use ratatui::layout::Rect;

/// Columns a picture needs to be read: every second voxel of the usual patch.
const READABLE: u16 = 24;
/// Rows of words below a picture.
const WORDS: u16 = 4;

/// The parts of the screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PatchPanes {
    pub(crate) title: Rect,
    /// The first is the patch as it was cut.
    pub(crate) cells: Vec<PatchCell>,
}

/// One picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PatchCell {
    pub(crate) caption: Rect,
    pub(crate) picture: Rect,
    pub(crate) words: Rect,
}

/// Splits the body into as many cells as can be read.
pub(crate) fn patches(body: Rect) -> PatchPanes {
    let inner = Rect { x: body.x + 1.min(body.width), width: body.width.saturating_sub(2), ..body };
    let title = Rect { height: 1.min(inner.height), ..inner };
    let room = Rect { y: title.bottom(), height: inner.height - title.height, ..inner };
    let (columns, rows) = grid(room);
    let (width, height) = ((room.width + 1) / columns, room.height / rows);
    let cell = |index: u16| {
        let (column, row) = (index % columns, index / columns);
        let area = Rect {
            x: room.x + column * width,
            y: room.y + row * height,
            width: width.saturating_sub(1),
            height,
        };
        split(area)
    };
    PatchPanes { title, cells: (0..columns * rows).map(cell).collect() }
}

/// Columns and rows of cells: as many as can be read, else two as large as can be.
fn grid(room: Rect) -> (u16, u16) {
    // A picture is as wide as it is high, and a row is about two columns high.
    let size = |(columns, rows): (u16, u16)| {
        let (width, height) = ((room.width + 1) / columns, room.height / rows);
        width.saturating_sub(1).min(height.saturating_sub(1 + WORDS) * 2)
    };
    let grids =
        || (1..=6).flat_map(|columns| (1..=3).map(move |rows| (columns, rows))).filter(|(c, r)| c * r > 1);
    let readable = grids().filter(|grid| size(*grid) >= READABLE);
    let most = readable.max_by_key(|grid| (grid.0 * grid.1, size(*grid)));
    most.or_else(|| grids().max_by_key(|grid| (size(*grid), Reverse((grid.1, grid.0))))).unwrap_or((2, 1))
}

fn split(area: Rect) -> PatchCell {
    let caption = Rect { height: 1.min(area.height), ..area };
    let below = WORDS.min(area.height.saturating_sub(1) / 2);
    let height = area.height.saturating_sub(1 + below);
    let picture = Rect { y: caption.bottom(), height, ..area };
    PatchCell { caption, picture, words: Rect { y: picture.bottom(), height: below, ..area } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_terminal_shows_the_patch_and_some_draws_and_nothing_lies_outside() {
        for (width, height) in [(80, 20), (100, 26), (132, 39), (200, 56), (40, 6)] {
            let body = Rect::new(0, 2, width, height);
            let panes = patches(body);
            assert!(panes.cells.len() >= 2, "{width}x{height}");
            for cell in &panes.cells {
                for part in [cell.caption, cell.picture, cell.words] {
                    assert_eq!(part.intersection(body), part, "{width}x{height}: {part:?}");
                }
                assert!(!cell.picture.is_empty());
            }
        }
        assert_eq!([(80, 20), (160, 46)].map(|(w, h)| patches(Rect::new(0, 2, w, h)).cells.len()), [3, 12]);
    }
}
