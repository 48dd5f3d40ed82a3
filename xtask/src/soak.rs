//! Runs tests/soak.rs for longer than `cargo test` does.

use crate::{Result, build};

/// `--seconds N`, `--seed N`.
pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let mut command = build::cargo_command();
    // With one arena: those that glibc makes for threads are kept, half empty, and look like a leak.
    command.env("SECONDS", "60").env("MALLOC_ARENA_MAX", "1");
    while let Some(option) = arguments.next() {
        let variable = match option.as_str() {
            "--seconds" => "SECONDS",
            "--seed" => "SEED",
            _ => return Err(format!("There is no option \"{option}\": soak has --seconds N and --seed N.")),
        };
        let number: u64 = arguments
            .next()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| format!("{option} takes a whole number."))?;
        command.env(variable, number.to_string());
    }
    command.args(["test", "--package", "pssailpointcc", "--test", "soak", "--", "--nocapture"]);
    build::run(&mut command)
}
