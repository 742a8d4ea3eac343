//! `panda-oidc links`: import, export and editing of accounts.

use panda_oidc_panda::simulator::{Simulator, SimulatorSettings};
use serde_json::json;

use crate::support::CHEN_TAO;
use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::tools::{add_users, import, links, program, write_file};

const USERS: [(&str, &str, &str); 5] = [
    ("1", "陈涛", "13800138000"),
    ("2", "黑龙江", ""),
    ("3", "新耀分公司", ""),
    ("4", "李雷", "13900139000"),
    ("5", "李雷", "13700137000"),
];

const TABLE: &str = "编号,账号,邮箱,email_verified,部门,sites[]\r\n\
                     1,chentao,c@w.cn,是,调度中心,东|西\r\n\
                     2,hlj,,,,\r\n";

/// The output of `links list` after the import of [`TABLE`].
const LISTED: &str = "\
ID  CLIENT  USERNAME  EMAIL   VERIFIED  ATTRIBUTES
1   *       chentao   c@w.cn  yes       sites=[东, 西] 部门=调度中心
2   *       hlj       -       -         -
";

fn assert_no_accounts(program: &Program) {
    assert_eq!(links(program, &["list", "--json"]).expect_success(), "");
}

#[test]
fn tables_in_every_spreadsheet_format_are_imported() {
    let gb = |text: &str| encoding_rs::GB18030.encode(text).0.into_owned();
    let utf16 = |text: &str| {
        let units = text.encode_utf16();
        units.flat_map(u16::to_le_bytes).collect::<Vec<_>>()
    };
    let with_bom = |text: &str| format!("\u{feff}{text}");
    for bytes in [
        TABLE.as_bytes().to_vec(),
        with_bom(TABLE).into_bytes(),
        gb(TABLE),
        gb(&with_bom(TABLE)),
        utf16(&with_bom(&TABLE.replace(',', "\t"))),
        with_bom(&TABLE.replace(',', ";")).into_bytes(),
    ] {
        let program = program();
        let table = write_file(&program, "accounts.csv", bytes);
        let output = import(&program, &table, &[]).expect_success();
        assert_eq!(output, "2 added, 0 changed, 0 as they were, 0 left out\n");
        assert_eq!(links(&program, &["list"]).expect_success(), LISTED);
        let again = import(&program, &table, &[]).expect_success();
        assert_eq!(again, "0 added, 0 changed, 2 as they were, 0 left out\n");
    }
}

#[tokio::test]
async fn a_dry_run_shows_the_match_of_each_row_and_changes_nothing() {
    let program = program();
    add_users(&program, &USERS).await;
    let table = write_file(
        &program,
        "accounts.csv",
        "id,phone,name,username\n\
         2,,,hlj\n\
         ,+86 138-0013-8000,陈 涛,chentao\n\
         ,,新耀分公司,xinyao\n\
         ,,李雷,lilei\n\
         ,13600136000,韩梅梅,hanmeimei\n\
         99,,,guest\n",
    );
    let output = import(&program, &table, &["--dry-run"]);
    assert_eq!(output.code, Some(1));
    assert_eq!(
        output.stdout,
        "\
LINE  CLIENT  ACCOUNT    BY         PERSON
2     *       hlj        id         2 黑龙江
3     *       chentao    phone      1 陈涛 13800138000
4     *       xinyao     name       3 新耀分公司
5     *       lilei      ambiguous  4 李雷 13900139000 / 5 李雷 13700137000
6     *       hanmeimei  nobody     -
7     *       guest      id         99 (never heard of)
"
    );
    for (line, about) in [(3, "phone"), (4, "name"), (5, "any of 4, 5"), (6, "nobody")] {
        let complaint = output
            .stderr
            .lines()
            .find(|complaint| complaint.contains(&format!("line {line}: ")));
        assert!(
            complaint.is_some_and(|complaint| complaint.contains(about)),
            "{}",
            output.stderr
        );
    }
    let options = ["--dry-run", "--match", "phone,name", "--skip-unmatched"];
    let output = import(&program, &table, &options).expect_success();
    let summary = "Would be: 4 added, 0 changed, 0 as they were, 2 left out\n";
    assert!(output.ends_with(summary), "{output}");
    assert_no_accounts(&program);
}

