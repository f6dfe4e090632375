//! The form as it is filled in.

use super::*;

fn problem(form: &Form) -> Option<String> {
    form.fields.iter().find_map(Field::problem)
}

fn with(label: &str, value: &str) -> Option<String> {
    let mut form = Form::default();
    form.fields.iter_mut().find(|f| f.label == label).unwrap().value = value.to_owned();
    problem(&form)
}

#[test]
fn the_defaults_are_valid_and_every_bad_value_is_named() {
    assert_eq!(problem(&Form::default()), None);
    for (label, bad) in [
        ("Epochs", "0"),
        ("Epochs", "many"),
        ("Batch", ""),
        ("Learning rate", "-1"),
        ("Learning rate", "NaN"),
        ("Network", "huge"),
        ("Device", "tpu"),
        ("Seed", "1.5"),
        ("Fold", "6/5"),
        ("Fold", "0/5"),
        ("Fold", "all/1"),
        ("Seed", "1,"),
        ("Seed", "1, 1"),
    ] {
        assert!(with(label, bad).is_some(), "{label} {bad}");
    }
    for (label, good) in [("Fold", "2/3"), ("Fold", ""), ("Learning rate", "1e-4"), ("Seed", "7")] {
        assert_eq!(with(label, good), None, "{label} {good}");
    }
}

#[test]
fn typing_replaces_then_adds() {
    let mut form = Form::default();
    form.type_char('1');
    form.type_char('2');
    assert_eq!(form.field().unwrap().value, "12");
    form.delete();
    assert_eq!(form.field().unwrap().value, "1");
    form.step(3);
    form.type_char('t');
    assert_eq!(form.field().unwrap().value, "t2s");
    form.nudge(true);
    assert_eq!(form.field().unwrap().value, "t2_ax");
}

#[test]
fn empty_fields_give_no_option() {
    let Order::Here(arguments) = Form::default().order() else { panic!("one training here") };
    assert!(arguments.contains(&"--epochs".into()) && !arguments.contains(&"--fold".into()));
}

#[test]
fn lists_make_a_sweep_and_a_cluster_asks_for_more() {
    let mut form = Form::default();
    let at = |form: &Form, label| form.fields.iter().position(|f| f.label == label).unwrap();
    let (rate, fold, network) = (at(&form, "Learning rate"), at(&form, "Fold"), at(&form, "Network"));
    form.fields[rate].value = "1e-3, 3e-4".into();
    form.fields[fold].value = "all/5".into();
    form.selected = network;
    form.type_char(',');
    assert_eq!((form.fields[network].value.as_str(), form.count()), ("small, t2s", 20));
    let Order::Elsewhere(command, options) = form.order() else { panic!("a sweep") };
    assert!(command == "sweep" && options.ends_with(&["--detach".into()]), "{options:?}");
    assert!(options.windows(2).any(|w| w[0] == "--set" && w[1] == "device=auto"), "{options:?}");

    let mut form = Form::default();
    form.selected = at(&form, "Where");
    form.nudge(true);
    form.selected = at(&form, "Time limit");
    "8:00:00".chars().for_each(|c| form.type_char(c));
    assert_eq!(problem(&form), None);
    let Order::Elsewhere(command, options) = form.order() else { panic!("a job") };
    assert!(command == "train" && options.ends_with(&["8:00:00".into(), "--slurm".into()]), "{options:?}");
    form.selected = at(&form, "Where");
    form.type_char('h');
    assert!(form.fields.iter().all(|f| f.label != "Time limit") && matches!(form.order(), Order::Here(_)));
}

#[test]
fn a_run_like_another_asks_only_for_what_differs() {
    let mut run = super::super::training::tests::run("20260101T000000Z-t2s", crate::runs::RunState::Done);
    run.network = "depth 3, base 12".to_owned();
    let known = [("epochs", "40"), ("batch", "2"), ("lr", "0.001"), ("device", "auto"), ("seed", "3")];
    run.settings = std::sync::Arc::new(known.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    let mut form = Form::like(&run);
    assert_eq!(problem(&form), None, "a described network is no problem");
    assert_eq!(form.arguments(false), ["--like", "20260101T000000Z-t2s"]);
    form.step(2);
    form.nudge(false);
    assert_eq!(form.arguments(false)[2..], ["--lr", "5e-4"]);
    form.forget_like();
    assert_eq!(form, Form::default());
}

#[test]
fn a_model_brings_its_network_and_a_preset_its_values_unless_they_are_changed() {
    let mut form = Form::default();
    let given = |form: &Form| -> Vec<String> {
        let Order::Here(arguments) = form.order() else { panic!("one training here") };
        arguments.iter().map(|word| word.to_string_lossy().into_owned()).collect()
    };
    let has = |form: &Form, option: &str| given(form).iter().any(|word| word == option);
    assert!(!has(&form, "--init") && !has(&form, "--preset") && has(&form, "--network"));
    form.set("--init", "/models/t2s_lesion.h5");
    form.set("--preset", "fine-tune");
    assert!(has(&form, "--init") && has(&form, "fine-tune"));
    for option in ["--network", "--epochs", "--lr", "--augment"] {
        assert!(!has(&form, option), "{option}");
    }
    form.set("--lr", "1e-4");
    assert!(has(&form, "1e-4") && !has(&form, "--epochs"));
    assert_eq!(problem(&form), None);
}
