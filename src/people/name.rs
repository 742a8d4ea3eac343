//! Splits the portal's single name field into `family_name` and `given_name` (OIDC Core §5.1).
//!
//! The field also holds companies, departments, ranks and test accounts, which have no family name. So
//! a text is split only if it is clearly a person's name. A missed split does little harm; a wrong
//! split makes up a name that no person has.

mod words;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use self::words::{ANYWHERE, AT_THE_END, COMPOUND, GIVEN_ENDINGS, LATIN, PLACES, SURNAMES};

/// The longest text that is taken for a person's name.
const MAX_NAME_CHARS: usize = 60;

/// Finds the words that no person's name contains.
static NO_PERSON: LazyLock<AhoCorasick> =
    LazyLock::new(|| AhoCorasick::new(ANYWHERE).expect("some hundred words"));

/// A name, split into its two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    /// `family_name`.
    pub family: &'a str,
    /// `given_name`.
    pub given: &'a str,
}

/// Splits a name; `None` if it is not clearly a person's.
///
/// - Chinese: a surname of one or more characters, then the given name. `欧阳静` is `欧阳` and `静`.
/// - With a dot, as Uyghur and Kazakh names are written: the father's name comes last and becomes
///   `family_name`. `阿卜杜拉·买买提` is `买买提` and `阿卜杜拉`.
/// - In letters: the word after the last space becomes `family_name`.
#[must_use]
pub fn split(name: &str) -> Option<Name<'_>> {
    let name = name.trim();
    if name.chars().count() > MAX_NAME_CHARS || NO_PERSON.is_match(name) {
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

/// Splits a name that has Chinese characters only.
fn chinese(name: &str) -> Option<Name<'_>> {
    let count = name.chars().count();
    if !(2..=8).contains(&count) || PLACES.contains(&name) || ends_like_a_title(name, count) {
        return None;
    }
    if let Some((family, given)) = compound(name) {
        return (given.chars().count() <= 2).then_some(Name { family, given });
    }
    let (family, given) = name.split_at(first_char_len(name));
    // A name of four characters begins with the surnames of both parents: 李王梓涵.
    let is_person = match count {
        2 | 3 => is_surname(family),
        4 => is_surname(family) && is_surname(&given[..first_char_len(given)]),
        _ => false,
    };
    is_person.then_some(Name { family, given })
}

/// Whether `name` ends with a rank, a trade or a part of an organisation.
fn ends_like_a_title(name: &str, count: usize) -> bool {
    let ending = AT_THE_END.iter().filter(|word| name.ends_with(**word));
    // 王总 is a rank, 王小总 is not.
    ending
        .into_iter()
        .any(|word| count != 3 || word.chars().count() > 1 || !GIVEN_ENDINGS.contains(word))
}

/// Splits a name after a surname of more than one character, if a given name follows.
fn compound(name: &str) -> Option<(&str, &str)> {
    let longest = COMPOUND
        .iter()
        .filter(|surname| name.len() > surname.len() && name.starts_with(**surname))
        .map(|surname| surname.len())
        .max()?;
    Some(name.split_at(longest))
}

/// Splits a Chinese name that has a space in it to line up with longer names: `张　伟`.
fn spaced<'a>(family: &'a str, given: &'a str) -> Option<Name<'a>> {
    let given_count = given.chars().count();
    let has_surname = COMPOUND.contains(&family)
        || (family.chars().count() == 1 && is_surname(family) && !ends_like_a_title(given, 2));
    (has_surname && (1..=2).contains(&given_count)).then_some(Name { family, given })
}

/// Splits a name whose parts are separated by dots.
fn dotted(name: &str) -> Option<Name<'_>> {
    let letters = |part: &str| !part.is_empty() && part.chars().all(char::is_alphabetic);
    if !name.split(is_dot).all(letters) {
        return None;
    }
    let (given, family) = name.rsplit_once(is_dot)?;
    Some(Name { family, given })
}

/// Splits a name in letters: two or more words, none of which describes an account or an organisation.
fn lettered<'a>(name: &str, given: &'a str, family: &'a str) -> Option<Name<'a>> {
    let is_name_char = |c: char| (c.is_alphabetic() && !is_han(c)) || "'’-.".contains(c);
    let mut words = name.split_whitespace();
    let is_person = words.all(|word| {
        word.chars().all(is_name_char)
            && word.starts_with(char::is_alphabetic)
            && !LATIN.contains(&word.to_lowercase().as_str())
    });
    is_person.then_some(Name { family, given })
}

fn is_surname(character: &str) -> bool {
    SURNAMES.contains(character)
}

/// The length of the first character, in bytes.
fn first_char_len(text: &str) -> usize {
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
