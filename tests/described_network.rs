//! A network described in a file, with the real program: refused when it cannot be, else trained, run on a bare patch, and used.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use deepseg::demo::make_cohort;
use deepseg::network::{Activation, Down, ModelFile, NormKind, Up};
use deepseg::volume::{Affine, Grid, Volume, read_image, write_image};
use ndarray::Array3;

/// Every choice unlike the published networks.
const DESCRIBED: &str = "name = 'other'\ndepth = 3\nbase = 2\nnorm = 'instance'\nactivation = 'leaky_relu'\n\
                         residual = true\ndown = 'strided'\nup = 'transposed'\ndeep_supervision = true\n";

fn deepseg(words: &[&str], here: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deepseg")).current_dir(here).args(words).output().unwrap()
}

fn done(words: &[&str], here: &Path) -> String {
    let output = deepseg(words, here);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn runs(here: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(here.join("p/runs")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

#[test]
fn a_described_network_is_trained_and_used_and_an_impossible_one_refused() {
    let place = tempfile::tempdir().unwrap();
    let here = place.path();
    make_cohort(&here.join("data"), 3, 5, &|_, _| ()).unwrap();
    // The demo's own faults are told of; the project is there.
    deepseg(&["init", "data", "--project", "p", "--contrast", "t2", "--image", "T2w"], here);
    let train = |network: &str, more: &[&str]| {
        std::fs::write(here.join("net.toml"), network).unwrap();
        let words = ["train", "p", "--network", "net.toml", "--device", "cpu", "--epochs", "1"];
        deepseg(&[&words, more].concat(), here)
    };
    let refusals = [
        (
            "depth = 6\nbase = 256",
            &["--set", "patch.size=64", "--set", "patch.overlap=0"][..],
            "multiples of 32",
        ),
        ("depth = 5\nbase = 256", &["--batch", "64"][..], "GB"),
        ("depth = 3\nbase = 2\nnorm = 'layer'", &[][..], "`norm`"),
        ("depth = 3\nbase = 2", &["--set", "precision=bf16"][..], "precision=f32"),
    ];
    for (network, more, word) in refusals {
        let refused = train(network, more);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(word), "{said}");
        assert_eq!(runs(here), Vec::<PathBuf>::new(), "{network}");
    }

    let trained = train(DESCRIBED, &[]);
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    let [run] = &runs(here)[..] else { panic!("{:?}", runs(here)) };
    assert!(run.display().to_string().ends_with("-other"), "{}", run.display());
    let (model, _) = ModelFile::load(&run.join("checkpoints/best.safetensors")).unwrap();
    let network = &model.architecture;
    assert_eq!((network.norm, network.activation), (NormKind::Instance, Activation::LeakyRelu));
    assert_eq!((network.down, network.up), (Down::Strided, Up::Transposed));
    assert!(network.residual && network.deep_supervision);

    let affine = Affine([[0.5, 0.0, 0.0, 0.0], [0.0, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.0]]);
    let data = Array3::from_shape_fn([16, 16, 24], |(i, j, k)| ((i * 3 + j * 5 + k) as f32 * 0.3).sin());
    write_image(&here.join("patch.nii.gz"), &Volume { grid: Grid { shape: [16, 16, 24], affine }, data })
        .unwrap();
    done(&["forward", run.to_str().unwrap(), "patch.nii.gz", "-o", "out.nii.gz", "--device", "cpu"], here);
    let answer = read_image(&here.join("out.nii.gz")).unwrap().data;
    assert_eq!(answer.dim(), (16, 16, 24));
    assert!(answer.iter().all(|p| (0.0..=1.0).contains(p)) && answer.iter().any(|p| *p != answer[[0, 0, 0]]));
}
