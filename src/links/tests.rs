//! Whole tables, from bytes to changes and back, and malformed input.

mod properties;

use std::sync::Arc;

use panda_oidc_sdk::{Identity, Subject};

use super::*;
use crate::links::{ApplyOutcome, LinkChange, LinkKey};
use crate::people::Attribute;
use crate::store::{Links as _, SqliteStore};

fn is_client(id: &str) -> bool {
    ["grafana", "wiki"].contains(&id)
}

fn read(text: &str) -> Result<Sheet, Vec<Mistake>> {
    Sheet::read(text.as_bytes(), None, &is_client)
}

fn mistakes(text: &str) -> Vec<String> {
    let mistakes = read(text).unwrap_err();
    mistakes.iter().map(ToString::to_string).collect()
}

fn person(id: &str, name: &str, phone: &str) -> Identity {
    Identity {
        subject: Subject::new(id).unwrap(),
        name: Some(name.to_owned()).filter(|name| !name.is_empty()),
        phone: Some(phone.to_owned()).filter(|phone| !phone.is_empty()),
    }
}

/// Two people share a name, two share a number, and one has a unique name and number.
fn people() -> Vec<Identity> {
    vec![
        person("1", "陈涛", "13800138000"),
        person("2", "李雷", "13900139000"),
        person("3", "李雷", "13700137000"),
        person("4", "王芳", "0571-88881234"),
        person("5", "赵敏", "0571 8888 1234"),
        person("6", "新耀分公司", ""),
    ]
}

fn found(row: &str) -> RowMatch {
    let sheet = read(&format!("id,phone,name,username\n{row},x\n")).unwrap();
    match_rows(&sheet.rows, &people()).remove(0)
}

#[test]
fn a_table_is_read() {
    let sheet = read(
        "编号;电话;姓名;应用;账号;邮箱;email_verified;dept;sites[]\r\n\
         \r\n\
         17;13800138000;陈涛;grafana;chentao;c@w.cn;是;\"调度;中心\";东|西\r\n\
         ;;;;;;;;\r\n\
         18;;;*;'=cmd;;;;\r\n",
    )
    .unwrap();
    assert_eq!(sheet.attributes, ["dept", "sites[]"]);
    let [first, second] = &sheet.rows[..] else {
        panic!("{sheet:?}");
    };
    assert_eq!((first.line, second.line), (3, 5));
    assert_eq!(first.client.as_deref(), Some("grafana"));
    assert_eq!(first.edit.username.as_deref(), Some("chentao"));
    assert_eq!(first.edit.email.as_deref(), Some("c@w.cn"));
    assert_eq!(first.edit.email_verified, Some(true));
    let dept = Attribute::One("调度;中心".to_owned());
    assert_eq!(first.edit.attributes["dept"], dept);
    let sites = Attribute::Many(vec!["东".to_owned(), "西".to_owned()]);
    assert_eq!(first.edit.attributes["sites"], sites);
    assert_eq!(second.client, None);
    assert_eq!(second.edit.username.as_deref(), Some("=cmd"));
    assert_eq!(second.edit.email, None, "an empty cell says nothing");
}

#[test]
fn a_row_without_a_client_uses_the_default_client() {
    let text = "id,client,username\n1,,a\n2,wiki,b\n3,*,c\n";
    let sheet = Sheet::read(text.as_bytes(), Some("grafana"), &is_client).unwrap();
    let clients: Vec<_> = sheet.rows.iter().map(|row| row.client.as_deref()).collect();
    assert_eq!(clients, [Some("grafana"), Some("wiki"), None]);
}

#[test]
fn every_mistake_names_its_line() {
    let messages = mistakes(
        "id,client,email,email_verified,username\n\
         1,,c,,\n\n\
         2,nowhere,,,x\n\
         3,,,maybe,x\n\
         4,,,true,x\n\
         5,,,\n\
         \"6\n\",,,,x\n\
         ,,,,x\n\
         7,,,,x,more\n\
         陈,,,,x\n",
    );
    // Line 7 lacks its last cells, which are empty, and so it sets nothing.
    let lines = [2, 4, 5, 6, 8, 10, 11, 12];
    assert_eq!(messages.len(), lines.len(), "{messages:#?}");
    for (message, line) in messages.iter().zip(lines) {
        assert!(message.starts_with(&format!("line {line}: ")), "{message}");
        assert!(message.contains("; "), "no remedy: {message}");
    }
}

