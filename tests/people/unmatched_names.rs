//! Names in the configuration that match nothing: `check` finds them, and `serve` warns of them at the
//! start and whenever the groups file changes.

use std::fs;
use std::time::{Duration, Instant};

use panda_oidc_panda::simulator::{Simulator, SimulatorSettings};

use crate::support::browser::Browser;
use crate::support::program::Program;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{add_users, check, import, links, write_file};

/// A program whose client has `more` in its section, with the groups file `groups`.
fn program(portal: &str, more: &str, groups: &str) -> Program {
    let program = Program::prepare(portal, "", more);
    let file = write_file(&program, "groups.csv", groups);
    let toml = fs::read_to_string(program.config_file()).unwrap();
    let toml = format!("groups_file = '{}'\n{toml}", file.display());
    fs::write(program.config_file(), toml).unwrap();
    program
}

fn offline(more: &str, groups: &str) -> Program {
    program("http://127.0.0.1:9", more, groups)
}

const CONTRACTORS: &str = "group,id\nContractors,2\nstaff,1\n";

#[test]
fn check_fails_if_deny_names_a_group_that_exists_nowhere() {
    for (deny, expected) in [
        (
            "{ groups = ['contractors'] }",
            "`contractors`; did you mean `Contractors`?",
        ),
        ("{ groups = ['Contractor'] }", "did you mean `Contractors`?"),
        ("{ groups = ['外包'] }", "`外包`"),
        (
            "{ when = '\"contractors\" in groups' }",
            "did you mean `Contractors`?",
        ),
    ] {
        let program = offline(&format!("deny = {deny}\n"), CONTRACTORS);
        let errors = check(&program).expect_failure(1);
        assert!(errors.contains("client app: deny"), "{errors}");
        assert!(errors.contains("NOBODY IS DENIED BY IT"), "{errors}");
        let expected = expected.split("; ").collect::<Vec<_>>();
        assert!(
            expected.iter().all(|part| errors.contains(part)),
            "{errors}"
        );
    }
    let program = offline("deny = { groups = ['Contractors'] }\n", CONTRACTORS);
    assert_eq!(check(&program).expect_failure(0), "");
}

#[test]
fn a_group_that_is_declared_or_that_a_link_names_exists() {
    let declared =
        "deny = { groups = ['contractors', '外包'] }\n[groups.contractors]\n[groups.'外包']\n";
    check(&offline(declared, "group,id\nstaff,1\n")).expect_success();
    let program = offline(
        "deny = { groups = ['contractors'] }\n",
        "group,id\nstaff,1\n",
    );
    check(&program).expect_failure(1);
    let set = ["set", "2", "--attribute", "groups[]=contractors|night"];
    links(&program, &set).expect_success();
    check(&program).expect_success();
}

#[tokio::test]
async fn check_warns_of_other_names_that_match_nothing() {
    let more = "allow = { groups = ['Staff'], ids = ['1', '999'] }\n\
                claims = { role = '{{ \"Admin\" if \"ops\" in groups else \"Viewer\" }}', \
                           dept = '{{ link.attributes.dpet }}' }\n\
                [groups.boss]\nwhen = '\"Editor\" in roles'\n\
                [groups.contractors]\n";
    let program = offline(more, "group,id\nContractors,1\nstaff,1\nstaff,777\n");
    add_users(&program, &[("1", "陈涛", "")]).await;
    let table = write_file(
        &program,
        "accounts.csv",
        "id,client,username,dept\n1,app,chentao,x\n",
    );
    import(&program, &table, &[]).expect_success();
    let output = check(&program);
    for expected in [
        "client app: allow: no group is called `Staff`",
        "did you mean `staff`?",
        "client app: claims.role: no group is called `ops`",
        "client app: claims.dept: no attribute of linked accounts is called `dpet`",
        "did you mean `dept`?",
        "group boss: no role is called `Editor`",
        "client app: allow: nobody has heard of 1 of the ids: 999",
        "groups: nobody has heard of 1 of the ids: 777",
        "the groups `Contractors` and `contractors` differ in spelling alone",
    ] {
        let line = output.stderr.lines().find(|line| line.contains(expected));
        let warned = line.is_some_and(|line| line.starts_with("warning: "));
        assert!(warned, "{expected}: {}", output.stderr);
    }
    output.expect_success();
}

