//! Where things lie on the screen: pure functions of its size, so that drawing and the mouse agree.

use ratatui::layout::Rect;

use super::state::{Pane, Screen, State};

mod compare;
mod patches;
mod points;

pub(crate) use compare::{card, compare};
pub(crate) use patches::{PatchCell, patches};
pub(crate) use points::points;

/// The parts every screen has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Page {
    pub(crate) header: Rect,
    pub(crate) body: Rect,
    pub(crate) status: Rect,
    pub(crate) footer: Rect,
}

/// One row for the header and a rule below it, the body, one row of status, one row of keys.
pub(crate) fn page(area: Rect) -> Page {
    let row = |y: u16| Rect { y, height: area.height.min(1), ..area };
    let body = Rect { y: area.y + 2, height: area.height.saturating_sub(4), ..area };
    let bottom = area.bottom();
    Page {
        header: row(area.y),
        body,
        status: row(bottom.saturating_sub(2)),
        footer: row(bottom.saturating_sub(1)),
    }
}

/// A list beside something larger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Split {
    /// Headings of the list, one row.
    pub(crate) heading: Rect,
    pub(crate) list: Rect,
    /// The column of the rule between them.
    pub(crate) rule: Rect,
    pub(crate) main: Rect,
}

/// Splits a body: the list takes `narrow` columns on a small terminal and about a third of a large one.
pub(crate) fn split(body: Rect, narrow: u16) -> Split {
    let width = if body.width >= 120 { body.width * 32 / 100 } else { narrow.min(body.width / 2) };
    let left = Rect { width, ..body };
    let heading = Rect { height: 1.min(body.height), ..left };
    let list = Rect { y: left.y + heading.height, height: left.height - heading.height, ..left };
    let rule = Rect { x: left.right(), width: 1.min(body.width - width), ..body };
    let taken = width + 2;
    let main = Rect { x: body.x + taken.min(body.width), width: body.width.saturating_sub(taken), ..body };
    Split { heading, list, rule, main }
}

/// The parts of the slice viewer. What has no room is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ViewerPanes {
    pub(crate) title: Rect,
    pub(crate) picture: Rect,
    /// The crop, its caption in the first row.
    pub(crate) crop: Rect,
    /// A second cut, its caption in the first row.
    pub(crate) side: Rect,
    pub(crate) info: Rect,
}

/// Splits the viewer's area. A large one has crop and side cut on the right and facts below, a tall one all below the
/// picture, a small one the crop and the legend, a very small one the picture alone.
pub(crate) fn viewer(area: Rect) -> ViewerPanes {
    let title = Rect { height: 1.min(area.height), ..area };
    let rest = Rect { y: area.y + title.height, height: area.height - title.height, ..area };
    let mut panes = ViewerPanes { title, picture: rest, ..ViewerPanes::default() };
    if rest.width >= 80 && rest.height >= 26 {
        large(rest, &mut panes);
    } else if rest.width >= 50 && rest.height >= 34 {
        tall(rest, &mut panes);
    } else if rest.width >= 38 && rest.height >= 12 {
        small(rest, &mut panes);
    }
    panes
}

fn large(rest: Rect, panes: &mut ViewerPanes) {
    let rest = Rect { y: rest.y + 1, height: rest.height - 1, ..rest };
    let right_width = rest.width * 2 / 5;
    let left_width = rest.width - right_width - 2;
    let right = Rect { x: rest.x + left_width + 2, width: right_width, ..rest };
    // A square picture where the height allows it, but always some rows of facts.
    let picture_height = (left_width / 2).min(rest.height - 9);
    panes.picture = Rect { width: left_width, height: picture_height, ..rest };
    panes.info = Rect {
        y: rest.y + picture_height + 1,
        width: left_width,
        height: rest.height - picture_height - 1,
        ..rest
    };
    let crop_height = (right_width / 2 + 1).min(rest.height / 2);
    panes.crop = Rect { height: crop_height, ..right };
    panes.side = Rect { y: right.y + crop_height + 1, height: rest.height - crop_height - 1, ..right };
}

/// The picture above; crop, side cut and legend below.
fn tall(rest: Rect, panes: &mut ViewerPanes) {
    let picture_height = (rest.width / 2).min(rest.height - 16);
    panes.picture = Rect { height: picture_height, ..rest };
    let below = Rect { y: rest.y + picture_height + 1, height: rest.height - picture_height - 1, ..rest };
    let half = below.width / 2 - 1;
    panes.crop = Rect { width: half, height: below.height.min(half / 2 + 2), ..below };
    let right = Rect { x: below.x + half + 2, width: below.width - half - 2, ..below };
    panes.side = Rect { height: right.height - 5, ..right };
    panes.info = Rect { y: right.bottom() - 4, height: 4, ..right };
}

