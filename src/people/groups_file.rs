//! The format of the groups file: CSV or TOML.

use std::path::Path;

use csv::StringRecord;

use super::groups::{DescribedMember, GroupsFile};
use super::user_id::parse_user_id;
use crate::csv_text::heading::{self, Heading};
use crate::csv_text::table::{Table, cell_at};
use crate::csv_text::{self, REMEDY};
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
type Mistake = (u64, String, String);

fn mistake(line: u64, what: impl Into<String>, remedy: &str) -> Mistake {
    (line, what.into(), remedy.to_owned())
}

/// The indexes of the columns.
struct Columns {
    group: usize,
    id: usize,
    role: Option<usize>,
    name: Option<usize>,
    phone: Option<usize>,
    count: usize,
}

impl Columns {
    fn of(header: &StringRecord, line: u64) -> Result<Self, Mistake> {
        let (mut group, mut id, mut role) = (None, None, None);
        let (mut person, mut phone) = (None, None);
        for (index, name) in header.iter().enumerate() {
            let column = match Heading::of(name) {
                Some(Heading::Group) => &mut group,
                Some(Heading::Id) => &mut id,
                Some(Heading::Role) => &mut role,
                // These columns are for human readers, who may have several of them.
                Some(Heading::Name) => {
                    person.get_or_insert(index);
                    continue;
                }
                Some(Heading::Phone) => {
                    phone.get_or_insert(index);
                    continue;
                }
                Some(Heading::EmployeeNumber | Heading::Note) => continue,
                _ if heading::text(name).is_empty() => continue,
                _ => {
                    return Err(mistake(
                        line,
                        format!("there is no column `{name}`"),
                        "the columns are group (组), id (编号), role (角色), name (姓名), note (备注)",
                    ));
                }
            };
            if column.replace(index).is_some() {
                return Err(mistake(
                    line,
                    format!("`{name}` is there twice, or means the same as another column"),
                    "take one of them out",
                ));
            }
        }
        let (Some(group), Some(id)) = (group, id) else {
            return Err(mistake(
                line,
                "the columns group and id are not both there",
                "write group,id (组,编号) into the first line",
            ));
        };
        Ok(Self {
            group,
            id,
            role,
            name: person,
            phone,
            count: header.len(),
        })
    }
}

fn parse_table(text: &str) -> Result<GroupsFile, Mistake> {
    let mut listed = GroupsFile::default();
    let Some(table) = Table::read(text) else {
        return Ok(listed);
    };
    let columns = Columns::of(&table.headings, table.line)?;
    for (line, row) in table.rows {
        if (columns.count..row.len()).any(|index| !cell_at(&row, index).is_empty()) {
            return Err(mistake(
                line,
                format!(
                    "it has {} cells, and the first line has {}",
                    row.len(),
                    columns.count
                ),
                "correct that line, or save the table as CSV again",
            ));
        }
        let group = cell_at(&row, columns.group);
        if group.is_empty() {
            return Err(mistake(
                line,
                "it names no group",
                "fill the column group in every row, also where cells were merged",
            ));
        }
        let id = cell_at(&row, columns.id);
        if id.is_empty() {
            return Err(mistake(
                line,
                "it names nobody",
                "fill the column id, or take the row out",
            ));
        }
        // The id is not repeated: a name may stand in its place, and this goes to the log.
        let subject = parse_user_id(id)
            .map_err(|error| mistake(line, format!("its id {}", error.why), error.remedy))?;
        let id = subject.to_string();
        let optional = |index: Option<usize>| {
            let text = cell_at(&row, index?);
            (!text.is_empty()).then_some(text)
        };
        let (name, phone) = (optional(columns.name), optional(columns.phone));
        if name.is_some() || phone.is_some() {
            listed.described.push(DescribedMember {
                line,
                subject,
                name: name.map(str::to_owned),
                phone: phone.map(str::to_owned),
            });
        }
        if let Some(role) = optional(columns.role) {
            listed
                .roles
                .entry(role.to_owned())
                .or_default()
                .push(id.clone());
        }
        let group = listed.groups.entry(group.to_owned()).or_default();
        group.members.push(id);
    }
    Ok(listed)
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
                "groups.csv: line 3: it names nobody; fill",
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

    #[test]
    fn a_mistake_is_one_line_whatever_the_file_holds() {
        for (path, text) in [
            ("g.csv", "group,id,a\u{1b}[31mb\n"),
            ("g.csv", "group,id,\"a\nb\"\n"),
            ("g.csv", "group,id,id\u{85}\n"),
            ("g.csv", "group,id,a\u{202e}b\n"),
            ("g.toml", "\"a\\u001b[31mb\" = 1\n"),
            ("g.toml", "[groups.a]\n\"b\\nc\" = 1\n"),
        ] {
            let error = parse(Path::new(path), text.as_bytes()).unwrap_err();
            let shown = error.to_string();
            let hidden = |c: char| c.is_control() || c == '\u{202e}';
            assert!(!shown.contains(hidden), "{shown:?}");
            assert!(shown.contains("line "), "{shown}");
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
