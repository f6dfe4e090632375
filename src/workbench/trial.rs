//! What the screens show of the centerline methods tried on a scan. Plain values; the effects fill them from the centerline room.

use crate::centerline::BELIEVABLE;

/// Confidence from which a curve is good without a second look.
pub(crate) const SURE: f32 = 0.8;

/// How a confidence is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grade {
    Sure,
    Fair,
    Doubtful,
}

impl Grade {
    /// The grade of a confidence (0..1).
    pub(crate) fn of(confidence: f32) -> Self {
        match confidence {
            c if c >= SURE => Self::Sure,
            c if c >= BELIEVABLE => Self::Fair,
            _ => Self::Doubtful,
        }
    }

    /// The word people read; where there is no colour it is all there is.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sure => "sure",
            Self::Fair => "fair",
            Self::Doubtful => "doubtful",
        }
    }
}

/// A curve some method drew, as it lies on the scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Drawn {
    /// (x, y) for every z of the image (RPI voxels), where there is one.
    pub(crate) curve: Vec<Option<[f64; 2]>>,
    /// 0 to 1.
    pub(crate) confidence: f32,
    /// Sentences: what the curve covers, then each doubt.
    pub(crate) reasons: Vec<String>,
}

/// How far two curves run apart where both are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Apart {
    pub(crate) mean_mm: f64,
    pub(crate) most_mm: f64,
    /// The slice where it is most.
    pub(crate) at: usize,
}

impl Drawn {
    /// How far this curve runs from another one, on slices across the body of voxels `spacing` mm wide; `None` where they share none.
    pub(crate) fn apart(&self, other: &Drawn, spacing: [f64; 3]) -> Option<Apart> {
        let distance = |(a, b): (&Option<[f64; 2]>, &Option<[f64; 2]>)| {
            let (a, b) = (a.as_ref()?, b.as_ref()?);
            Some(((a[0] - b[0]) * spacing[0]).hypot((a[1] - b[1]) * spacing[1]))
        };
        let pairs = self.curve.iter().zip(&other.curve).map(distance).enumerate();
        let shared: Vec<(usize, f64)> = pairs.filter_map(|(z, mm)| mm.map(|mm| (z, mm))).collect();
        let (at, most_mm) = shared.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some(Apart {
            mean_mm: shared.iter().map(|(_, mm)| mm).sum::<f64>() / shared.len() as f64,
            most_mm,
            at,
        })
    }
}

/// What came of a method on a scan.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tried {
    pub(crate) method: String,
    /// The curve, or why there is none.
    pub(crate) outcome: Result<Drawn, String>,
    /// What the method took.
    pub(crate) seconds: f64,
}

/// Every method there is for a scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Methods {
    /// Names of those that can be tried, in the order of the chain.
    pub(crate) usable: Vec<String>,
    /// Those that cannot, each with the reason.
    pub(crate) absent: Vec<(String, String)>,
    /// What is known already.
    pub(crate) tried: Vec<Tried>,
    /// The one the scan's crop is made by.
    pub(crate) accepted: Option<String>,
}

/// News of the methods of one scan.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TrialNews {
    /// The first answer: what there is.
    Listed(Methods),
    /// A method has begun.
    Began(String),
    /// A method has ended.
    Ended(Tried),
    /// The method whose curve the scan goes on with now.
    Accepted(Option<String>),
    /// Nothing can be tried: why.
    Refused(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_compared_in_millimetres_where_both_are() {
        let drawn = |curve: Vec<Option<[f64; 2]>>| Drawn { curve, ..Drawn::default() };
        let a = drawn(vec![Some([0.0, 0.0]), Some([0.0, 0.0]), Some([0.0, 0.0]), None]);
        let b = drawn(vec![None, Some([1.0, 0.0]), Some([3.0, 2.0]), Some([0.0, 0.0])]);
        assert_eq!(a.apart(&b, [1.0, 2.0, 5.0]), Some(Apart { mean_mm: 3.0, most_mm: 5.0, at: 2 }));
        assert_eq!(a.apart(&drawn(vec![None; 4]), [1.0; 3]), None);
    }

    #[test]
    fn grades_are_told_by_words_too() {
        assert_eq!(
            [0.9, 0.8, 0.6, 0.49, f32::NAN].map(|c| Grade::of(c).word()),
            ["sure", "sure", "fair", "doubtful", "doubtful"]
        );
    }
}
