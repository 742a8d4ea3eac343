//! The format of the groups file: CSV or TOML.

use std::collections::BTreeMap;
use std::path::Path;

use super::groups::{Group, GroupsFile};
use super::input::parse_user_id;
use crate::csv_text;
use crate::csv_text::{REMEDY, detect_separator};
use crate::problem::{Problem, with_position};

/// Parses the file. An empty file is an error: it is a mistake, or another program is still writing it.
///
/// # Errors
///
/// A [`Problem`] that names the line.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<GroupsFile, Problem> {
    let text = csv_text::decode(bytes)
        .map_err(|error| Problem::of_file(path, error.to_string(), REMEDY))?;
    if text.trim().is_empty() {
        return Err(Problem::of_file(
            path,
            "it is empty",
            "write a group, or take groups_file out of the configuration",
        ));
    }
    if path
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("toml"))
    {
        return toml::from_str(&text).map_err(|error| {
            Problem::of_file(
                path,
                with_position(&text, &error),
                "correct that line; docs/access.md shows how it is written",
            )
        });
    }
    let file = parse_table(&text).map_err(|(line, description, remedy)| {
        Problem::of_file(path, format!("line {line}: {description}"), remedy)
    })?;
    // The rows were deleted, or are still being written.
    if file.groups.is_empty() {
        return Err(Problem::of_file(
            path,
            "it has a first line and no rows",
            "write a group, or take groups_file out of the configuration",
        ));
    }
    Ok(file)
}

