//! `deepseg view IMAGE`: look at any NIfTI, interactively or as one printed slice.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use super::output::{self, CommandResult, Failure, Outcome};
use crate::workbench::{self, Cut, ImageFiles, Mode, Options, Printed, Start};

/// Look at an image: interactively on a terminal, as one printed slice elsewhere
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A NIfTI image
    image: PathBuf,
    /// A mask on the same grid, drawn as an outline
    #[arg(long)]
    mask: Option<PathBuf>,
    /// A centerline: CSV as `deepseg centerline` writes it, or a voxel mask
    #[arg(long)]
    centerline: Option<PathBuf>,
    /// Print one slice and leave
    #[arg(long)]
    print: bool,
    /// The cut
    #[arg(long, value_enum)]
    plane: Option<Cut>,
    /// The slice in RPI order, from 0 [default: the one with most mask, else the middle]
    #[arg(long, value_name = "K")]
    slice: Option<usize>,
    /// Size of the printed slice in characters [default: the terminal's, else 80x24]
    #[arg(long, value_name = "COLSxROWS", value_parser = parse_size)]
    size: Option<(u16, u16)>,
    /// How to draw grey with characters [default: half256; braille without colours]
    #[arg(long, value_enum)]
    mode: Option<Mode>,
}

impl Args {
    /// Prints a slice, or opens the viewer.
    pub fn run(self) -> CommandResult {
        let files = ImageFiles { image: self.image, mask: self.mask, centerline: self.centerline };
        let terminal = io::stdout().is_terminal();
        if !self.print && terminal && io::stdin().is_terminal() {
            let options = Options { cut: self.plane, slice: self.slice, mode: self.mode };
            workbench::run(Start::Image(files), options)?;
            return Ok(Outcome::Done);
        }
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let printed = Printed {
            cut: self.plane.unwrap_or_default(),
            slice: self.slice,
            size: self.size.unwrap_or_else(usual_size),
            // A file or a pipe gets colour codes only when the mode was asked for by name.
            colour: colour && (terminal || self.mode.is_some_and(Mode::needs_colour)),
            mode: self.mode.unwrap_or_default(),
        };
        output::raw(workbench::print_slice(&files, printed)?.as_bytes()).map_err(Failure::from)?;
        Ok(Outcome::Done)
    }
}

/// The terminal's size less the lines for the caption and the prompt.
fn usual_size() -> (u16, u16) {
    crossterm::terminal::size().map_or((80, 24), |(columns, rows)| (columns, rows.saturating_sub(2)))
}

fn parse_size(text: &str) -> Result<(u16, u16), String> {
    let parts = text.split_once(['x', 'X']).and_then(|(c, r)| Some((c.parse().ok()?, r.parse().ok()?)));
    let fine = |(columns, rows): &(u16, u16)| (1..=1000).contains(columns) && (1..=1000).contains(rows);
    parts.filter(fine).ok_or_else(|| "is COLSxROWS, e.g. 80x24, each from 1 to 1000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_columns_by_rows() {
        assert_eq!(parse_size("80x24"), Ok((80, 24)));
        for bad in ["80", "0x24", "80x", "axb", "80x2000"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }
}
