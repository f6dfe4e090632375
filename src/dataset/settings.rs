//! `deepseg.toml`: what the user decided about a project, written with comments and meant to be edited by hand.
//!
//! This room owns the section `[dataset]`. The sections of other rooms are kept as text and parsed where they are needed, so
//! that this room need not know them; here it is only known which sections there are.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::de::{DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Contrast, DatasetError, Layout};

/// The sections a settings file may have.
const SECTIONS: [&str; 5] = ["dataset", "preprocess", "centerline", "train", "slurm"];

/// The section `[dataset]`, and the other sections as text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The dataset: absolute once the project exists.
    pub root: PathBuf,
    /// How it is laid out.
    #[serde(default)]
    pub layout: Layout,
    /// A list that names the images, instead of the folders' layout.
    pub list: Option<PathBuf>,
    /// Suffixes of the images to use; empty: all that have masks.
    #[serde(default, deserialize_with = "one_or_several")]
    pub image: Vec<String>,
    /// Suffix of the lesion masks; `None`: the most likely one.
    pub mask: Option<String>,
    /// Suffix of the cord masks.
    pub cord: Option<String>,
    /// Suffix of the centerline files.
    pub centerline: Option<String>,
    /// The contrast of all images; `None`: as each file name suggests.
    pub contrast: Option<Contrast>,
    /// The other sections, word for word.
    #[serde(skip)]
    pub others: String,
}

#[derive(Deserialize)]
struct DatasetSection {
    dataset: Settings,
}

/// The sections that are there, with the line each begins on.
type Headings = std::collections::BTreeMap<toml::Spanned<String>, IgnoredAny>;

impl Settings {
    /// Settings of a dataset about which nothing else was said.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), ..Self::default() }
    }

    /// Reads a settings file. A mistake is named with its line.
    pub(super) fn read(path: &Path) -> Result<Self, DatasetError> {
        let text = std::fs::read_to_string(path).map_err(DatasetError::io(path))?;
        let headings: Headings = toml::from_str(&text).map_err(|e| mistake(path, &text, &e))?;
        if let Some((unknown, _)) =
            headings.iter().find(|(name, _)| !SECTIONS.contains(&name.as_ref().as_str()))
        {
            return Err(DatasetError::Settings {
                path: path.to_owned(),
                line: line_of(&text, unknown.span().start),
                message: format!(
                    "there is no section `{}`; the sections are {}",
                    unknown.as_ref(),
                    SECTIONS.join(", ")
                ),
            });
        }
        let section: DatasetSection = toml::from_str(&text).map_err(|e| mistake(path, &text, &e))?;
        Ok(Settings { others: other_sections(&text), ..section.dataset })
    }

    /// The settings of another room, `T::default()` where the file has no such section.
    pub(super) fn section<T: DeserializeOwned + Default>(path: &Path, name: &str) -> Result<T, DatasetError> {
        let text = std::fs::read_to_string(path).map_err(DatasetError::io(path))?;
        let document = toml::Deserializer::parse(&text).map_err(|e| mistake(path, &text, &e))?;
        let section = OneSection { name, section: PhantomData }.deserialize(document);
        Ok(section.map_err(|e| mistake(path, &text, &e))?.unwrap_or_default())
    }

    /// Takes from older settings of the same dataset what these do not say, and the other rooms' sections.
    pub(super) fn fill_from(&mut self, older: Settings) {
        if self.layout == Layout::Auto {
            self.layout = older.layout;
        }
        if self.image.is_empty() {
            self.image = older.image;
        }
        self.list = self.list.take().or(older.list);
        self.mask = self.mask.take().or(older.mask);
        self.cord = self.cord.take().or(older.cord);
        self.centerline = self.centerline.take().or(older.centerline);
        self.contrast = self.contrast.take().or(older.contrast);
        self.others = older.others;
    }

    /// The file's text, with a comment for every key.
    pub(super) fn text(&self) -> String {
        let key = |name: &str, value: &Option<String>, example: &str| match value {
            Some(value) => format!("{name} = {}", quoted(value)),
            None => format!("# {name} = {}", quoted(example)),
        };
        let images = self.image.iter().map(|s| quoted(s)).collect::<Vec<_>>().join(", ");
        let list = self.list.as_ref().map(|p| p.display().to_string());
        let contrast = self.contrast.as_ref().map(|c| c.name().to_owned());
        format!(
            include_str!("../../assets/deepseg.toml"),
            root = quoted(&self.root.display().to_string()),
            layout = quoted(self.layout.name()),
            images = images,
            list = key("list", &list, "/data/list.csv"),
            mask = key("mask", &self.mask, "lesion-manual"),
            cord = key("cord", &self.cord, "seg-manual"),
            centerline = key("centerline", &self.centerline, "centerline-manual"),
            contrast = key("contrast", &contrast, "t2"),
            others = if self.others.is_empty() { String::new() } else { format!("\n{}", self.others) },
        )
    }
}

/// Reads one section of a document as its room's type, with the line numbers of the whole document in its errors.
struct OneSection<'a, T> {
    name: &'a str,
    section: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for OneSection<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, document: D) -> Result<Option<T>, D::Error> {
        document.deserialize_map(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for OneSection<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sections")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut document: A) -> Result<Option<T>, A::Error> {
        let mut found = None;
        while let Some(name) = document.next_key::<String>()? {
            if name == self.name {
                found = Some(document.next_value()?);
            } else {
                document.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// `image = "T2w"` means the same as `image = ["T2w"]`.
fn one_or_several<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Suffixes {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Suffixes::deserialize(deserializer)? {
        Suffixes::One(suffix) => vec![suffix],
        Suffixes::Several(suffixes) => suffixes,
    })
}

fn mistake(path: &Path, text: &str, error: &toml::de::Error) -> DatasetError {
    let line = line_of(text, error.span().map_or(0, |span| span.start));
    DatasetError::Settings { path: path.to_owned(), line, message: error.message().to_owned() }
}

/// The line of a byte offset, counted from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

/// Byte offset of the line `[name]`.
fn heading(text: &str, name: &str) -> Option<usize> {
    headings(text).find(|(_, found)| *found == name).map(|(at, _)| at)
}

/// Byte offset of the first heading of another top section at or after `from`, else the end.
fn next_heading(text: &str, from: usize) -> usize {
    headings(text).map(|(at, _)| at).find(|at| *at >= from).unwrap_or(text.len())
}

/// The headings `[name]` of top sections, with their byte offsets.
fn headings(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        let name = line.split('#').next()?.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
        SECTIONS.contains(&name).then_some((start, name))
    })
}

/// Everything outside `[dataset]`, with the comments directly above each heading.
fn other_sections(text: &str) -> String {
    let mut kept = String::new();
    for name in SECTIONS.iter().skip(1) {
        let Some(heading) = heading(text, name) else { continue };
        let start = comment_above(text, heading);
        let after = heading + text[heading..].find('\n').map_or(text.len() - heading, |at| at + 1);
        let next = next_heading(text, after);
        let end = if next < text.len() { comment_above(text, next) } else { next };
        kept.push_str(text[start..end.max(after)].trim_end());
        kept.push_str("\n\n");
    }
    kept
}

/// Where the comment lines directly above an offset begin.
fn comment_above(text: &str, heading: usize) -> usize {
    let above = text[..heading].split_inclusive('\n').rev();
    heading - above.take_while(|line| line.trim_start().starts_with('#')).map(str::len).sum::<usize>()
}
