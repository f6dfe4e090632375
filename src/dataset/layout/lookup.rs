//! Whose label is this? Images by the names that labels may call them.

use std::collections::HashMap;

use super::names::{splits, without_suffix};
use super::{Image, Label};

/// Images, by index, under a group and a name.
type Named<'a> = HashMap<(&'a str, &'a str), Vec<usize>>;

/// The images of a dataset, ready to be asked for.
pub(super) struct Lookup<'a> {
    by_stem: Named<'a>,
    by_entities: Named<'a>,
    by_group: Named<'a>,
    /// A label that names no image belongs to the only image of its group.
    loose: bool,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(images: &'a [Image], loose: bool) -> Self {
        let mut lookup =
            Self { by_stem: Named::new(), by_entities: Named::new(), by_group: Named::new(), loose };
        for (index, image) in images.iter().enumerate() {
            let group = image.group.as_str();
            let entities = without_suffix(&image.stem);
            lookup.by_stem.entry((group, &image.stem)).or_default().push(index);
            lookup.by_entities.entry((group, entities)).or_default().push(index);
            lookup.by_group.entry((group, "")).or_default().push(index);
        }
        lookup
    }

    /// The images a label belongs to (several only when they share their name, as the channels of one case do), and the part
    /// of its name that says what it is.
    pub(super) fn of<'l>(&'l self, label: &'l Label) -> Option<(&'l [usize], &'l str)> {
        longest(&self.by_stem, label)
            // `sub-01_label-lesion_mask` names no contrast: it is unambiguous only where the subject has one image.
            .or_else(|| longest(&self.by_entities, label).filter(|(images, _)| images.len() == 1))
            .or_else(|| self.only_one(label).filter(|_| self.loose))
    }

    fn only_one<'l>(&'l self, label: &'l Label) -> Option<(&'l [usize], &'l str)> {
        let images = self.by_group.get(&(label.group.as_str(), ""))?;
        (images.len() == 1).then_some((images, &label.stem))
    }
}

/// The images under the longest name that begins the label's.
fn longest<'l>(named: &'l Named<'_>, label: &'l Label) -> Option<(&'l [usize], &'l str)> {
    splits(&label.stem).find_map(|(image, name)| Some((named.get(&(&label.group, image))?.as_slice(), name)))
}