#[tokio::test]
async fn a_match_by_phone_or_name_must_be_requested() {
    let program = program();
    add_users(&program, &USERS).await;
    let table = write_file(
        &program,
        "accounts.csv",
        "phone,name,username\n13800138000,,chentao\n,黑龙江,hlj\n,李雷,lilei\n",
    );
    for options in [
        &[][..],
        &["--match", "phone"],
        &["--match", "phone,name"],
        &["--match", "phone", "--match", "name"],
    ] {
        let errors = import(&program, &table, options).expect_failure(1);
        assert!(
            errors.ends_with("error: nothing was imported\n"),
            "{errors}"
        );
        assert_no_accounts(&program);
    }
    let options = ["--match", "phone", "--skip-unmatched", "--json"];
    let output = import(&program, &table, &options).lines();
    assert_eq!(output.last().unwrap()["left_out"], json!([3, 4]));
    let listed = links(&program, &["list", "--json"]).lines();
    assert_eq!(
        listed,
        [json!({"id": "1", "client": null, "username": "chentao"})]
    );
}

#[test]
fn a_table_with_a_mistake_is_not_imported_at_all() {
    let program = program();
    for (text, expected) in [
        (
            "username,id\na,1\nb\n",
            "line 3: the row does not say who it is about; ",
        ),
        (
            "id,email\n1,c@w.cn\n2,c\n",
            "line 3: \"c\" is not an address",
        ),
        (
            "id,client,username\n1,app,a\n2,nowhere,b\n",
            "line 3: no client is registered as \"nowhere\" (column client); ",
        ),
        (
            "id,username\n1,a\n2,b\n1,c\n",
            "line 4: line 2 says otherwise of the same person",
        ),
        (
            "id,username\n1,a\n2,A\n",
            "line 3: the username \"A\" is that of 1 in all clients; ",
        ),
        (
            "username\na\n",
            "line 1: no column says who a row is about; ",
        ),
        ("", "the file is empty; "),
    ] {
        let table = write_file(&program, "accounts.csv", text);
        let complaints = import(&program, &table, &[]).expect_failure(1);
        assert!(complaints.contains(expected), "{complaints}");
        assert!(complaints.contains("nothing was imported"), "{complaints}");
        let dry_run = import(&program, &table, &["--dry-run"]).expect_failure(1);
        assert!(dry_run.contains(expected), "{dry_run}");
        assert_no_accounts(&program);
    }
    let output = import(
        &program,
        &write_file(&program, "x.csv", "id,email\n2,c\n"),
        &["--json"],
    );
    assert_eq!(output.code, Some(1));
    let lines = output.lines();
    assert_eq!((&lines[0]["line"], lines.len()), (&json!(2), 1));
}

#[test]
fn rows_that_do_less_than_they_seem_to_are_named() {
    let program = program();
    let table = |text: &str| write_file(&program, "accounts.csv", text);
    let notes = |text: &str, options: &[&str]| {
        let output = import(&program, &table(text), options);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        output.stderr
    };
    let empty = notes("id,username\n1,a\n2,\n3,\n", &[]);
    assert!(
        empty.contains("no account, and change nothing: lines 3, 4"),
        "{empty}"
    );
    let merged = "id,client,username\n1,app,a\n2,,b\n3,*,c\n";
    let for_all = notes(merged, &["--dry-run"]);
    let about = "for all clients, because the column client is empty: line 3;";
    assert!(for_all.contains(about), "{for_all}");
    let named = notes(merged, &["--dry-run", "--client", "app"]);
    assert!(!named.contains("all clients"), "{named}");
    let unknown = "id,name,username\n1,,a\n,nobody,b\n";
    let left_out = notes(unknown, &["--skip-unmatched"]);
    assert!(left_out.contains("left out: line 3\n"), "{left_out}");
}

#[test]
fn a_username_of_another_user_is_refused() {
    let program = program();
    let table = |text: &str| write_file(&program, "accounts.csv", text);
    import(
        &program,
        &table("id,username\n1,ChenTao\n"),
        &["--client", "app"],
    )
    .expect_success();
    let conflicting = table("id,username\n3,x\n2,chentao\n");
    for options in [
        &[][..],
        &["--client", "app"],
        &["--client", "app", "--dry-run"],
    ] {
        let errors = import(&program, &conflicting, options).expect_failure(1);
        assert!(errors.contains("line 3: the username \"chentao\" is that of 1 in app; "));
    }
    import(&program, &conflicting, &["--client", "wiki"]).expect_success();
    let set = ["set", "2", "--client", "app", "--username", "CHENTAO"];
    let errors = links(&program, &set).expect_failure(1);
    assert!(errors.contains("is that of 1 in app"), "{errors}");
}

