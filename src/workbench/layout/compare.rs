//! The parts of the comparison screen: cards side by side, what is said of the chosen one below.

use ratatui::layout::Rect;

/// Columns of a card that has its two pictures side by side, and of one that has them one above the other.
const BESIDE: u16 = 36;
const STACKED: u16 = 25;
/// Columns beyond which a card shows nothing more.
const WIDEST: u16 = 76;
/// Rows of cards from which the pictures can stand one above the other.
const TALL: u16 = 24;

/// The parts of the screen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ComparePanes {
    pub(crate) title: Rect,
    /// The cards in sight.
    pub(crate) cards: Vec<Rect>,
    pub(crate) details: Rect,
}

/// The parts of one card.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CardPanes {
    pub(crate) heading: Rect,
    pub(crate) status: Rect,
    pub(crate) axial: Rect,
    pub(crate) side: Rect,
    /// The first words about the curve.
    pub(crate) reason: Rect,
}

/// Splits the body for `cards` cards, as many in sight as there is room for.
pub(crate) fn compare(body: Rect, cards: usize) -> ComparePanes {
    let inner = Rect { x: body.x + 1.min(body.width), width: body.width.saturating_sub(2), ..body };
    let title = Rect { height: 1.min(inner.height), ..inner };
    let below = (inner.height / 4).clamp(4, 9).min(inner.height - title.height);
    let details = Rect { y: inner.bottom() - below, height: below, ..inner };
    let band = Rect { y: title.bottom(), height: inner.height - title.height - below, ..inner };
    let least = if band.height >= TALL { STACKED } else { BESIDE };
    let room = usize::from(((band.width + 1) / (least + 1)).max(1));
    let shown = cards.clamp(1, room) as u16;
    let width = ((band.width + 1).saturating_sub(shown) / shown).min(WIDEST);
    let card = |i: u16| Rect { x: band.x + i * (width + 1), width, ..band };
    ComparePanes { title, cards: (0..shown).map(card).collect(), details }
}

/// Splits a card. The pictures stand side by side, in a tall card one above the other.
pub(crate) fn card(area: Rect) -> CardPanes {
    let row = |y: u16| Rect { y: area.y + y.min(area.height), height: u16::from(y < area.height), ..area };
    let words = if area.height >= TALL { 2 } else { 1 };
    let height = area.height.saturating_sub(2 + words);
    let pictures = Rect { y: area.y + 2.min(area.height), height, ..area };
    let (axial, side) = if height >= area.width * 3 / 4 { stacked(pictures) } else { beside(pictures) };
    let reason = Rect { y: pictures.bottom(), height: area.bottom() - pictures.bottom(), ..area };
    CardPanes { heading: row(0), status: row(1), axial, side, reason }
}

fn stacked(area: Rect) -> (Rect, Rect) {
    let upper = (area.width / 2).min(area.height * 3 / 5);
    let rest = area.height - upper;
    let side = Rect { y: area.y + upper + 1.min(rest), height: rest.saturating_sub(1), ..area };
    (Rect { height: upper, ..area }, side)
}

fn beside(area: Rect) -> (Rect, Rect) {
    let left = (area.height * 2).min(area.width * 2 / 3);
    let rest = area.width - left;
    let side = Rect { x: area.x + left + 1.min(rest), width: rest.saturating_sub(1), ..area };
    (Rect { width: left, ..area }, side)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_place_or_overlaps_at_any_size() {
        for (width, height) in [(0, 0), (1, 1), (38, 6), (80, 20), (100, 26), (160, 46), (400, 96)] {
            let body = Rect::new(0, 2, width, height);
            for count in [0, 1, 4, 11] {
                let panes = compare(body, count);
                let mut parts = vec![panes.title, panes.details];
                for area in &panes.cards {
                    let CardPanes { heading, status, axial, side, reason } = card(*area);
                    parts.extend([heading, status, axial, side, reason]);
                    let outside = |p: &&Rect| !p.is_empty() && area.intersection(**p) != **p;
                    assert_eq!(parts[parts.len() - 5..].iter().find(outside), None, "{area:?}");
                }
                for (i, a) in parts.iter().enumerate() {
                    assert!(a.is_empty() || body.intersection(*a) == *a, "{body:?} {a:?}");
                    assert!(parts[i + 1..].iter().all(|b| a.intersection(*b).is_empty()), "{body:?} {a:?}");
                }
            }
        }
    }

    #[test]
    fn a_small_terminal_shows_two_methods_and_a_large_one_six() {
        assert_eq!(compare(Rect::new(0, 2, 80, 20), 6).cards.len(), 2);
        assert_eq!(compare(Rect::new(0, 2, 160, 46), 6).cards.len(), 6);
    }
}
