//! The workflows of .github cannot run on a developer's machine. So their steps are commands that can: of xtask.

use std::path::Path;

#[test]
fn every_step_of_a_workflow_is_an_action_or_one_command_of_xtask() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository's root");
    let help = std::fs::read_to_string(root.join("xtask/src/main.rs")).expect("readable");
    let mut commands = 0;
    for name in ["ci.yml", "release.yml"] {
        let text = std::fs::read_to_string(root.join(".github/workflows").join(name)).expect("readable");
        for line in text.lines().map(str::trim_start).filter(|line| line.trim_start_matches("- ").starts_with("run:")) {
            let command = line.trim_start_matches("- ").trim_start_matches("run:").trim();
            let mut words = command.split(' ');
            assert_eq!((words.next(), words.next()), (Some("cargo"), Some("xtask")), "{name}: {command}");
            let command = words.next().unwrap_or_default();
            assert!(help.contains(&format!("\n  {command} ")), "{name}: xtask has no command {command}");
            for option in words.filter(|word| word.starts_with("--")) {
                assert!(help.contains(option), "{name}: xtask has no option {option}");
            }
            commands += 1;
        }
    }
    assert!(commands > 8, "steps were found: {commands}");
}
