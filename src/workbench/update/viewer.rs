//! Actions of the slice viewer.

use super::super::actions::Action;
use super::super::message::Effect;
use super::super::slice::Cut;
use super::super::state::State;

/// Does an action of the viewer; `None` when it is none of its.
pub(super) fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let viewer = &mut state.viewer;
    match action {
        Action::SliceBack => viewer.step(-1),
        Action::SliceOn => viewer.step(1),
        Action::Axial => viewer.cut = Cut::Axial,
        Action::Sagittal => viewer.cut = Cut::Sagittal,
        Action::Coronal => viewer.cut = Cut::Coronal,
        Action::ZoomIn => viewer.magnify(1.25),
        Action::ZoomOut => viewer.magnify(0.8),
        Action::Enlarge => viewer.wide = !viewer.wide,
        Action::CursorLeft => viewer.nudge(-1, 0),
        Action::CursorRight => viewer.nudge(1, 0),
        Action::CursorUp => viewer.nudge(0, -1),
        Action::CursorDown => viewer.nudge(0, 1),
        Action::Brighter => viewer.rewindow(viewer.shown_window(), 0.05, 0.0),
        Action::Darker => viewer.rewindow(viewer.shown_window(), -0.05, 0.0),
        Action::MoreContrast => viewer.rewindow(viewer.shown_window(), 0.0, 0.1),
        Action::LessContrast => viewer.rewindow(viewer.shown_window(), 0.0, -0.1),
        Action::ResetView => viewer.reset(),
        _ => return toggle(state, action),
    }
    Some(Vec::new())
}

fn toggle(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let overlays = &mut state.viewer.overlays;
    match action {
        Action::ToggleMask => overlays.mask = !overlays.mask,
        Action::ToggleCenterline => overlays.centerline = !overlays.centerline,
        Action::ToggleCrop => overlays.crop = !overlays.crop,
        Action::TogglePrediction => overlays.prediction = !overlays.prediction,
        Action::ToggleAll => {
            let on = !(overlays.mask || overlays.centerline || overlays.crop || overlays.prediction);
            *overlays = super::super::scene::Overlays { mask: on, centerline: on, crop: on, prediction: on };
        }
        _ => return None,
    }
    Some(Vec::new())
}
