//! A line of the toolbox's report: which command made what from which file. Kept with a mark so that the report knows its own
//! line again.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha1::{Digest, Sha1};

use super::{Mark, QcKind};
use crate::dataset::Scan;

/// The keys of a line that say what was made, in the toolbox's order. Reading ignores other keys; a missing one is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Entry {
    /// The folder in which the command ran.
    #[serde(deserialize_with = "text")]
    pub path: String,
    /// The whole command line.
    #[serde(deserialize_with = "text")]
    pub cmdline: String,
    /// The command's name.
    #[serde(deserialize_with = "text")]
    pub command: String,
    /// Version of the toolbox.
    #[serde(deserialize_with = "text")]
    pub sct_version: String,
    /// Name of the dataset.
    #[serde(deserialize_with = "text")]
    pub dataset: String,
    /// The subject, as the report calls it.
    #[serde(deserialize_with = "text")]
    pub subject: String,
    /// The contrast, as the report calls it: often the folder's name.
    #[serde(deserialize_with = "text")]
    pub contrast: String,
    /// File name of the image.
    #[serde(deserialize_with = "text")]
    pub input_file: String,
    /// The plane of the pictures.
    #[serde(deserialize_with = "text")]
    pub plane: String,
    /// The picture without the result.
    #[serde(deserialize_with = "text")]
    pub background_image: String,
    /// The picture of the result.
    #[serde(deserialize_with = "text")]
    pub overlay_image: String,
    /// When the line was made, `YYYY-mm-dd HH:MM:SS`.
    #[serde(deserialize_with = "text")]
    pub date: String,
}

/// Any scalar as text; a report written by another version must not stop the import.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

impl Entry {
    /// The line that the toolbox would have made for a mark of ours.
    pub(super) fn of(scan: &Scan, kind: &QcKind, mark: &Mark) -> Entry {
        let folder = scan.image.parent().unwrap_or(&scan.image);
        let name =
            |path: &std::path::Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let date = mark.at.parse::<jiff::Timestamp>().map(|at| at.strftime("%Y-%m-%d %H:%M:%S").to_string());
        Entry {
            path: folder.display().to_string(),
            command: kind.command().to_owned(),
            subject: scan.subject.clone(),
            contrast: name(folder),
            input_file: name(&scan.image),
            plane: "Axial".to_owned(),
            date: date.unwrap_or_default(),
            ..Entry::default()
        }
    }

    /// Path of the image, as the toolbox's lists write it.
    pub(super) fn image(&self) -> String {
        if self.path.is_empty() {
            self.input_file.clone()
        } else {
            format!("{}/{}", self.path, self.input_file)
        }
    }

    /// By which a report knows its line: hexadecimal SHA-1 of path, command line and date.
    pub(super) fn id(&self) -> String {
        format!("{:x}", Sha1::digest(format!("{}:{}:{}", self.path, self.cmdline, self.date)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_toolboxs() {
        let entry =
            Entry { path: "/d".into(), cmdline: "sct_propseg -i t2.nii.gz".into(), ..Entry::default() };
        let entry = Entry { date: "2025-01-31 12:00:00".into(), ..entry };
        // printf '/d:sct_propseg -i t2.nii.gz:2025-01-31 12:00:00' | sha1sum
        assert_eq!(entry.id(), "714d056a5cd5728df1e470ed4f00e4a1384f3df9");
    }

    #[test]
    fn odd_values_are_no_obstacle() {
        let read: Entry =
            serde_json::from_str(r#"{"path": null, "sctVersion": 7.1, "inputFile": "a", "more": [1]}"#)
                .unwrap();
        assert_eq!((read.sct_version.as_str(), read.image().as_str(), read.path.as_str()), ("7.1", "a", ""));
    }
}
