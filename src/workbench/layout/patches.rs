//! The parts of the screen of augmented patches: a title, and cells of a picture with a few words below it.

use ratatui::layout::Rect;

/// Columns of the narrowest cell.
const NARROWEST: u16 = 19;
/// Columns in which a patch of 48 voxels is shown whole.
const WIDEST: u16 = 48;
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

/// Columns and rows of cells: as large as pictures need, as many as then fit, two at least.
fn grid(room: Rect) -> (u16, u16) {
    let fitting = |width: u16| ((room.width + 1) / (width + 1)).max(1);
    // A cell is about as wide as a picture is high in rows times two.
    let tall = |width: u16| width / 2 + 1 + WORDS;
    let width = (room.height.saturating_sub(1 + WORDS) * 2).clamp(NARROWEST, WIDEST);
    let columns = fitting(width).max(fitting(NARROWEST).min(4)).min(6);
    let width = (room.width + 1) / columns;
    (columns, (room.height / tall(width).max(1)).clamp(1, 3))
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
        assert_eq!(patches(Rect::new(0, 2, 80, 20)).cells.len(), 4);
    }
}
