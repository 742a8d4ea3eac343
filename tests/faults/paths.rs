//! Relative paths: each follows the configuration file that holds it, from whatever folder a command is
//! started, and commands that only read make no file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::support::program::{BINARY, free_port};

/// A folder with a configuration in `etc`, and the empty folder `elsewhere`.
struct Folders(TempDir);

impl Folders {
    /// Writes `etc/panda-oidc.toml`: `top` at its top, `tables` at its end.
    fn new(top: &str, tables: &str) -> Self {
        let folders = Self(tempfile::tempdir().unwrap());
        for folder in ["etc", "elsewhere"] {
            fs::create_dir(folders.at(folder)).unwrap();
        }
        let toml = format!(
            "issuer = 'http://127.0.0.1:9400'\n{top}\n\
             [server]\nlisten = '127.0.0.1:{}'\n\
             [admin]\nlisten = '127.0.0.1:{}'\n\
             [provider]\nkind = 'panda'\nbase_url = 'http://127.0.0.1:9'\n{tables}",
            free_port(),
            free_port(),
        );
        fs::write(folders.at("etc/panda-oidc.toml"), toml).unwrap();
        folders
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Runs a command in the folder `at`, with `etc/panda-oidc.toml` first among its configuration files.
    fn run(&self, at: &str, arguments: &[&str], more: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(BINARY);
        command
            .current_dir(self.at(at))
            .args(arguments)
            .arg("--config")
            .arg(self.at("etc/panda-oidc.toml"));
        for file in more {
            command.arg("--config").arg(self.at(file));
        }
        output(&mut command)
    }

    /// The files and folders below `path`, sorted.
    fn list(&self, path: &str) -> Vec<String> {
        fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                found.push(path.strip_prefix(root).unwrap().display().to_string());
                if path.is_dir() {
                    walk(&path, root, found);
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.at(path), &self.at(path), &mut found);
        found.sort();
        found
    }
}

fn output(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.env_remove("RUST_LOG").output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

const SET: [&str; 5] = ["links", "set", "17", "--username", "chentao"];

#[test]
fn a_relative_path_follows_the_configuration_file_from_every_folder() {
    let folders = Folders::new("", "[store]\npath = 'var/accounts.db'\n");
    let (code, _, error) = folders.run("elsewhere", &SET, &[]);
    assert_eq!(code, Some(0), "{error}");
    assert!(folders.at("etc/var/accounts.db").exists());
    assert_eq!(folders.list("elsewhere"), [""; 0]);
    for at in ["elsewhere", "etc", "."] {
        let (code, table, error) = folders.run(at, &["links", "list"], &[]);
        assert_eq!(code, Some(0), "{error}");
        assert!(table.contains("chentao"), "{at}: {table}");
    }
    let mut relative = Command::new(BINARY);
    relative.current_dir(folders.at("elsewhere")).args([
        "links",
        "list",
        "--config",
        "../etc/panda-oidc.toml",
    ]);
    let (code, table, error) = output(&mut relative);
    assert!(code == Some(0) && table.contains("chentao"), "{error}");
}

#[test]
fn paths_that_nobody_wrote_follow_the_first_configuration_file() {
    let folders = Folders::new("", "");
    fs::create_dir(folders.at("more")).unwrap();
    fs::write(folders.at("more/more.toml"), "contact = 'IT 8001'\n").unwrap();
    let (code, _, error) = folders.run("elsewhere", &SET, &["more/more.toml"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(folders.at("etc/data/panda-oidc.db").exists());
    assert_eq!(folders.list("elsewhere"), [""; 0]);
    assert_eq!(folders.list("more"), ["more.toml"]);
}

#[test]
fn each_path_follows_the_file_that_holds_it() {
    let client = "[[clients]]\nclient_id = 'app'\nclient_secret_file = 'secrets/app'\npreset = 'grafana'\n\
                  redirect_uris = ['https://app.example.com/callback']\n";
    let folders = Folders::new("groups_file = 'groups.csv'", client);
    fs::create_dir(folders.at("etc/secrets")).unwrap();
    fs::write(folders.at("etc/secrets/app"), "0123456789abcdef0123").unwrap();
    fs::write(folders.at("etc/groups.csv"), "group,id\nstaff,1\n").unwrap();
    fs::create_dir_all(folders.at("second/secrets")).unwrap();
    fs::write(folders.at("second/secrets/hr"), "0".repeat(40)).unwrap();
    fs::write(
        folders.at("second/second.toml"),
        "[store]\npath = 'own.db'\n\
         [[admin.tokens]]\nname = 'hr'\ntoken_file = 'secrets/hr'\nscopes = ['scim']\n",
    )
    .unwrap();
    let more = ["second/second.toml"];
    let (code, _, error) = folders.run("elsewhere", &["check"], &more);
    assert_eq!(code, Some(0), "{error}");
    let (code, _, error) = folders.run("elsewhere", &SET, &more);
    assert_eq!(code, Some(0), "{error}");
    assert!(folders.at("second/own.db").exists());
    assert_eq!(folders.list("elsewhere"), [""; 0]);

    fs::remove_file(folders.at("second/secrets/hr")).unwrap();
    let (code, _, error) = folders.run("elsewhere", &["check"], &more);
    let missing = folders.at("second/secrets/hr").display().to_string();
    assert!(code == Some(1) && error.contains(&missing), "{error}");
    fs::write(folders.at("second/secrets/hr"), "0".repeat(40)).unwrap();
    fs::remove_file(folders.at("etc/groups.csv")).unwrap();
    let (code, _, error) = folders.run("elsewhere", &["check"], &more);
    let missing = folders.at("etc/groups.csv").display().to_string();
    assert!(code == Some(1) && error.contains(&missing), "{error}");
}

#[test]
fn a_path_of_the_environment_follows_the_working_directory() {
    let folders = Folders::new("", "[store]\npath = 'var/accounts.db'\n");
    let mut command = Command::new(BINARY);
    command
        .current_dir(folders.at("elsewhere"))
        .args(SET)
        .arg("--config")
        .arg(folders.at("etc/panda-oidc.toml"))
        .env("PANDA_OIDC__STORE__PATH", "mine.db");
    let (code, _, error) = output(&mut command);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(folders.list("elsewhere"), ["mine.db"]);
    assert_eq!(folders.list("etc"), ["panda-oidc.toml"]);
}

#[test]
fn a_command_that_only_reads_makes_nothing() {
    let folders = Folders::new("", "");
    let table = folders.at("elsewhere/table.csv");
    fs::write(&table, "id,username\n17,chentao\n").unwrap();
    let database = folders.at("etc/data/panda-oidc.db").display().to_string();
    for arguments in [
        &["links", "list"][..],
        &["links", "list", "--json"],
        &["links", "export"],
        &["links", "import", "--dry-run", table.to_str().unwrap()],
        &["links", "remove", "17"],
        &["users", "list"],
        &["users", "list", "--json"],
        &["users", "history", "17"],
        &["users", "forget", "17"],
    ] {
        let (code, _, error) = folders.run("elsewhere", arguments, &[]);
        assert_eq!(code, Some(1), "{arguments:?}: {error}");
        assert!(
            error.contains(&format!("{database} does not exist")),
            "{arguments:?}: {error}"
        );
        assert_eq!(folders.list("etc"), ["panda-oidc.toml"], "{arguments:?}");
        assert_eq!(folders.list("elsewhere"), ["table.csv"], "{arguments:?}");
    }
    let (code, _, error) = folders.run("elsewhere", &["check"], &[]);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(folders.list("etc"), ["panda-oidc.toml"]);
}

#[test]
fn an_empty_file_gets_no_tables_from_a_command_that_only_reads() {
    let folders = Folders::new("", "[store]\npath = 'empty.db'\n");
    fs::write(folders.at("etc/empty.db"), "").unwrap();
    for arguments in [&["links", "list"][..], &["users", "list"], &["check"]] {
        folders.run("elsewhere", arguments, &[]);
        assert_eq!(folders.list("etc"), ["empty.db", "panda-oidc.toml"]);
        assert_eq!(fs::metadata(folders.at("etc/empty.db")).unwrap().len(), 0);
    }
}

#[test]
fn data_in_the_working_directory_of_an_earlier_release_is_not_begun_anew() {
    let folders = Folders::new("", "");
    fs::create_dir(folders.at("elsewhere/data")).unwrap();
    for (file, key) in [
        ("data/panda-oidc.db", "store.path"),
        ("data/master.key", "keys.master_key_file"),
    ] {
        let earlier = folders.at("elsewhere").join(file);
        fs::write(&earlier, "").unwrap();
        for arguments in [&["check"][..], &["serve"], &SET] {
            let (code, _, error) = folders.run("elsewhere", arguments, &[]);
            assert_eq!(code, Some(1), "{error}");
            assert!(error.contains(key), "{error}");
            assert!(error.contains(earlier.to_str().unwrap()), "{error}");
            assert!(
                error.contains(folders.at("etc").join(file).to_str().unwrap()),
                "{error}"
            );
            assert_eq!(folders.list("etc"), ["panda-oidc.toml"]);
        }
        fs::remove_file(&earlier).unwrap();
    }
}

#[test]
fn an_empty_path_or_a_tilde_is_refused() {
    for (top, tables, key) in [
        ("", "[store]\npath = ''\n", "store.path"),
        (
            "",
            "[keys]\nmaster_key_file = ' '\n",
            "keys.master_key_file",
        ),
        ("groups_file = ''", "", "groups_file"),
        ("groups_file = '~/groups.csv'", "", "groups_file"),
        ("", "[store]\npath = '~/data/panda.db'\n", "store.path"),
    ] {
        let folders = Folders::new(top, tables);
        let (code, _, error) = folders.run("elsewhere", &["check"], &[]);
        assert_eq!(code, Some(1), "{error}");
        assert!(error.contains(&format!(": {key}: ")), "{error}");
        let (_, _, error) = folders.run("elsewhere", &SET, &[]);
        assert!(error.contains(&format!(": {key}: ")), "{error}");
        assert_eq!(folders.list("etc"), ["panda-oidc.toml"]);
    }
}
