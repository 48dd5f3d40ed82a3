//! The fuzz target's checks without a fuzzer: texts of the tables, mutated and mixed, and texts that are long.
//!
//! `FUZZ_SECONDS=60 cargo test --release --test filter_fuzz` goes on for a minute; without it the test takes some
//! thousands of texts. `FUZZ_SEED` starts elsewhere; a failure names the seed.

#[path = "../fuzz/filter_checks.rs"]
mod filter_checks;
mod filter_support;

use std::time::{Duration, Instant};

use filter_support::random::{Random, quoted};

const TABLES: [&str; 2] = [include_str!("data/filters-accepted.txt"), include_str!("data/filters-refused.txt")];

const PIECES: [&str; 46] = [
    "==",
    "!=",
    "<=",
    "i==",
    "=",
    "===",
    "&&",
    "||",
    "&",
    "!",
    "!(",
    "(",
    ")",
    "\"",
    "\\",
    "\\\"",
    "'",
    "\u{201c}",
    "\u{201d}",
    "{",
    "}",
    "({",
    "})",
    ",",
    ".",
    " ",
    "\n",
    "$uid",
    "%A%",
    "{0}",
    "uid",
    "null",
    "true",
    "5",
    "-",
    ".in({\"a\"})",
    ".isNull()",
    ".contains(",
    "-eq",
    " and ",
    " or ",
    "LIKE",
    "is not null",
    "\u{a0}",
    "é",
    "🎉",
];

#[test]
fn mutated_texts_are_accepted_or_explained() {
    let seconds = setting("FUZZ_SECONDS");
    let seed = setting("FUZZ_SEED").unwrap_or(1);
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(0));
    let lines: Vec<&str> = TABLES
        .iter()
        .flat_map(|table| table.lines())
        .filter(|line| !line.starts_with("# ") && !line.starts_with("  says "))
        .collect();

    let mut count = 0;
    while count < 6_000 || Instant::now() < end {
        let seed = seed.wrapping_add(count);
        let text = mutated(&lines, &mut Random::new(seed));
        let started = Instant::now();
        let result = std::panic::catch_unwind(|| filter_checks::check(&text));
        assert!(result.is_ok(), "FUZZ_SEED={seed} gives {text:?}");
        let took = started.elapsed();
        assert!(took < Duration::from_millis(500), "FUZZ_SEED={seed} takes {took:?}: {text:?}");
        count += 1;
    }
    if seconds.is_some() {
        println!("{count} texts");
    }
}

fn mutated(lines: &[&str], random: &mut Random) -> String {
    let mut text = match random.below(4) {
        0 => random.filter(3),
        1 => (0..random.below(12)).map(|_| random.one_of(&PIECES)).collect(),
        _ => random.one_of(lines).rsplit(" -> ").next().unwrap_or_default().to_owned(),
    };
    for _ in 0..random.below(5) {
        let at = place(&text, random);
        match random.below(6) {
            0 => text.insert_str(at, random.one_of(&PIECES)),
            1 => text.insert_str(at, random.one_of(lines)),
            2 => {
                let to = place(&text, random);
                text.replace_range(at.min(to)..at.max(to), "");
            }
            3 => {
                let to = place(&text, random);
                text.replace_range(at.min(to)..at.max(to), random.one_of(&PIECES));
            }
            4 => text = format!("uid.collectionCondition({})", quoted(&text)),
            _ if at < text.len() => {
                text.remove(at);
            }
            _ => {}
        }
        if text.len() > 20_000 {
            text.truncate(place(&text, random));
        }
    }
    text
}

/// A border between two characters.
fn place(text: &str, random: &mut Random) -> usize {
    let mut at = random.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[test]
fn half_a_megabyte_takes_no_time_whatever_it_is() {
    let pieces = [
        "(",
        ")",
        "!(",
        "!",
        "\"",
        "\\",
        "\\\"",
        "'",
        "a",
        "a.",
        ".",
        "0",
        "{",
        "{0}",
        "$a",
        "%a",
        "<a>",
        "&",
        "&&",
        "|",
        ",",
        ";",
        "=",
        "==",
        " ",
        "\n",
        "-",
        "i",
        "uid ",
        "uid == ",
        "uid == \"a\" ",
        "uid == \"a\" && ",
        "uid == \"a\" && uid == \"b\" || ",
        "uid == \"a\", ",
        "\"a\", ",
        "'a' ",
        "uid = 'a' and ",
        "!uid.isNull() && ",
        "not ",
        "uid.in({\"a\"}) || ",
        "uid == a b ",
        "uid == a-b && ",
        "uid == \"a\"b\" ",
        "\"\"",
        "\u{201c}",
        "\u{a0}",
        "é",
        "🎉",
        "uid.isnull() && ",
        "a(",
        "uid.x(",
        "uid == \"$a\" || ",
        "uid == \" a\" || ",
        "`\"",
        "&quot;",
        "[a]",
        "*",
    ];
    let frames = [
        ("uid == \"", "\""),
        ("uid == ", ""),
        ("uid == '", "'"),
        ("uid == \"", ""),
        ("uid.in({", "})"),
        ("uid.in({\"a\"", "})"),
        ("uid.collectionCondition(\"", "\")"),
        ("uid", " == \"a\""),
        ("uid.", "(\"a\")"),
        ("uid == \"a\" || ", "uid == \"b\""),
        ("uid == \"a\", ", ""),
    ];
    let check = |piece: &str, (before, after): (&str, &str), length: usize| {
        let text = format!("{before}{}{after}", piece.repeat(length / piece.len() + 1));
        let started = Instant::now();
        filter_checks::check(&text);
        let took = started.elapsed();
        // Far above what it takes, far below what it would take if the time grew with the square of the length.
        assert!(took < Duration::from_secs(2), "{before}{piece}...{after} takes {took:?}");
    };
    for piece in pieces {
        check(piece, ("", ""), 500_000);
        for frame in frames {
            check(piece, frame, 40_000);
        }
    }
}

#[test]
fn the_deepest_filter_fits_into_a_small_stack() {
    let inner = r#"uid == "a" && uid.collectionCondition("a == \"b\"") || uid"#;
    let texts = [
        format!("{}uid == \"a\"{}", "(".repeat(64), ")".repeat(64)),
        format!("{}uid == \"a\"{}", "!(".repeat(64), ")".repeat(64)),
        format!("{}{inner}{}", "!(a == \"b\" && (".repeat(32), "))".repeat(32)),
        "(".repeat(200_000),
        "!(".repeat(200_000),
        "!".repeat(200_000),
    ];
    let check = move || texts.iter().for_each(|text| filter_checks::check(text));
    let thread = std::thread::Builder::new().stack_size(256 * 1024).spawn(check).expect("a thread");
    assert!(thread.join().is_ok(), "the stack has run over, or a check has failed");
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