#[test]
fn an_id_damaged_by_a_spreadsheet_is_refused() {
    let messages = mistakes("id,username\n1.23E+17,a\n");
    assert!(
        messages[0].contains("is not an ID of the portal"),
        "{messages:?}"
    );
}

#[test]
fn a_mistake_in_a_cell_names_the_column() {
    for row in [
        "#N/A,陈涛,a,",
        "1,陈\u{7}涛,a,",
        "1,,1.5E+3,",
        "1,,a,c",
        "1.5,,a,",
    ] {
        let messages = mistakes(&format!("编号,姓名,用户 名*,邮箱\n{row}\n"));
        let columns = ["编号", "姓名", "用户 名", "邮箱"];
        let is_named = columns
            .iter()
            .any(|it| messages[0].contains(&format!("(column {it}); ")));
        assert!(is_named, "{messages:?}");
    }
}

#[test]
fn a_heading_with_control_characters_is_named_without_them() {
    let messages = mistakes("id,c\u{b}lient,username\n1,nowhere,ct\n");
    let named = messages[0].contains(r"(column c\u{b}lient)");
    assert!(named && !messages[0].contains('\u{b}'), "{messages:?}");
}

#[test]
fn an_unclosed_quotation_mark_is_reported() {
    let messages = mistakes("id,username\n1,\"a\n2,b\n3,c\n");
    assert!(messages[0].starts_with("line 2: "), "{messages:?}");
}

#[test]
fn rows_and_cells_are_limited() {
    let mut long = "id,username\n".to_owned();
    long.extend(std::iter::repeat_n("1,a\n", MAX_ROWS));
    assert_eq!(read(&long).unwrap().rows.len(), MAX_ROWS);
    long.push_str("2,b\n");
    assert_eq!(mistakes(&long).len(), 1);
    let wide = "x".repeat(MAX_CELL + 1);
    assert_eq!(mistakes(&format!("id,username\n1,{wide}\n")).len(), 1);
    assert_eq!(mistakes("").len(), 1);
    assert_eq!(mistakes("\n\n").len(), 1);
}

#[test]
fn a_row_is_matched_by_id_then_phone_then_name() {
    let subject = Subject::new("99").unwrap();
    assert_eq!(
        found("99,13600136000,韩梅梅"),
        RowMatch::ById(subject, None)
    );
    let one = &people()[0];
    let by_id = RowMatch::ById(one.subject.clone(), Some(one.clone()));
    for row in [
        "1,,",
        "1,+86 138-0013-8000,陈 涛",
        "1,无,",
        "1,,陈\u{200b}涛",
    ] {
        assert_eq!(found(row), by_id, "{row}");
    }
    assert_eq!(found(",+86 138 0013 8000,"), RowMatch::ByPhone(one.clone()));
    assert_eq!(found(",,陈 涛"), RowMatch::ByName(one.clone()));
    assert_eq!(found(",13912345678,陈滔"), RowMatch::Unmatched);
    assert_eq!(found(",1822199904,"), RowMatch::Unmatched);
}

#[test]
fn an_ambiguous_match_is_never_guessed() {
    let ids = |row| match found(row) {
        RowMatch::Ambiguous(people) => {
            let ids = people.iter().map(|person| person.subject.as_str());
            ids.collect::<String>()
        }
        other => panic!("{row}: {other:?}"),
    };
    assert_eq!(ids(",,李雷"), "23");
    assert_eq!(ids(",057188881234,"), "45");
    // No known person has the number, and two have the name.
    assert_eq!(ids(",13600136000,李雷"), "23");
    // The number belongs to another person by now, or was mistyped.
    assert_eq!(ids(",13800138000,李雷"), "1");
    assert_eq!(ids(",13600136000,陈涛"), "1");
    assert_eq!(ids(",138 0013 800,陈涛"), "1");
    // Numbers without an E.164 form are compared digit by digit.
    let landline = [person("9", "孙悦", "1822199904")];
    let row = |text: &str| {
        read(&format!("id,phone,name,username\n{text},x\n"))
            .unwrap()
            .rows
    };
    let same = &match_rows(&row(",182 2199 904,孙悦"), &landline)[0];
    assert_eq!(same, &RowMatch::ByName(landline[0].clone()));
    assert_eq!(&match_rows(&row(",无,孙悦"), &landline)[0], same);
    for other in [",1822199905,孙悦", ",13911112222,孙悦"] {
        let found = &match_rows(&row(other), &landline)[0];
        assert!(
            matches!(found, RowMatch::Ambiguous(_)),
            "{other}: {found:?}"
        );
    }
    // Number and name together identify one person.
    assert_eq!(
        found(",057188881234,赵敏"),
        RowMatch::ByPhone(people()[4].clone())
    );
    assert_eq!(
        found(",13700137000,李雷"),
        RowMatch::ByPhone(people()[2].clone())
    );
}

