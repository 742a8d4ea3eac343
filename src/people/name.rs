//! Names of people, taken apart: `family_name` and `given_name` out of what a portal has in one field
//! (OIDC Core §5.1).
//!
//! In that field stand companies, departments, ranks and test accounts too. They have no family name,
//! and none is made up here: what is not clearly a person's name is left whole. An error on that side
//! costs a split, one on the other side a name that nobody has.

mod words;

use self::words::{ANYWHERE, AT_THE_END, COMPOUND, GIVEN_ENDINGS, LATIN, PLACES, SURNAMES};

/// The longest name anybody is taken to have, in characters.
const MAX_NAME_CHARS: usize = 60;

/// A name in its two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    /// `family_name`.
    pub family: &'a str,
    /// `given_name`.
    pub given: &'a str,
}

/// Takes a name apart; `None` where it is not clearly a person's.
///
/// - Chinese: the surname, of one character or more, and the rest. `欧阳静` is `欧阳` and `静`.
/// - With a dot, as Uyghur and Kazakh names are written: the father's name stands last and is told as
///   the family's. `阿卜杜拉·买买提` is `买买提` and `阿卜杜拉`.
/// - In letters: what stands after the last space is the family's, as everybody else has it.
#[must_use]
pub fn split(name: &str) -> Option<Name<'_>> {
    let name = name.trim();
    if name.chars().count() > MAX_NAME_CHARS || ANYWHERE.iter().any(|word| name.contains(word)) {
        return None;
    }
    if name.contains(is_dot) {
        return dotted(name);
    }
    if name.chars().all(is_han) {
        return chinese(name);
    }
    let (before, after) = name.rsplit_once(char::is_whitespace)?;
    let (before, after) = (before.trim_end(), after.trim_start());
    if before.chars().all(is_han) && after.chars().all(is_han) {
        spaced(before, after)
    } else {
        lettered(name, before, after)
    }
}

/// A name of Chinese characters alone.
fn chinese(name: &str) -> Option<Name<'_>> {
    let count = name.chars().count();
    if !(2..=8).contains(&count) || PLACES.contains(&name) || ends_as_no_name(name, count) {
        return None;
    }
    if let Some((family, given)) = compound(name) {
        return (given.chars().count() <= 2).then_some(Name { family, given });
    }
    let (family, given) = name.split_at(first(name));
    // A child of four characters has both parents' surnames: 李王梓涵.
    let known = match count {
        2 | 3 => is_surname(family),
        4 => is_surname(family) && is_surname(&given[..first(given)]),
        _ => false,
    };
    known.then_some(Name { family, given })
}

/// Whether a rank or a part of something ends `name`.
fn ends_as_no_name(name: &str, count: usize) -> bool {
    let ending = AT_THE_END.iter().filter(|word| name.ends_with(**word));
    // 王总 is a rank, 王小总 is not.
    ending
        .into_iter()
        .any(|word| count != 3 || word.chars().count() > 1 || !GIVEN_ENDINGS.contains(word))
}

/// A name that begins with a surname of more than one character, and goes on.
fn compound(name: &str) -> Option<(&str, &str)> {
    let longest = COMPOUND
        .iter()
        .filter(|surname| name.len() > surname.len() && name.starts_with(**surname))
        .map(|surname| surname.len())
        .max()?;
    Some(name.split_at(longest))
}

/// A Chinese name that was spread out to line up with longer ones: `张　伟`.
fn spaced<'a>(family: &'a str, given: &'a str) -> Option<Name<'a>> {
    let counted = given.chars().count();
    let known = COMPOUND.contains(&family)
        || (family.chars().count() == 1 && is_surname(family) && !ends_as_no_name(given, 2));
    (known && (1..=2).contains(&counted)).then_some(Name { family, given })
}

/// A name whose parts are parted by dots.
fn dotted(name: &str) -> Option<Name<'_>> {
    let letters = |part: &str| !part.is_empty() && part.chars().all(char::is_alphabetic);
    if !name.split(is_dot).all(letters) {
        return None;
    }
    let (given, family) = name.rsplit_once(is_dot)?;
    Some(Name { family, given })
}

/// A name in letters: two words or more, none of which names a thing.
fn lettered<'a>(name: &str, given: &'a str, family: &'a str) -> Option<Name<'a>> {
    let of_a_name = |c: char| (c.is_alphabetic() && !is_han(c)) || "'’-.".contains(c);
    let mut words = name.split_whitespace();
    let person = words.all(|word| {
        word.chars().all(of_a_name)
            && word.starts_with(char::is_alphabetic)
            && !LATIN.contains(&word.to_lowercase().as_str())
    });
    person.then_some(Name { family, given })
}

fn is_surname(one: &str) -> bool {
    SURNAMES.contains(one)
}

/// The length of the first character.
fn first(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

fn is_dot(c: char) -> bool {
    "·•‧・∙⋅".contains(c)
}

/// Whether `c` is a Chinese character.
fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}' | '〇' | '々')
}

#[cfg(test)]
mod tests;
