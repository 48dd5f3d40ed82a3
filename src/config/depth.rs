//! How deep a YAML text nests, before it is read: the reader recurses, and copies what an alias repeats.

use saphyr_parser::{Event, Parser};

/// The settings of `sail` nest three deep.
const DEEPEST: usize = 64;

/// The maximum number of values, aliases written out.
const MOST: usize = 100_000;

/// Fails if the text nests too deep, or grows too large where its aliases are written out. An error of the YAML itself
/// is left to the reader.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    // The number of values in each open collection and its anchor; then those of the anchors.
    let (mut open, mut anchors): (Vec<(usize, usize)>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut total = 0_usize;
    for event in Parser::new_from_str(text) {
        let Ok((event, _)) = event else { return Ok(()) };
        let (size, anchor) = match event {
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                if open.len() == DEEPEST {
                    return Err("nested deeper than 64 levels");
                }
                open.push((1, anchor));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().unwrap_or_default(),
            Event::Scalar(_, _, anchor, _) => (1, anchor),
            Event::Alias(anchor) => (anchors.get(anchor).copied().unwrap_or(1), 0),
            _ => continue,
        };
        if anchor > 0 {
            if anchors.len() <= anchor {
                anchors.resize(anchor + 1, 1);
            }
            anchors[anchor] = size;
        }
        match open.last_mut() {
            Some((parent, _)) => *parent = parent.saturating_add(size),
            None => total = total.saturating_add(size),
        }
        if size > MOST || total > MOST || open.last().is_some_and(|(parent, _)| *parent > MOST) {
            return Err("more than 100000 values");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deep_and_growing_texts_are_refused() {
        assert_eq!(check("environments:\n  a:\n    tenanturl: x\n    list: [1, [2], {b: 3}]\n"), Ok(()));
        assert_eq!(check(": not [ YAML"), Ok(()));
        for deep in [
            format!("{}1{}", "[".repeat(70), "]".repeat(70)),
            format!("{}1", "- ".repeat(1_200)),
            (0..1_200).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(),
            format!("{}1{}", "{a: ".repeat(70), "}".repeat(70)),
        ] {
            assert_eq!(check(&deep), Err("nested deeper than 64 levels"), "{}", &deep[..40]);
        }
        // The reader refuses these itself, and needs no stack for it.
        for (open, close) in [("[", "]"), ("{a: ", "}"), ("? ", ""), ("- [", "]")] {
            let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
            let read = std::thread::Builder::new().stack_size(128 << 10).spawn(move || {
                check(&deep).is_err() || <saphyr::Yaml<'_> as saphyr::LoadableYamlNode>::load_from_str(&deep).is_err()
            });
            assert!(read.expect("started").join().expect("no overflow"), "{open}");
        }
        let mut bomb = "a0: &a0 x\n".to_owned();
        (1..30).for_each(|at| bomb += &format!("a{at}: &a{at} [*a{0}, *a{0}, *a{0}]\n", at - 1));
        assert_eq!(check(&bomb), Err("more than 100000 values"));
    }
}