/// The line, what is wrong with it, and the remedy.
type Mistake = (u64, String, &'static str);

/// The indexes of the columns.
struct Columns {
    group: usize,
    id: usize,
    role: Option<usize>,
}

impl Columns {
    fn of(header: &csv::StringRecord) -> Result<Self, Mistake> {
        let (mut group, mut id, mut role) = (None, None, None);
        for (index, name) in header.iter().enumerate() {
            let column = match name.to_lowercase().as_str() {
                "group" | "组" => &mut group,
                "id" | "编号" => &mut id,
                "role" | "角色" => &mut role,
                // Ignored: these columns are for human readers.
                "name" | "姓名" | "note" | "备注" | "" => continue,
                _ => {
                    return Err((
                        1,
                        format!("there is no column `{name}`"),
                        "the columns are group (组), id (编号), role (角色), name (姓名), note (备注)",
                    ));
                }
            };
            if column.replace(index).is_some() {
                return Err((
                    1,
                    format!("`{name}` is there twice"),
                    "take one of them out",
                ));
            }
        }
        let (Some(group), Some(id)) = (group, id) else {
            return Err((
                1,
                "the columns group and id are not both there".to_owned(),
                "write group,id (组,编号) into the first line",
            ));
        };
        Ok(Self { group, id, role })
    }
}

fn parse_table(text: &str) -> Result<GroupsFile, Mistake> {
    let header = text.lines().next().unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(detect_separator(header))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let columns = Columns::of(reader.headers().map_err(|error| malformed(&error))?)?;
    let mut listed = GroupsFile::default();
    let mut row = csv::StringRecord::new();
    while reader
        .read_record(&mut row)
        .map_err(|error| malformed(&error))?
    {
        // A spreadsheet saves a row like this when its cells were cleared.
        if row.iter().all(str::is_empty) {
            continue;
        }
        let line = row.position().map_or(0, csv::Position::line);
        let group = &row[columns.group];
        if group.is_empty() {
            return Err((
                line,
                "it names no group".to_owned(),
                "fill the column group",
            ));
        }
        let id = parse_user_id(&row[columns.id]).ok_or((
            line,
            "its id is not an ID of the portal".to_owned(),
            "write the number as the portal has it, in a column formatted as text",
        ))?;
        let role = columns.role.map(|role| &row[role]);
        if let Some(role) = role.filter(|role| !role.is_empty()) {
            push(&mut listed.roles, role, id.clone());
        }
        if let Some(group) = listed.groups.get_mut(group) {
            group.members.push(id);
        } else {
            let members = vec![id];
            let group_of_one = Group {
                members,
                ..Group::default()
            };
            listed.groups.insert(group.to_owned(), group_of_one);
        }
    }
    Ok(listed)
}

fn push(lists: &mut BTreeMap<String, Vec<String>>, name: &str, member: String) {
    match lists.get_mut(name) {
        Some(list) => list.push(member),
        None => _ = lists.insert(name.to_owned(), vec![member]),
    }
}

fn malformed(error: &csv::Error) -> Mistake {
    let line = error.position().map_or(1, csv::Position::line);
    let description = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("it has {len} fields, and the first line has {expected_len}")
        }
        _ => "it is not CSV".to_owned(),
    };
    (
        line,
        description,
        "correct that line, or save the table as CSV again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn csv(text: &str) -> Result<GroupsFile, String> {
        parse(Path::new("groups.csv"), text.as_bytes()).map_err(|problem| problem.to_string())
    }

    fn summary(listed: &GroupsFile) -> String {
        let groups = listed.groups.iter();
        let groups = groups.map(|(name, group)| format!("{name}={}", group.members.join("+")));
        let roles = listed.roles.iter();
        let roles = roles.map(|(role, people)| format!("{role}:{}", people.join("+")));
        groups.chain(roles).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_table_is_read_as_spreadsheets_write_it() {
        for table in [
            "group,id,role\ndispatch,1,Editor\ndispatch,2,\nmeters,1,\n",
            "\u{feff}组,编号,角色,姓名\r\ndispatch,1,Editor,陈涛\r\ndispatch, 2 ,,\r\n,,,\r\nmeters,1,,\r\n",
            "id;note;Group;role\n1;x;dispatch;Editor\n2;;dispatch;\n\n1;\"a;b\";meters;",
        ] {
            let listed = csv(table).unwrap_or_else(|error| panic!("{table}: {error}"));
            assert_eq!(
                summary(&listed),
                "dispatch=1+2 meters=1 Editor:1",
                "{table}"
            );
        }
    }

    #[test]
    fn a_toml_file_is_read_like_a_table() {
        let toml = "[groups.dispatch]\nmembers = [1, '2']\nroles = ['Editor']\n[groups.all]\nwhen = 'true'\n";
        let listed = parse(Path::new("g.TOML"), toml.as_bytes()).unwrap();
        assert_eq!(summary(&listed), "all= dispatch=1+2");
        assert!(listed.groups["all"].when.is_some());
    }

    #[test]
    fn a_mistake_is_reported_with_its_line_and_a_remedy() {
        for (table, expected) in [
            (
                "group,id\ndispatch,1\nmeters\n",
                "groups.csv: line 3: it has 1 fields",
            ),
            (
                "group,id\n,1\n",
                "groups.csv: line 2: it names no group; fill",
            ),
            (
                "group,id\na,陈涛\n",
                "groups.csv: line 2: its id is not an ID of the portal; write",
            ),
            ("group,id\na,1.2E+17\n", "groups.csv: line 2: its id is not"),
            (
                "group,user\na,1\n",
                "groups.csv: line 1: there is no column `user`; the columns",
            ),
            (
                "group\na\n",
                "groups.csv: line 1: the columns group and id are not both",
            ),
            (
                "id,group,编号\n",
                "groups.csv: line 1: `编号` is there twice",
            ),
            (" \n", "groups.csv: it is empty; write a group"),
        ] {
            let error = csv(table).unwrap_err();
            assert!(error.starts_with(expected), "{table}: {error}");
        }
        for (toml, expected) in [
            ("[groups.a]\nmembers = ['1'\n", "g.toml: line 3, column "),
            ("[groups.a]\nwhen = '('\n", "g.toml: line 2, column "),
            (
                "[groups.a]\nmember = []\n",
                "g.toml: line 2, column 1: unknown field `member`",
            ),
            ("x = 1\n", "g.toml: line 1, column 1: unknown field `x`"),
            ("[groups.a]\nmembers = ['陈']\n", "g.toml: line 2, column "),
        ] {
            let parsed = parse(Path::new("g.toml"), toml.as_bytes());
            let error = parsed.unwrap_err().to_string();
            assert!(error.starts_with(expected), "{toml}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_input_makes_the_parser_panic(bytes: Vec<u8>, text in "[a-c组,;\"\n\r\t1E+ ]{0,60}") {
            for path in ["g.csv", "g.toml"] {
                let _ = parse(Path::new(path), &bytes);
                let _ = parse(Path::new(path), format!("group,id\n{text}").as_bytes());
            }
        }
    }
}