fn small(rest: Rect, panes: &mut ViewerPanes) {
    let right_width = 16.max(rest.width / 3);
    let left_width = rest.width - right_width - 1;
    let right = Rect { x: rest.x + left_width + 1, width: right_width, ..rest };
    let crop_height = (right_width / 2 + 1).min(rest.height - 6);
    panes.picture = Rect { width: left_width, ..rest };
    panes.crop = Rect { height: crop_height, ..right };
    panes.info = Rect { y: right.y + crop_height + 1, height: rest.height - crop_height - 1, ..right };
}

/// The parts of the viewer on the current screen. A single image has no crop: its place goes to the other parts.
pub(crate) fn viewer_panes(state: &State) -> ViewerPanes {
    let area = viewer_area(state);
    let mut panes = viewer(area);
    if state.screen == Screen::Image {
        if panes.side.is_empty() {
            let picture = Rect { y: panes.title.bottom(), height: area.height - panes.title.height, ..area };
            return ViewerPanes { title: panes.title, picture, ..ViewerPanes::default() };
        }
        panes.side = panes.side.union(panes.crop);
        panes.crop = Rect::default();
    }
    panes
}

/// A box of at most `width` by `height` in the middle of `area`, one row of margin kept.
pub(crate) fn centred(area: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(area.width.saturating_sub(2));
    let height = height.min(area.height.saturating_sub(2));
    Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height)
}

/// Columns a list takes on a small terminal.
const NARROW: u16 = 34;

/// The list and the rest of the subjects and training screens.
pub(crate) fn screen_split(state: &State) -> Split {
    split(page(state.area()).body, NARROW)
}

/// Where the training screen shows what its pane is about: beside the list, or all of the body.
pub(crate) fn runs_main(state: &State) -> Rect {
    match state.training.pane {
        Pane::Curves => screen_split(state).main,
        _ => page(state.area()).body,
    }
}

/// The parts of the results screen. The viewer has the right of a large terminal and no place on a small one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ResultsPanes {
    /// Which run, and its means.
    pub(crate) summary: Rect,
    pub(crate) heading: Rect,
    pub(crate) list: Rect,
    pub(crate) rule: Rect,
    pub(crate) viewer: Rect,
}

/// Splits the body of the results screen.
pub(crate) fn results(body: Rect) -> ResultsPanes {
    let right = if body.width >= 130 { body.width * 45 / 100 } else { 0 };
    let left = Rect { width: body.width - right - 2.min(right), ..body };
    let band = |from: u16, rows: u16| {
        let from = from.min(left.height);
        Rect { y: left.y + from, height: rows.min(left.height - from), ..left }
    };
    let viewer = Rect { x: body.right() - right.saturating_sub(1), width: right.saturating_sub(1), ..body };
    ResultsPanes {
        summary: band(0, 3),
        heading: band(3, 1),
        list: band(4, left.height),
        rule: Rect { x: left.right() + 1.min(right), width: 1.min(right), ..body },
        viewer: if right == 0 { Rect::default() } else { viewer },
    }
}

/// Where the slice viewer is on the current screen; empty where there is none.
pub(crate) fn viewer_area(state: &State) -> Rect {
    let body = page(state.area()).body;
    match state.screen {
        Screen::Image => body,
        Screen::Subjects if state.viewer.wide => body,
        Screen::Subjects => screen_split(state).main,
        Screen::Results => results(body).viewer,
        _ => Rect::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(outer: Rect, inner: Rect) -> bool {
        inner.is_empty() || outer.intersection(inner) == inner
    }

    #[test]
    fn nothing_leaves_the_screen_or_overlaps_at_any_size() {
        for (width, height) in [(1, 1), (20, 5), (40, 12), (80, 24), (100, 30), (160, 50), (400, 100)] {
            let area = Rect::new(0, 0, width, height);
            let page = page(area);
            let split = split(page.body, NARROW);
            let scores = results(page.body);
            let parts = |v: ViewerPanes| vec![v.title, v.picture, v.crop, v.side, v.info];
            let subjects = [parts(viewer(split.main)), vec![split.list, split.heading, split.rule]].concat();
            let others = vec![scores.summary, scores.heading, scores.list, scores.rule];
            for parts in [subjects, [parts(viewer(scores.viewer)), others].concat()] {
                for (i, a) in parts.iter().enumerate() {
                    assert!(inside(page.body, *a), "{width}x{height}: {a:?}");
                    let apart = |b: &Rect| a.intersection(*b).is_empty();
                    assert!(parts[i + 1..].iter().all(apart), "{width}x{height}: {a:?} of {parts:?}");
                }
            }
        }
    }

    #[test]
    fn a_small_terminal_has_room_for_picture_and_crop() {
        let panes = viewer(split(page(Rect::new(0, 0, 80, 24)).body, NARROW).main);
        assert!(panes.picture.width >= 27 && panes.picture.height >= 18, "{panes:?}");
        assert!(panes.crop.width >= 15 && panes.info.height >= 5, "{panes:?}");
    }
}
