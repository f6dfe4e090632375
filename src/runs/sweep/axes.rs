//! From lists of values to points: every combination, or those of a file. Knows settings by name only.

use super::SweepError;
use std::path::Path;
use toml::{Table, Value};

/// Combinations beyond this are a mistake in a list, not a wish.
const MOST_POINTS: usize = 1000;

/// One setting and the values it is to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// A key of the run's settings: `lr`, `split.fold`, `network`, …
    pub key: String,
    /// At least one.
    pub values: Vec<String>,
}

impl Axis {
    /// From `1e-3, 3e-4`. For `split.fold`, `all/5` stands for 1/5 to 5/5.
    ///
    /// # Errors
    /// An empty value, or one that comes twice.
    pub fn parse(key: &str, text: &str) -> Result<Self, SweepError> {
        let wrong = |message: String| SweepError::Values { key: key.into(), message };
        let mut values = Vec::new();
        for value in split(text) {
            match value.strip_prefix("all/").filter(|_| key == "split.fold") {
                Some(folds) => {
                    let folds: usize = folds
                        .parse()
                        .ok()
                        .filter(|n| (2..=MOST_POINTS).contains(n))
                        .ok_or_else(|| wrong("all/N wants a whole number from 2, e.g. all/5".into()))?;
                    values.extend((1..=folds).map(|k| format!("{k}/{folds}")));
                }
                None => values.push(value),
            }
        }
        if values.iter().any(String::is_empty) {
            return Err(wrong("a value is empty; write them with commas between: 1e-3,3e-4".into()));
        }
        if let Some(twice) = values.iter().enumerate().find_map(|(i, v)| values[..i].contains(v).then_some(v))
        {
            return Err(wrong(format!("{twice} is listed twice")));
        }
        Ok(Self { key: key.into(), values })
    }

    /// From `key=a,b`.
    ///
    /// # Errors
    /// As [`Axis::parse`], or without `=`.
    pub fn parse_assignment(text: &str) -> Result<Self, SweepError> {
        let (key, values) = text.split_once('=').ok_or_else(|| SweepError::Values {
            key: text.into(),
            message: "write it as key=value or key=a,b".into(),
        })?;
        Self::parse(key.trim(), values)
    }
}

/// Splits at commas that are inside no bracket and no quote, so that a TOML list or text stays one value.
fn split(text: &str) -> Vec<String> {
    let (mut values, mut depth, mut quoted) = (vec![String::new()], 0_i32, false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 && !quoted {
            values.push(String::new());
        } else if let Some(last) = values.last_mut() {
            last.push(c);
        }
    }
    values.iter().map(|v| v.trim().to_owned()).collect()
}

/// Every combination, the last axis changing fastest: each a list of (key, value) in the order of the axes.
///
/// # Errors
/// More than 1000 of them.
pub fn product(axes: &[Axis]) -> Result<Vec<Vec<(String, String)>>, SweepError> {
    let count = axes.iter().try_fold(1_usize, |n, axis| n.checked_mul(axis.values.len()));
    if count.is_none_or(|n| n > MOST_POINTS) {
        let message = format!("the lists have more than {MOST_POINTS} combinations; shorten one");
        let key = axes.iter().max_by_key(|a| a.values.len()).map_or(String::new(), |a| a.key.clone());
        return Err(SweepError::Values { key, message });
    }
    let extend = |points: Vec<Vec<(String, String)>>, axis: &Axis| {
        let with = |point: &Vec<(String, String)>, value: &String| {
            point.iter().cloned().chain([(axis.key.clone(), value.clone())]).collect()
        };
        points
            .iter()
            .flat_map(|point| axis.values.iter().map(|v| with(point, v)).collect::<Vec<_>>())
            .collect()
    };
    Ok(axes.iter().fold(vec![Vec::new()], extend))
}

/// The points of a TOML file: each `[[point]]` a table of settings, with sections or dotted keys.
///
/// # Errors
/// The file cannot be read, or has no points.
pub fn points_in_file(path: &Path) -> Result<Vec<Vec<(String, String)>>, SweepError> {
    let wrong = |message: String| SweepError::List { path: path.into(), message };
    let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
    let mut table: Table = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    let points = match table.remove("point") {
        Some(Value::Array(points)) if !points.is_empty() => points,
        _ => {
            return Err(wrong(
                "a list of trainings has one section [[point]] for each, with its settings".into(),
            ));
        }
    };
    if let Some(other) = table.keys().next() {
        return Err(wrong(format!(
            "`{other}` stands outside any [[point]]; options for all points go on the command line"
        )));
    }
    points
        .iter()
        .map(|point| point.as_table().map(flat).ok_or_else(|| wrong("a point is a table".into())))
        .collect()
}

fn flat(table: &Table) -> Vec<(String, String)> {
    let entry = |(key, value): (&String, &Value)| match value {
        Value::Table(inner) => flat(inner).into_iter().map(|(k, v)| (format!("{key}.{k}"), v)).collect(),
        Value::String(text) => vec![(key.clone(), text.clone())],
        other => vec![(key.clone(), other.to_string())],
    };
    table.iter().flat_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_are_split_at_their_own_commas() {
        assert_eq!(Axis::parse("lr", "1e-3, 3e-4").unwrap().values, ["1e-3", "3e-4"]);
        assert_eq!(Axis::parse_assignment("a.b=[1, 2],[3]").unwrap().values, ["[1, 2]", "[3]"]);
        assert_eq!(Axis::parse("name", "\"a,b\",c").unwrap().values, ["\"a,b\"", "c"]);
        assert_eq!(Axis::parse("split.fold", "all/3").unwrap().values, ["1/3", "2/3", "3/3"]);
        for (key, wrong) in
            [("lr", "1,,2"), ("lr", "1,1"), ("split.fold", "all/1"), ("split.fold", "all/x"), ("lr", "")]
        {
            assert!(Axis::parse(key, wrong).is_err(), "{key} {wrong}");
        }
        assert!(Axis::parse_assignment("lr").is_err());
    }

    #[test]
    fn a_file_lists_points_with_sections_or_dotted_keys() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("points.toml");
        std::fs::write(&path, "[[point]]\nlr = 0.01\nnetwork = 't2s'\n[[point]]\nloss.kind = 'dice_bce'")
            .unwrap();
        let points = points_in_file(&path).unwrap();
        assert_eq!(
            points[0],
            [("lr".to_owned(), "0.01".to_owned()), ("network".to_owned(), "t2s".to_owned())]
        );
        assert_eq!(points[1], [("loss.kind".to_owned(), "dice_bce".to_owned())]);
        std::fs::write(&path, "lr = 1").unwrap();
        assert!(points_in_file(&path).unwrap_err().to_string().contains("[[point]]"));
    }

    proptest! {
        #[test]
        fn the_product_has_every_combination_once(sizes in prop::collection::vec(1..5usize, 0..4)) {
            let axis = |(i, n): (usize, &usize)| Axis { key: format!("k{i}"), values: (0..*n).map(|v| v.to_string()).collect() };
            let axes: Vec<Axis> = sizes.iter().enumerate().map(axis).collect();
            let mut points = product(&axes).unwrap();
            prop_assert_eq!(points.len(), sizes.iter().product::<usize>());
            points.sort();
            points.dedup();
            prop_assert_eq!(points.len(), sizes.iter().product::<usize>());
        }
    }
}
