//! The toolbox's YAML lists: headings with files below them (`qc_fail.yml`), or files and subjects alone (what `sct_run_batch`
//! includes or excludes). Text only: nothing is known here of scans.

use std::collections::BTreeMap;

/// What a list says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lists {
    /// Files by heading.
    Headed(BTreeMap<String, Vec<String>>),
    /// Files or subjects without a heading.
    Plain(Vec<String>),
}

impl Lists {
    /// Reads either form. Fails with a sentence that names the place.
    pub(super) fn read(text: &str) -> Result<Lists, String> {
        let explained = |error: serde_saphyr::Error| {
            let problem = error.without_snippet().to_string();
            let problem = problem.split_whitespace().collect::<Vec<_>>().join(" ");
            format!(
                "is not a list this program knows ({problem}); it takes headings such as FILES_SEG with `- file` lines below \
                 them, or `- file` lines alone"
            )
        };
        let text = text.trim_start_matches('\u{FEFF}');
        match first_sign(text) {
            None => Ok(Lists::Headed(BTreeMap::new())),
            Some('-' | '[') => serde_saphyr::from_str(text).map(Lists::Plain).map_err(explained),
            Some(_) => {
                let read: BTreeMap<String, Option<Vec<String>>> =
                    serde_saphyr::from_str(text).map_err(explained)?;
                Ok(Lists::Headed(read.into_iter().map(|(k, files)| (k, files.unwrap_or_default())).collect()))
            }
        }
    }

    /// The text in the form in which the toolbox's report writes it: four spaces before each item.
    pub(super) fn text(&self) -> String {
        let items = |indent: &str, items: &[String]| -> String {
            items.iter().map(|item| format!("{indent}- {}\n", scalar(item))).collect()
        };
        match self {
            Lists::Headed(headed) if headed.is_empty() => "{}\n".to_owned(),
            Lists::Headed(headed) => headed
                .iter()
                .map(|(heading, files)| format!("{}:\n{}", scalar(heading), items("    ", files)))
                .collect(),
            Lists::Plain(plain) if plain.is_empty() => "[]\n".to_owned(),
            Lists::Plain(plain) => items("", plain),
        }
    }
}

/// The first character that is neither space, comment nor the mark of a document's beginning.
fn first_sign(text: &str) -> Option<char> {
    let said = text.lines().map(str::trim).filter(|line| !line.starts_with('#') && !line.starts_with("---"));
    said.filter_map(|line| line.chars().next()).next()
}

/// Text as YAML reads it back: quoted where its characters or a reader's guesses would make something else of it.
fn scalar(text: &str) -> String {
    let guessed = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '~');
    if !text.chars().all(is_shown) {
        format!("\"{}\"", text.chars().map(escaped).collect::<String>())
    } else if text.starts_with(|c: char| c.is_alphabetic() || c == '/')
        && text.chars().all(plain)
        && !guessed.contains(&text.to_lowercase().as_str())
    {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

/// Whether a character stands for itself in any YAML; some that are printed elsewhere are line ends or forbidden there.
fn is_shown(c: char) -> bool {
    (' '..='~').contains(&c) || c.is_alphanumeric()
}

fn escaped(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        shown if is_shown(shown) => shown.to_string(),
        other => format!("\\U{:08X}", u32::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headed(pairs: &[(&str, &[&str])]) -> Lists {
        let owned = |files: &[&str]| files.iter().map(|f| (*f).to_owned()).collect();
        Lists::Headed(pairs.iter().map(|(k, files)| ((*k).to_owned(), owned(files))).collect())
    }

    #[test]
    fn what_people_and_scripts_write_is_read() {
        let by_hand = "# to correct\nFILES_SEG:\n- sub-001_ses-01_T1w.nii.gz   # session 1\n- 'sub-002 T2w.nii.gz'\nFILES_LESION:\n\
                       FILES_LABEL: [a.nii.gz, \"b.nii.gz\"]\n";
        let expected = headed(&[
            ("FILES_LABEL", &["a.nii.gz", "b.nii.gz"]),
            ("FILES_LESION", &[]),
            ("FILES_SEG", &["sub-001_ses-01_T1w.nii.gz", "sub-002 T2w.nii.gz"]),
        ]);
        assert_eq!(Lists::read(by_hand).unwrap(), expected);
        assert_eq!(Lists::read("FILES_SEG:\r\n    - a\r\n").unwrap(), headed(&[("FILES_SEG", &["a"])]));
        assert_eq!(
            Lists::read("\u{FEFF}---\n- sub-01\n- 007\n").unwrap(),
            Lists::Plain(vec!["sub-01".into(), "007".into()])
        );
        for nothing in ["", "# none\n", "{}\n"] {
            assert_eq!(Lists::read(nothing).unwrap(), headed(&[]), "{nothing:?}");
        }
        assert_eq!(Lists::read("[]").unwrap(), Lists::Plain(vec![]));
    }

    #[test]
    fn mistakes_are_said_with_their_place() {
        for wrong in [
            "FILES_SEG:\n  - a\n - b\n",
            "FILES_SEG:\n  a: b\n",
            "just text\n",
            "- a\nFILES_SEG:\n",
            "FILES_SEG: [a",
        ] {
            let said = Lists::read(wrong).unwrap_err();
            assert!(
                said.contains("line") && said.contains("FILES_SEG with") && !said.contains('\n'),
                "{said}"
            );
        }
    }

    #[test]
    fn the_form_is_the_reports() {
        let lists = headed(&[("FILES_SEG", &["/data/sub-01/anat/sub-01_T2w.nii.gz", "/my data/it's.nii"])]);
        assert_eq!(
            lists.text(),
            "FILES_SEG:\n    - /data/sub-01/anat/sub-01_T2w.nii.gz\n    - '/my data/it''s.nii'\n"
        );
        assert_eq!(Lists::Plain(vec!["sub-01".into(), "12".into()]).text(), "- sub-01\n- '12'\n");
    }

    proptest! {
        #[test]
        fn everything_is_read_back(
            headed in prop::collection::btree_map("\\PC{1,8}", prop::collection::vec(any::<String>(), 0..4), 0..4),
            plain in prop::collection::vec("[ -~\\t]{0,9}|é|null|~|1e3|0x1F|.inf|yes|2024-01-01|- |: |#", 0..5),
        ) {
            for lists in [Lists::Headed(headed.clone()), Lists::Plain(plain.clone())] {
                prop_assert_eq!(Lists::read(&lists.text()), Ok(lists));
            }
        }

        #[test]
        fn nothing_makes_it_fall(text in "\\PC{0,40}|[-:\\[\\]{}a'\"\\n #&*!|>%@]{0,40}") {
            Lists::read(&text).ok();
        }
    }
}
