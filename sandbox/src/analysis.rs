//! What Elasticsearch makes of a text, and how single words are compared.

use crate::query::Glob;

/// The words of a text, as it is indexed and as it is asked for.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    for character in text.chars() {
        let is_mark = ('\u{300}'..='\u{36f}').contains(&character);
        if is_word_alone(character) {
            words.extend([character.to_string(), String::new()]);
        } else if character.is_alphanumeric() || is_mark {
            words.last_mut().expect("there is always one").push(character);
        } else {
            words.push(String::new());
        }
    }
    words.iter().filter(|word| !word.is_empty()).map(|word| word.to_lowercase()).collect()
}

/// Ideographs, hiragana, symbols and emoji.
fn is_word_alone(character: char) -> bool {
    matches!(u32::from(character), 0x2600..=0x27bf | 0x3040..=0x309f | 0x3400..=0x9fff | 0xf900..=0xfaff | 0x1f000..=0x2ffff)
}

/// Whether a pattern fits a whole term: the usual walk with one place to go back to.
pub(crate) fn fits(glob: &[Glob], term: &str) -> bool {
    let term: Vec<char> = term.chars().collect();
    let (mut at, mut next, mut back) = (0, 0, None);
    while at < term.len() {
        match glob.get(next) {
            Some(Glob::Any) => {
                back = Some((next + 1, at));
                next += 1;
            }
            Some(Glob::One) => (at, next) = (at + 1, next + 1),
            Some(Glob::Is(character)) if *character == term[at] => (at, next) = (at + 1, next + 1),
            _ => match back {
                None => return false,
                Some((pattern, start)) => {
                    (next, at) = (pattern, start + 1);
                    back = Some((pattern, start + 1));
                }
            },
        }
    }
    glob[next..].iter().all(|part| *part == Glob::Any)
}

/// Whether two words differ in at most two letters.
pub(crate) fn is_near(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > 2 {
        return false;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, left) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in other.iter().enumerate() {
            let cost = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()] <= 2
}