#[test]
fn an_id_that_phone_or_name_contradicts_is_disputed() {
    let others = |row| match found(row) {
        RowMatch::Disputed(Disputed { known, others, .. }) => {
            let ids = others.iter().map(|person| person.subject.as_str());
            (known.is_some(), ids.collect::<String>())
        }
        other => panic!("{row}: {other:?}"),
    };
    let expected = |known, ids: &str| (known, ids.to_owned());
    assert_eq!(others("1,13900139000,"), expected(true, "2"));
    assert_eq!(others("1,13800138000,李雷"), expected(true, "23"));
    assert_eq!(others("1,13600136000,陈涛"), expected(true, ""));
    assert_eq!(others("1,,韩梅梅"), expected(true, ""));
    // Nobody is known by the id, and somebody by the rest.
    assert_eq!(others("99,13800138000,陈涛"), expected(false, "1"));
    // The portal has no number of theirs, and the row has somebody else's.
    assert_eq!(others("6,13800138000,"), expected(true, "1"));
    let shared = RowMatch::ById(people()[4].subject.clone(), Some(people()[4].clone()));
    assert_eq!(found("5,057188881234,"), shared, "the number is theirs too");
}

#[test]
fn trust_decides_which_matches_are_accepted() {
    let sheet = read(
        "id,phone,name,username\n1,,,a\n,13900139000,,b\n,,新耀分公司,c\n,,李雷,d\n,,nobody,e\n",
    )
    .unwrap();
    let found = match_rows(&sheet.rows, &people());
    let planned = |phone, name, skip| {
        let trust = Trust {
            id: false,
            phone,
            name,
            unaccepted: if skip {
                Unaccepted::LeftOut
            } else {
                Unaccepted::Refused
            },
        };
        plan(sheet.rows.clone(), &found, trust)
    };
    let lines = |trust: (bool, bool, bool)| match planned(trust.0, trust.1, trust.2) {
        Ok(plan) => (plan.lines, plan.skipped),
        Err(mistakes) => (mistakes.iter().filter_map(|m| m.line).collect(), vec![]),
    };
    assert_eq!(lines((false, false, false)).0, [3, 4, 5, 6]);
    assert_eq!(lines((true, false, false)).0, [4, 5, 6]);
    assert_eq!(lines((true, true, false)).0, [5, 6]);
    assert_eq!(lines((true, true, true)), (vec![2, 3, 4], vec![5, 6]));
    assert_eq!(lines((false, false, true)), (vec![2], vec![3, 4, 5, 6]));
}

#[test]
fn a_repeated_row_is_planned_once_and_a_contradiction_is_refused() {
    let planned = |text: &str| {
        let sheet = read(text).unwrap();
        let found = match_rows(&sheet.rows, &[]);
        plan(sheet.rows, &found, Trust::default())
    };
    let twice = planned("id,username\n1,a\n2,b\n1,a\n").unwrap();
    assert_eq!(twice.lines, [2, 3]);
    let against = planned("id,username\n1,a\n2,b\n1,c\n").unwrap_err();
    assert_eq!(against[0].line, Some(4));
    assert!(against[0].what.contains("line 2"));
}