#[test]
fn an_export_can_be_imported_again() {
    let (first, second) = (program(), program());
    import(&first, &write_file(&first, "accounts.csv", TABLE), &[]).expect_success();
    for set in [
        &[
            "set",
            "3",
            "--client",
            "app",
            "--username",
            "=cmd|' /C calc'!A0",
        ][..],
        &["set", "3", "--username", "+86", "--attribute", "none[]=|"],
        &[
            "set",
            "4",
            "--email",
            "a@w.cn",
            "--attribute",
            "部门=@\"水,务\";",
        ],
    ] {
        links(&first, set).expect_success();
    }
    let listed = links(&first, &["list", "--json"]).expect_success();
    assert_eq!(listed.lines().count(), 5);
    let exported = links(&first, &["export"]).expect_success();
    assert!(exported.starts_with("\u{feff}id,client,username,email,email_verified,"));
    for cell in exported.split([',', '\n', '"']) {
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{exported}");
    }
    let table = write_file(&second, "exported.csv", &exported);
    import(&second, &table, &[]).expect_success();
    assert_eq!(links(&second, &["list", "--json"]).expect_success(), listed);

    let path = first.folder().join("again.csv");
    let to_file = ["export", "--output", path.to_str().unwrap()];
    links(&first, &to_file).expect_success();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), exported);
    let errors = links(&first, &to_file).expect_failure(1);
    assert!(errors.contains("again.csv cannot be made"), "{errors}");
}

#[test]
fn one_account_is_set_and_removed_by_hand() {
    let program = program();
    links(
        &program,
        &["set", "1", "--username", "ct", "--email", "c@w.cn"],
    )
    .expect_success();
    links(&program, &["set", "1", "--email-verified", "true"]).expect_success();
    links(
        &program,
        &["set", "1", "--client", "app", "--username", "chentao"],
    )
    .expect_success();
    let listed = |options: &[&str]| {
        let mut arguments = vec!["list", "--json"];
        arguments.extend(options);
        links(&program, &arguments).lines()
    };
    let all = json!({"id": "1", "client": null, "username": "ct", "email": "c@w.cn", "email_verified": true});
    let app = json!({"id": "1", "client": "app", "username": "chentao"});
    assert_eq!(listed(&[]), [all.clone(), app.clone()]);
    assert_eq!(listed(&["--client", "app"]), [app]);
    assert_eq!(listed(&["--client", "*"]), std::slice::from_ref(&all));
    links(&program, &["remove", "1", "--client", "app"]).expect_success();
    let errors = links(&program, &["remove", "1", "--client", "app"]).expect_failure(1);
    assert!(errors.contains("1 has no account in \"app\""), "{errors}");
    assert_eq!(listed(&[]), [all]);
    links(&program, &["set", "1", "--username", "", "--email", ""]).expect_success();
    assert_no_accounts(&program);
}

#[tokio::test]
async fn an_account_of_a_person_nobody_has_heard_of_is_set_and_said_to_be_one() {
    let program = program();
    add_users(&program, &USERS).await;
    let set = |id: &str| links(&program, &["set", id, "--username", &format!("user{id}")]);
    let known = set("2");
    assert_eq!((known.code, known.stderr.as_str()), (Some(0), ""));
    let unknown = set("71");
    assert_eq!(unknown.code, Some(0), "{}", unknown.stderr);
    let note = "note: nobody has heard of 71; compare it with users list\n";
    assert_eq!(unknown.stderr, note);
}

#[test]
fn an_invalid_command_exits_with_2() {
    let program = program();
    let table = write_file(&program, "accounts.csv", TABLE);
    let table = table.to_str().unwrap();
    for arguments in [
        &["set", "1"][..],
        &["set", "1", "--client", "nowhere", "--username", "x"],
        &["set", "1", "--email", "x"],
        &["set", "1", "--attribute", "x"],
        &["set", "陈", "--username", "x"],
        &["import"],
        &["import", table, "--client", "nowhere"],
        &["import", table, "--match", "email"],
        &["list", "--what"],
        &["list", "--client", "nowhere"],
    ] {
        links(&program, arguments).expect_failure(2);
    }
    let errors = links(&program, &["import", "/nowhere/accounts.csv"]).expect_failure(1);
    assert!(
        errors.contains("/nowhere/accounts.csv cannot be read"),
        "{errors}"
    );
    assert_no_accounts(&program);
}

/// An import can match a user who has only signed in, and it works while the provider runs.
#[tokio::test]
async fn accounts_can_be_imported_while_the_provider_runs() {
    let portal = Simulator::start(SimulatorSettings::default())
        .await
        .unwrap();
    let program = Program::start(portal.url().as_str(), "").await;
    let ticket = portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    let launch = program.at(&format!("/launch/app?ticket={ticket}"));
    assert_eq!(browser.get(launch).await.status, 303);
    let table = write_file(&program, "accounts.csv", "姓名,账号\n陈涛,chentao\n");
    import(&program, &table, &["--client", "app", "--match", "name"]).expect_success();
    let listed = links(&program, &["list", "--json"]).lines();
    assert_eq!(
        listed,
        [json!({"id": "1", "client": "app", "username": "chentao"})]
    );
    let log = program.log();
    assert!(!log.contains("chentao"), "an account is in the log");
}