/// The name beside an id is for human readers, and shows which of the two is wrong.
#[tokio::test]
async fn check_warns_of_a_row_of_the_groups_file_whose_id_is_another_persons() {
    let groups =
        "组,编号,姓名,手机\nstaff,1,陈涛,\nstaff,2,王芳,\nstaff,1,,13900139000\nstaff,3,,\n";
    let program = offline("allow = { groups = ['staff'] }\n", groups);
    let people = [
        ("1", "陈涛", "13800138000"),
        ("2", "李雷", "13900139000"),
        ("3", "王芳", ""),
    ];
    add_users(&program, &people).await;
    let output = check(&program);
    let lines: Vec<_> = output.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for (line, expected) in lines.iter().zip([
        "line 3: its id is 2, and its phone or name is that of 3",
        "line 4: its id is 1, and its phone or name is that of 2",
    ]) {
        assert!(
            line.starts_with("warning: ") && line.contains("groups.csv") && line.contains(expected),
            "{line}"
        );
    }
    output.expect_success();
}

#[test]
fn check_warns_of_accounts_in_a_client_that_is_not_registered() {
    let program = crate::tools::program();
    links(
        &program,
        &["set", "1", "--client", "wiki", "--username", "x"],
    )
    .expect_success();
    let toml = fs::read_to_string(program.config_file()).unwrap();
    fs::write(program.config_file(), toml.replace("'wiki'", "'wikis'")).unwrap();
    let output = check(&program);
    assert!(
        output
            .stderr
            .contains("1 linked accounts are in the client `wiki`"),
        "{}",
        output.stderr
    );
    output.expect_success();
    let listed = links(&program, &["list", "--client", "wiki"]).expect_success();
    assert_eq!(listed.lines().count(), 2, "{listed}");
}

#[tokio::test]
async fn serve_warns_at_the_start_and_whenever_the_groups_file_changes() {
    let portal = Simulator::start(SimulatorSettings::default())
        .await
        .unwrap();
    let deny = "deny = { groups = ['contractors'] }\n";
    let mut program = program(portal.url().as_str(), deny, CONTRACTORS);
    program.restart().await;
    let warnings = |program: &Program| {
        let log = program.log();
        let lines = log
            .lines()
            .filter(|line| line.contains("NOBODY IS DENIED BY IT"));
        let lines: Vec<_> = lines.map(str::to_owned).collect();
        assert!(
            lines
                .iter()
                .all(|line| line.contains("WARN") && line.contains("contractors"))
        );
        lines.len()
    };
    assert_eq!(warnings(&program), 1);
    let rewrite = async |program: &Program, groups: &str| {
        let reread = |program: &Program| program.log().matches("was read again").count();
        let before = reread(program);
        write_file(program, "groups.csv", groups);
        let deadline = Instant::now() + Duration::from_secs(30);
        while reread(program) == before {
            assert!(Instant::now() < deadline, "{}", program.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let may_launch = async |program: &Program, user| {
        let ticket = portal.issue_ticket(user);
        let url = program.at(&format!("/launch/app?ticket={ticket}"));
        Browser::new().get(url).await.status == 303
    };
    rewrite(&program, "group,id\ncontractors,2\n").await;
    assert!(!may_launch(&program, HEI_LONG_JIANG).await && may_launch(&program, CHEN_TAO).await);
    assert_eq!(warnings(&program), 1, "the group is there now");
    rewrite(&program, "group,id\nContractor,2\n").await;
    assert!(may_launch(&program, HEI_LONG_JIANG).await);
    let deadline = Instant::now() + Duration::from_secs(10);
    while warnings(&program) < 2 {
        assert!(Instant::now() < deadline, "{}", program.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
