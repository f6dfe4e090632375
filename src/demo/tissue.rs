//! The tissues of the phantom and how much of each a sample holds. Knows nothing of shapes or scanners.

/// What a point of the body is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tissue {
    Air,
    Skin,
    Fat,
    Muscle,
    /// Ligament, fascia, tendon, dura, cartilage: little signal in every contrast.
    Fascia,
    Cortex,
    Marrow,
    Annulus,
    Nucleus,
    Gland,
    Blood,
    Csf,
    White,
    Grey,
    Lesion,
}

impl Tissue {
    /// All tissues, in the order of a [`Mixture`].
    pub(super) const ALL: [Tissue; 15] = [
        Tissue::Air,
        Tissue::Skin,
        Tissue::Fat,
        Tissue::Muscle,
        Tissue::Fascia,
        Tissue::Cortex,
        Tissue::Marrow,
        Tissue::Annulus,
        Tissue::Nucleus,
        Tissue::Gland,
        Tissue::Blood,
        Tissue::Csf,
        Tissue::White,
        Tissue::Grey,
        Tissue::Lesion,
    ];
}

/// Fraction of each tissue in a sample; the fractions sum to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mixture([f32; Tissue::ALL.len()]);

impl Mixture {
    /// A sample of one tissue alone.
    pub(super) fn of(tissue: Tissue) -> Self {
        let mut parts = [0.0; Tissue::ALL.len()];
        parts[tissue as usize] = 1.0;
        Self(parts)
    }

    /// Lays `tissue` over `cover` (0..1) of the sample, whatever was there.
    pub(super) fn paint(&mut self, tissue: Tissue, cover: f64) {
        if cover <= 0.0 {
            return;
        }
        let cover = cover.min(1.0) as f32;
        for part in &mut self.0 {
            *part *= 1.0 - cover;
        }
        self.0[tissue as usize] += cover;
    }

    /// What the sample gives in total when each tissue alone gives `per_tissue`.
    pub(super) fn weigh(&self, per_tissue: &[f32; Tissue::ALL.len()]) -> f32 {
        self.0.iter().zip(per_tissue).map(|(part, value)| part * value).sum()
    }

    /// The fraction (0..1) of one tissue.
    #[cfg(test)]
    pub(super) fn part(&self, tissue: Tissue) -> f32 {
        self.0[tissue as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_stay_a_whole_however_one_paints() {
        let mut sample = Mixture::of(Tissue::Air);
        sample.paint(Tissue::Fat, 0.3);
        sample.paint(Tissue::Csf, 0.5);
        sample.paint(Tissue::Grey, 1.7);
        sample.paint(Tissue::White, -1.0);
        sample.paint(Tissue::White, 0.25);
        assert!((sample.weigh(&[1.0; Tissue::ALL.len()]) - 1.0).abs() < 1e-6);
        assert_eq!(sample.part(Tissue::White), 0.25);
        assert_eq!(sample.part(Tissue::Grey), 0.75);
    }

    #[test]
    fn the_list_is_in_the_order_of_the_enum() {
        assert!(Tissue::ALL.iter().enumerate().all(|(k, tissue)| *tissue as usize == k));
    }
}
