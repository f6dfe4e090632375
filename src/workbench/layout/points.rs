//! The parts of the screen on which points are placed: the cord from the side, across it, and words.

use ratatui::layout::Rect;

/// The parts. Each picture has its caption in the row above it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PointsPanes {
    pub(crate) title: Rect,
    pub(crate) side_caption: Rect,
    pub(crate) side: Rect,
    pub(crate) axial_caption: Rect,
    pub(crate) axial: Rect,
    pub(crate) info: Rect,
}

/// Splits the body: the side picture has the whole height on the left; the axial one is square where there is room, words below.
pub(crate) fn points(body: Rect) -> PointsPanes {
    let inner = Rect { x: body.x + 1.min(body.width), width: body.width.saturating_sub(2), ..body };
    let title = Rect { height: 1.min(inner.height), ..inner };
    let rest = Rect { y: title.bottom(), height: inner.height - title.height, ..inner };
    let left = Rect { width: (rest.width * 48 / 100).min(rest.height * 2), ..rest };
    let gap = 2.min(rest.width - left.width);
    let right = Rect { x: left.right() + gap, width: rest.width - left.width - gap, ..rest };
    let (side_caption, side) = captioned(left);
    let words = (rest.height / 4).clamp(4, 12).min(rest.height);
    let height = (right.width / 2 + 1).min(rest.height - words);
    let (axial_caption, axial) = captioned(Rect { height, ..right });
    let info = Rect { y: right.y + height, height: rest.height - height, ..right };
    PointsPanes { title, side_caption, side, axial_caption, axial, info }
}

fn captioned(area: Rect) -> (Rect, Rect) {
    let caption = Rect { height: 1.min(area.height), ..area };
    (caption, Rect { y: caption.bottom(), height: area.height - caption.height, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_place_or_overlaps_at_any_size() {
        for (width, height) in [(0, 0), (1, 1), (38, 6), (80, 20), (100, 26), (160, 46), (400, 96)] {
            let body = Rect::new(0, 2, width, height);
            let p = points(body);
            let parts = [p.title, p.side_caption, p.side, p.axial_caption, p.axial, p.info];
            for (i, a) in parts.iter().enumerate() {
                assert!(a.is_empty() || body.intersection(*a) == *a, "{body:?} {a:?}");
                assert!(parts[i + 1..].iter().all(|b| a.intersection(*b).is_empty()), "{body:?} {a:?}");
            }
        }
    }

    #[test]
    fn a_small_terminal_has_room_for_both_pictures() {
        let panes = points(Rect::new(0, 2, 80, 20));
        assert!(panes.side.width >= 36 && panes.side.height >= 18, "{panes:?}");
        assert!(panes.axial.width >= 36 && panes.axial.height >= 13 && panes.info.height >= 4, "{panes:?}");
    }
}
