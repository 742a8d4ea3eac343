//! What `users forget` and `links remove` leave in the file of the database: nothing.

use std::fs;

use crate::tools::{add_users, links, program, users};

#[tokio::test]
async fn what_is_removed_of_a_person_is_gone_from_the_file_too() {
    let program = program();
    let people: Vec<_> = (31..=60)
        .map(|id| {
            let phone = format!("1770000{id:04}");
            (id.to_string(), format!("Unique-Name-{id}"), phone)
        })
        .collect();
    let people: Vec<_> = people
        .iter()
        .map(|(id, name, phone)| (&**id, &**name, &**phone))
        .collect();
    add_users(&program, &people).await;
    for (id, username) in [("33", "unique-login-33"), ("35", "unique-login-35")] {
        let email = format!("{username}@corp.example");
        let account = ["set", id, "--username", username, "--email", &email];
        links(&program, &account).expect_success();
    }
    users(&program, &["forget", "33"]).expect_success();
    links(&program, &["remove", "35"]).expect_success();
    let file = fs::read(program.data().join("panda-oidc.db")).unwrap();
    let file = String::from_utf8_lossy(&file);
    assert!(file.contains("Unique-Name-35"), "the others are there");
    for trace in [
        "Unique-Name-33",
        "17700000033",
        "unique-login-33",
        "unique-login-35",
    ] {
        assert!(!file.contains(trace), "{trace}");
    }
}
