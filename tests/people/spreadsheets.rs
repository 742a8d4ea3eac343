//! Tables as people keep them: ids as a spreadsheet writes numbers, headings in many words, ragged rows,
//! and rows that contradict what is known of their person.

use serde_json::json;

use crate::support::program::Program;
use crate::tools::{CommandOutput, add_users, import, links, program, users, write_file};

const USERS: [(&str, &str, &str); 4] = [
    ("17", "陈涛", "13800138000"),
    ("101", "李雷", "13900139000"),
    ("102", "王芳", "13700137000"),
    ("103", "赵敏", "1822199904"),
];

async fn with_users() -> Program {
    let program = program();
    add_users(&program, &USERS).await;
    program
}

fn import_text(program: &Program, text: &str, options: &[&str]) -> CommandOutput {
    import(program, &write_file(program, "accounts.csv", text), options)
}

/// The ids of the linked accounts, in the order of `links list`.
fn linked_ids(program: &Program) -> Vec<String> {
    let listed = links(program, &["list", "--json"]).lines();
    let ids = listed.iter().map(|link| link["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

#[track_caller]
fn assert_nothing_imported(program: &Program, output: CommandOutput, about: &str) {
    let errors = output.expect_failure(1);
    assert!(errors.contains(about), "{about}: {errors}");
    assert!(errors.ends_with("nothing was imported\n"), "{errors}");
    assert_eq!(linked_ids(program), [""; 0]);
}

#[tokio::test]
async fn an_id_is_the_number_that_the_spreadsheet_meant() {
    for cell in [
        "17",
        "17.0",
        "17.00",
        "'17",
        "=\"17\"",
        "\"=\"\"17\"\"\"",
        "=17",
        "１７",
        " 17 ",
        "\u{a0}17",
        "17\u{3000}",
        "\u{200b}17",
        "17\u{feff}",
        "\u{202d}17\u{202c}",
        "\"\"\"17\"\"\"",
        "“17”",
    ] {
        let program = with_users().await;
        let output = import_text(&program, &format!("id,username\n{cell},chentao\n"), &[]);
        assert_eq!(output.stderr, "", "{cell}");
        output.expect_success();
        assert_eq!(linked_ids(&program), ["17"], "{cell}");
    }
}

#[tokio::test]
async fn an_id_that_a_spreadsheet_damaged_is_refused_with_line_and_remedy() {
    let program = with_users().await;
    for cell in [
        "1.01E+3",
        "1.01e+03",
        "1E+05",
        "\"1,01E+3\"",
        "\"1,010\"",
        "\"101,102\"",
        "1.010",
        "17.5",
        "1 010",
        "1'010",
        "#N/A",
        "#REF!",
        "NULL",
        "nan",
        "None",
        "Total",
        "合计",
        "17号",
        "=A1",
        "-",
    ] {
        let text = format!("id,username\n101,lilei\n{cell},chentao\n");
        assert_nothing_imported(&program, import_text(&program, &text, &[]), "line 3: ");
    }
    let output = import_text(&program, "id,username\n\"1,010\",x\n", &[]);
    assert_nothing_imported(&program, output, "1010");
}

#[tokio::test]
async fn ids_that_nobody_has_are_counted_and_listed() {
    let program = with_users().await;
    let text = "id,username\n17,chentao\n007,bond\n0101,lilei\n9999,x\n";
    let output = import_text(&program, text, &[]);
    assert!(output.stderr.contains("3 of the ids"), "{}", output.stderr);
    for id in ["007", "0101", "9999"] {
        assert!(output.stderr.contains(id), "{}", output.stderr);
    }
    let dry_run = import_text(&program, text, &["--dry-run"]);
    assert!(
        dry_run.stderr.contains("3 of the ids"),
        "{}",
        dry_run.stderr
    );
    let summary = import_text(&program, text, &["--json"]).lines();
    assert_eq!(summary[0]["unknown_ids"], json!(["007", "0101", "9999"]));
}

#[tokio::test]
async fn a_row_whose_id_and_phone_or_name_are_of_two_people_is_ambiguous() {
    let program = with_users().await;
    for row in [
        "101,13700137000,,wangfang",
        "101,,王芳,wangfang",
        "101,13700137000,王芳,wangfang",
        "101,13900139000,王芳,wangfang",
        "101,13700137000,李雷,lilei",
        "101,13600136000,,lilei",
        "101,,韩梅梅,hanmeimei",
        // An app's own number, of which the portal knows nobody.
        "5,13700137000,,wangfang",
        "5,,王芳,wangfang",
        // A number without an E.164 form.
        "101,1822199904,,zhaomin",
        "5,182-2199-904,,zhaomin",
    ] {
        let text = format!("id,phone,name,username\n17,,,chentao\n{row}\n");
        for options in [&[][..], &["--match", "phone,name"]] {
            let output = import_text(&program, &text, options);
            assert_nothing_imported(&program, output, "line 3: ");
        }
        let dry_run = import_text(&program, &text, &["--dry-run", "--json"]).lines();
        assert_eq!(dry_run[1]["by"], "ambiguous", "{row}");
        assert_eq!(dry_run[1]["id"], json!(null), "{row}");
    }
}

#[tokio::test]
async fn a_contradiction_is_imported_once_it_is_confirmed() {
    let program = with_users().await;
    let text = "id,phone,username\n17,13800138000,chentao\n101,13700137000,lilei\n";
    let errors = import_text(&program, text, &[]).expect_failure(1);
    assert!(errors.contains("101") && errors.contains("102"), "{errors}");
    assert!(errors.contains("--match id"), "{errors}");
    import_text(&program, text, &["--skip-unmatched"]).expect_success();
    assert_eq!(linked_ids(&program), ["17"]);
    import_text(&program, text, &["--match", "id"]).expect_success();
    assert_eq!(linked_ids(&program), ["17", "101"]);
}

#[tokio::test]
async fn a_row_that_agrees_with_its_id_is_imported() {
    let program = with_users().await;
    let text = "id,phone,name,username\n\
                17,+86 138-0013-8000, 陈 涛,chentao\n\
                101,无,李雷,lilei\n\
                103,182 2199 904,,zhaomin\n\
                102,,,wangfang\n\
                200,13500135000,韩梅梅,hanmeimei\n";
    import_text(&program, text, &[]).expect_success();
    assert_eq!(linked_ids(&program), ["17", "101", "102", "103", "200"]);
}

#[tokio::test]
async fn missing_last_cells_are_empty() {
    let program = with_users().await;
    let text =
        "id,username,email,部门\n17,chentao\n101,lilei,l@w.cn\n102\n,,,\n\n103,zhaomin,,,,,\n";
    import_text(&program, text, &[]).expect_success();
    assert_eq!(linked_ids(&program), ["17", "101", "103"]);
    let program = with_users().await;
    let output = import_text(&program, "username,id\nchentao,17\nlilei\n", &[]);
    assert_nothing_imported(&program, output, "line 3: the row does not say who");
}

#[tokio::test]
async fn headings_of_real_tables_are_understood() {
    for headings in [
        "编号,登录名,电子邮箱,手机号码",
        "用户ID,用户名,邮件,联系电话",
        "ID,Login,E-mail,Mobile",
        "id,account,mail,tel",
        "User_ID,User Name,E Mail,Mobile Phone",
        "*编号：,账户*,电子邮件（选填）,手机",
        "ＩＤ,ｌｏｇｉｎ,Ｅ－ｍａｉｌ,电话号码",
        "编号,登录账号,邮箱地址,\"手机\n号码\"",
        "编号,工号,邮箱,手机",
        "id:,LOGIN_NAME,email address,phone number",
        "人员账号清单,,,\n编号,登录名,邮箱,手机",
        "sep=,\n编号,登录名,邮箱,手机",
        "\u{feff}\u{200b}编号,登录名,邮箱,手机",
    ] {
        let program = with_users().await;
        let text = format!("{headings}\n17,chentao,c@w.cn,13800138000\n");
        import_text(&program, &text, &[]).expect_success();
        let expected =
            json!({"id": "17", "client": null, "username": "chentao", "email": "c@w.cn"});
        assert_eq!(
            links(&program, &["list", "--json"]).lines(),
            [expected],
            "{headings}"
        );
    }
}

#[tokio::test]
async fn an_import_says_which_columns_became_attributes() {
    let program = with_users().await;
    let output = import_text(&program, "id,部门,sites[]\n17,调度,东|西\n", &[]);
    assert!(output.stderr.contains("部门, sites[]"), "{}", output.stderr);
    assert!(
        output.stderr.contains("no column is a username"),
        "{}",
        output.stderr
    );
    output.expect_success();
    let output = import_text(&program, "id,工号,部门\n101,A17,调度\n", &["--json"]);
    assert!(output.stderr.contains("工号"), "{}", output.stderr);
    assert_eq!(output.lines()[0]["attributes"], json!(["部门"]));
    // Beside a username, a number of the personnel office is an attribute.
    let output = import_text(&program, "id,工号,账号\n102,A18,wangfang\n", &["--json"]);
    assert_eq!(output.lines()[0]["attributes"], json!(["工号"]));
}

#[tokio::test]
async fn what_a_formula_left_in_a_cell_is_no_account() {
    let program = with_users().await;
    for row in [
        "17,#N/A,",
        "17,#REF!,",
        "17,1.01E+17,",
        "17,1001.0,",
        "17,chen\u{200b}tao,",
        "17,,c\u{200b}@w.cn",
        "17,,#VALUE!",
    ] {
        let output = import_text(&program, &format!("id,username,email\n{row}\n"), &[]);
        assert_nothing_imported(&program, output, "line 2: ");
    }
    import_text(&program, "id,username\n17,=\"1001\"\n", &[]).expect_success();
    let listed = links(&program, &["list", "--json"]).lines();
    assert_eq!(listed[0]["username"], "1001");
}

#[tokio::test]
async fn commands_read_ids_as_tables_do() {
    let program = with_users().await;
    for written in ["17", " 17", "17.0", "１７", "'17"] {
        links(&program, &["set", written, "--username", "chentao"]).expect_success();
        assert_eq!(linked_ids(&program), ["17"], "{written}");
        let history = users(&program, &["history", written]).expect_success();
        assert!(history.starts_with("17  陈涛"), "{history}");
        links(&program, &["remove", written]).expect_success();
    }
    let errors = links(&program, &["set", "1.7E+1", "--username", "x"]).expect_failure(2);
    assert!(errors.contains("lost"), "{errors}");
    users(&program, &["forget", "17.0"]).expect_success();
}

#[tokio::test]
async fn listings_are_in_the_order_of_numbers() {
    let program = program();
    let people = ["100", "9", "10", "1", "a7"].map(|id| (id, "陈涛", ""));
    add_users(&program, &people).await;
    let order = ["1", "9", "10", "100", "a7"];
    let listed = users(&program, &["list", "--json"]).lines();
    let ids: Vec<_> = listed
        .iter()
        .map(|user| user["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, order);
    let table = users(&program, &["list"]).expect_success();
    let ids: Vec<_> = table
        .lines()
        .skip(1)
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(ids, order);
    for id in order {
        links(&program, &["set", id, "--username", &format!("u{id}")]).expect_success();
    }
    assert_eq!(linked_ids(&program), order);
}
