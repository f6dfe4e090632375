//! The command line: clap definitions and one small file per command. No logic of its own; it alone prints.

mod centerline;
mod check;
mod chosen;
mod completions;
mod contrast;
mod demo;
mod evaluate;
mod export;
mod forward;
mod import;
mod init;
mod interrupt;
mod narrator;
pub mod output;
mod patches;
mod predict;
mod preprocess;
mod preprocess_array;
mod problems;
mod qc;
mod run_report;
mod runs;
mod slurm;
mod speed;
mod split;
mod stop;
mod sweep;
mod sweep_report;
mod train;
mod train_detector;
mod view;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::dataset::SETTINGS_FILE;
use crate::workbench::{Options, Start};

pub use output::{CommandResult, Failure, Outcome};

/// A terminal workbench for training spinal-cord lesion segmentation models.
#[derive(Debug, Parser)]
#[command(name = "deepseg", version, args_conflicts_with_subcommands = true, after_help = EXIT_CODES)]
struct Cli {
    /// A project or a dataset to open in the workbench (default: the project here, else the start screen)
    target: Option<PathBuf>,

    #[command(subcommand)]
    command: Option<Command>,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 the work met problems (they are listed), 2 wrong usage, 130 interrupted.\n\
                          Set DEEPSEG_LOG=info (or debug) to see what a command does inside.";

#[derive(Debug, Subcommand)]
enum Command {
    /// List a dataset and write a project for it
    Init(init::Args),
    /// Look at every image and mask, and list what is wrong with the fix for each
    Check(check::Args),
    /// Draw the cord's centerline on an image, or look at (and choose) the centerlines of a project
    Centerline(centerline::Args),
    /// List the quality-control marks, give one, or exchange them with the Spinal Cord Toolbox's files
    Qc(qc::Args),
    /// Make the crops around the cord that training and the workbench use
    Preprocess(preprocess::Args),
    /// Show who trains, validates and tests, or hold subjects out for testing
    Split(split::Args),
    /// Write training patches, as cut and as changed at random, to look at before training
    Patches(patches::Args),
    /// Train a network on a project's crops
    Train(train::Args),
    /// Train with every combination of lists of settings: networks, rates, folds, seeds
    Sweep(sweep::Args),
    /// Make the weights of the built-in centerline detector again, from a seed
    #[command(hide = true)]
    TrainDetector(train_detector::Args),
    /// List the training runs of a project, newest first
    Runs(runs::Args),
    /// Follow a run until it ends (ending the viewer does not end the run)
    Watch(watch::Args),
    /// Ask a run to finish its step, write a checkpoint and end
    Stop(stop::Args),
    /// Score a run's best model on held-out subjects, or one mask against another
    Evaluate(evaluate::Args),
    /// Segment images with a model, each into its own space
    Predict(predict::Args),
    /// Run the bare network on one patch that is already normalised
    Forward(forward::Args),
    /// Make a model of a network from another program: Keras (.h5) or ONNX
    Import(import::Args),
    /// Write a model's network as ONNX, for other programs
    Export(export::Args),
    /// Time training and prediction on this machine
    Speed(speed::Args),
    /// Look at an image: interactively on a terminal, as one printed slice elsewhere
    View(view::Args),
    /// Make a synthetic cohort with known truth and run the whole job on it
    Demo(demo::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
}

/// Runs the command line given by `arguments` (the first is the program's name) and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return output::clap_exit(&error),
    };
    // The workbench owns the screen: a log on stderr would tear it.
    if cli.command.is_some() {
        output::start_log();
    }
    output::exit_code(dispatch(cli))
}

fn dispatch(cli: Cli) -> CommandResult {
    match cli.command {
        Some(Command::Init(args)) => args.run(),
        Some(Command::Check(args)) => args.run(),
        Some(Command::Centerline(args)) => args.run(),
        Some(Command::Qc(args)) => args.run(),
        Some(Command::Preprocess(args)) => args.run(),
        Some(Command::Split(args)) => args.run(),
        Some(Command::Patches(args)) => args.run(),
        Some(Command::Train(args)) => args.run(),
        Some(Command::Sweep(args)) => args.run(),
        Some(Command::TrainDetector(args)) => args.run(),
        Some(Command::Runs(args)) => args.run(),
        Some(Command::Watch(args)) => args.run(),
        Some(Command::Stop(args)) => args.run(),
        Some(Command::Evaluate(args)) => args.run(),
        Some(Command::Predict(args)) => args.run(),
        Some(Command::Forward(args)) => args.run(),
        Some(Command::Import(args)) => args.run(),
        Some(Command::Export(args)) => args.run(),
        Some(Command::Speed(args)) => args.run(),
        Some(Command::View(args)) => args.run(),
        Some(Command::Demo(args)) => args.run(),
        Some(Command::Completions(args)) => args.run(),
        None => workbench(cli.target),
    }
}

/// Opens the workbench on a path, else on the project here, else on its start screen.
fn workbench(target: Option<PathBuf>) -> CommandResult {
    let here = || std::path::Path::new(SETTINGS_FILE).is_file().then(|| PathBuf::from("."));
    let start = target.or_else(here).map_or(Start::Home, Start::Path);
    crate::workbench::run(start, Options::default())?;
    Ok(Outcome::Done)
}