/// Exports every link of `store` and reads the file back.
async fn round_trip(store: &SqliteStore) -> Arc<[LinkChange]> {
    let links = store.links_after(None, u32::MAX).await.unwrap();
    let mut headings = Headings::default();
    for (_, link) in &links {
        headings.add(link);
    }
    let mut file = Vec::new();
    let mut export = Export::begin(&mut file, headings).unwrap();
    for (link_key, link) in &links {
        assert!(export.row(link_key, link).unwrap());
    }
    export.end().unwrap();
    if links.is_empty() {
        return [].into();
    }
    let is_client = |id: &str| id == "grafana" || id == "wiki";
    let Ok(sheet) = Sheet::read(&file, None, &is_client) else {
        panic!("{}", String::from_utf8_lossy(&file));
    };
    let found = match_rows(&sheet.rows, &[]);
    plan(sheet.rows, &found, Trust::default()).unwrap().changes
}

#[tokio::test]
async fn an_export_is_safe_in_a_spreadsheet_and_is_read_back() {
    let store = SqliteStore::temporary().unwrap();
    let requested = EditInput {
        username: Some("=HYPERLINK(\"http://e\",\"x\")".to_owned()),
        email: Some("c@w.cn".to_owned()),
        email_verified: Some(true),
        attributes: ["dept=<script>,;\"", "sites[]=-东\\|x|西", "none[]=|"]
            .map(str::to_owned)
            .into(),
    };
    let link_key = |id: &str, client: Option<&str>| LinkKey {
        subject: Subject::new(id).unwrap(),
        client: client.map(str::to_owned),
    };
    let changes = [("-1", None), ("2", Some("wiki"))].map(|(id, client)| LinkChange {
        link_key: link_key(id, client),
        edit: parse_edit(&EditInput {
            username: requested
                .username
                .as_ref()
                .map(|name| format!("{name}{id}")),
            email: requested.email.as_ref().map(|email| format!("{id}{email}")),
            ..requested.clone()
        })
        .unwrap(),
    });
    let now = chrono::DateTime::UNIX_EPOCH;
    store.apply(changes.clone().into(), now).await.unwrap();
    assert_eq!(*round_trip(&store).await, changes);
}

#[tokio::test]
async fn what_an_import_takes_an_export_gives_back() {
    let longest = "x".repeat(MAX_CELL - 1);
    let columns: Vec<_> = (1..MAX_COLUMNS).map(|n| format!("a{n}")).collect();
    for table in [
        // The quote that keeps a spreadsheet from calculating does not make a cell too long.
        format!("id,username,dept\n1,a,={longest}\n"),
        format!("id,sites[]\n1,-{longest}\n"),
        // A text that looks like the error of a formula.
        "id,dept\n1,'#REF!\n".to_owned(),
        "id,sites[]\n1,|#VALUE!\n".to_owned(),
        "id,dept\n1,''#n/a\n".to_owned(),
        // Characters that nobody sees at the edge of a list.
        "id,sites[]\n1,|\u{200b}\n".to_owned(),
        "id,sites[]\n1,|\u{200b}east|west\u{feff}|\n".to_owned(),
        // The columns of an export come on top of those of the table.
        format!("id,{0}\n1,{0}\n", columns.join(",")),
    ] {
        let sheet = read(&table).unwrap();
        let found = match_rows(&sheet.rows, &[]);
        let changes = plan(sheet.rows, &found, Trust::default()).unwrap().changes;
        let store = SqliteStore::temporary().unwrap();
        let now = chrono::DateTime::UNIX_EPOCH;
        store.apply(changes.clone(), now).await.unwrap();
        let links = store.links_after(None, u32::MAX).await.unwrap();
        let again = SqliteStore::temporary().unwrap();
        again.apply(round_trip(&store).await, now).await.unwrap();
        let read_back = again.links_after(None, u32::MAX).await.unwrap();
        assert_eq!(read_back, links, "{table}");
    }
}

#[test]
fn the_error_of_a_formula_is_refused_also_where_a_program_marked_it_as_text() {
    for cell in ["#N/A", "#n/a", " #REF! ", "\"=\"\"#N/A\"\"\""] {
        let mistakes = mistakes(&format!("id,dept\n1,{cell}\n"));
        assert!(
            mistakes[0].contains("is the error of a formula"),
            "{mistakes:?}"
        );
    }
}
