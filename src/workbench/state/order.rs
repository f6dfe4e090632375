//! In which order scans are listed: those that need a person first, or as the dataset has them.

use super::super::model::SubjectRow;

/// The order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// Failing scans first, the least trusted centerline before the others.
    #[default]
    FailingFirst,
    /// As the dataset has them.
    ByName,
}

impl Order {
    /// The other order.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::FailingFirst => Self::ByName,
            Self::ByName => Self::FailingFirst,
        }
    }

    /// What the order is called.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::FailingFirst => "failing scans first",
            Self::ByName => "by name",
        }
    }

    /// The places of the rows in this order; equals stay as they were.
    pub(crate) fn of(self, rows: &[SubjectRow]) -> Vec<usize> {
        let mut places: Vec<usize> = (0..rows.len()).collect();
        if self == Self::FailingFirst {
            places.sort_by(|a, b| attention(&rows[*a]).total_cmp(&attention(&rows[*b])));
        }
        places
    }
}

/// Lower needs a person sooner: 0 without any centerline to trust, its confidence while failing, beyond 1 otherwise.
fn attention(row: &SubjectRow) -> f32 {
    if row.failing() { row.confidence.unwrap_or(0.0) } else { 2.0 }
}

#[cfg(test)]
mod tests {
    use super::super::super::model::Stage;
    use super::*;

    #[test]
    fn the_least_trusted_come_first_and_the_others_stay_in_place() {
        let row = |confidence: Option<f32>| SubjectRow {
            centerline: match confidence {
                Some(c) if c >= 0.5 => Stage::Ready,
                Some(_) => Stage::Failed("doubtful".into()),
                None => Stage::Missing,
            },
            confidence,
            ..SubjectRow::default()
        };
        let rows = [Some(0.9), Some(0.3), Some(0.7), None, Some(0.1)].map(row);
        assert_eq!(Order::FailingFirst.of(&rows), [3, 4, 1, 0, 2]);
        assert_eq!(Order::ByName.of(&rows), [0, 1, 2, 3, 4]);
    }
}
