//! From tissue to signal: relaxation times and the two sequences of the cohort. Knows nothing of space.

use super::tissue::Tissue;

/// Proton density (water = 1) and relaxation times at 3 T, ms, rounded from the literature's ranges.
struct Relaxation {
    density: f64,
    t1: f64,
    t2: f64,
    t2_star: f64,
    /// Fresh spins enter the slice between pulses: nothing in a spin echo, full magnetisation in a gradient echo.
    flows: bool,
}

const fn rest(density: f64, t1: f64, t2: f64, t2_star: f64) -> Relaxation {
    Relaxation { density, t1, t2, t2_star, flows: false }
}

fn relaxation(tissue: Tissue) -> Relaxation {
    match tissue {
        Tissue::Air => rest(0.0, 1000.0, 1.0, 1.0),
        Tissue::Skin => rest(0.6, 900.0, 30.0, 10.0),
        Tissue::Fat => rest(0.9, 380.0, 88.0, 14.0),
        Tissue::Muscle => rest(0.8, 1400.0, 36.0, 26.0),
        Tissue::Fascia => rest(0.5, 1000.0, 18.0, 4.0),
        Tissue::Cortex => rest(0.1, 500.0, 2.0, 0.5),
        Tissue::Marrow => rest(0.7, 550.0, 64.0, 6.0),
        Tissue::Annulus => rest(0.6, 1000.0, 38.0, 12.0),
        Tissue::Nucleus => rest(0.8, 1300.0, 110.0, 45.0),
        Tissue::Gland => rest(0.85, 1300.0, 60.0, 25.0),
        Tissue::Blood => Relaxation { density: 0.85, t1: 1700.0, t2: 120.0, t2_star: 40.0, flows: true },
        Tissue::Csf => rest(1.0, 4000.0, 1500.0, 300.0),
        Tissue::White => rest(0.70, 920.0, 73.0, 39.0),
        Tissue::Grey => rest(0.84, 980.0, 77.0, 44.0),
        Tissue::Lesion => rest(0.88, 1350.0, 125.0, 60.0),
    }
}

/// A pulse sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sequence {
    /// Turbo spin echo, T2 weighted: `T2w`.
    SpinEcho,
    /// Spoiled multi-echo gradient echo, T2* weighted: `T2starw`.
    GradientEcho,
}

impl Sequence {
    /// BIDS suffix.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::SpinEcho => "T2w",
            Self::GradientEcho => "T2starw",
        }
    }

    /// Repetition time, echo time (ms) and flip angle (degrees).
    pub(super) fn timing(self) -> (f64, f64, f64) {
        match self {
            Self::SpinEcho => (3500.0, 100.0, 90.0),
            Self::GradientEcho => (600.0, 15.0, 16.0),
        }
    }

    /// Signal of a sample of one tissue alone (arbitrary units), in the order of [`Tissue::ALL`].
    pub(super) fn signals(self) -> [f32; Tissue::ALL.len()] {
        Tissue::ALL.map(|tissue| self.signal(&relaxation(tissue)) as f32)
    }

    /// Spin echo: PD (1 - e^(-TR/T1)) e^(-TE/T2). Spoiled gradient echo: the Ernst equation.
    fn signal(self, of: &Relaxation) -> f64 {
        let (tr, te, flip) = self.timing();
        let recovered = (-tr / of.t1).exp();
        match self {
            Self::SpinEcho if of.flows => 0.0,
            Self::SpinEcho => of.density * (1.0 - recovered) * (-te / of.t2).exp(),
            Self::GradientEcho => {
                let (sin, cos) = flip.to_radians().sin_cos();
                let steady = if of.flows { 1.0 } else { (1.0 - recovered) / (1.0 - cos * recovered) };
                of.density * sin * steady * (-te / of.t2_star).exp()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signal(sequence: Sequence, tissue: Tissue) -> f32 {
        sequence.signals()[tissue as usize]
    }

    #[test]
    fn t2_orders_the_tissues_as_a_radiologist_expects() {
        use Tissue::*;
        let order = [Csf, Lesion, Grey, White, Muscle, Cortex];
        for pair in order.windows(2) {
            assert!(
                signal(Sequence::SpinEcho, pair[0]) > 1.1 * signal(Sequence::SpinEcho, pair[1]),
                "{pair:?}"
            );
        }
        assert_eq!(signal(Sequence::SpinEcho, Blood), 0.0);
    }

    #[test]
    fn t2_star_shows_the_butterfly_and_hides_bone() {
        use Tissue::*;
        let of = |tissue| signal(Sequence::GradientEcho, tissue);
        assert!(of(Csf) > of(Grey) && of(Grey) > 1.1 * of(White));
        assert!(of(Marrow) < 0.3 * of(White));
        assert!(of(Lesion) > 1.1 * of(White));
    }
}
