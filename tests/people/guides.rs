//! The commands that guides show print what the guides say.

use std::path::Path;
use std::process::Command;

use panda_oidc_panda::simulator::{Person, Simulator, SimulatorHandle, SimulatorSettings};
use tempfile::TempDir;

use crate::guide_texts::guide;
use crate::support::program::{BINARY, free_port};

const FIRST_DAY: [&str; 2] = guide!("first-day");
const ACCOUNTS: [&str; 2] = guide!("accounts");
const LEAVERS: [&str; 2] = guide!("leavers");
const CLAIMS: [&str; 2] = guide!("claims");
const OPERATING: [&str; 2] = guide!("operating");
const KEYCLOAK: [&str; 2] = guide!("clients/keycloak");

/// The configuration of the first day, the way its reader writes it.
fn first_days_configuration() -> &'static str {
    blocks(FIRST_DAY[0], "toml")[0]
}

/// The fenced blocks of a language.
fn blocks<'a>(guide: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let blocks = guide.split(fence.as_str()).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// The commands of the program in a guide, each with what it is said to print.
fn sessions(guide: &str) -> Vec<(String, String)> {
    let mut sessions: Vec<(String, String)> = Vec::new();
    for line in blocks(guide, "console")
        .iter()
        .flat_map(|block| block.lines())
    {
        if let Some(command) = line.strip_prefix("$ ") {
            sessions.push((command.to_owned(), String::new()));
        } else if let Some((_, printed)) = sessions.last_mut() {
            printed.extend([line, "\n"]);
        }
    }
    sessions.retain(|(command, _)| command.contains("panda-oidc "));
    sessions
}

/// A folder with a configuration, beside a portal.
struct Desk {
    folder: TempDir,
    portal: SimulatorHandle,
}

impl Desk {
    /// `people` are those of the portal. What the configuration of a guide says of this machine is replaced:
    /// addresses and folders.
    async fn with(people: Vec<Person>, configuration: &str) -> Self {
        let settings = SimulatorSettings {
            people,
            ..SimulatorSettings::default()
        };
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
            portal: Simulator::start(settings).await.unwrap(),
        };
        let configuration = configuration
            .replace("http://10.0.0.5", desk.portal.url().as_str())
            .replace("127.0.0.1:9400", &format!("127.0.0.1:{}", free_port()))
            .replace("/var/lib/panda-oidc/", "")
            .replace("…", "0123456789abcdef0123456789abcdef");
        desk.write("panda-oidc.toml", &configuration);
        desk
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// What a command line prints, without the log. Times are those of the guides.
    fn run(&self, command: &str) -> String {
        let program = Path::new(BINARY).parent().unwrap().display();
        let script = format!("exec 2>&1; PATH=\"{program}:$PATH\"; {command}");
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(self.folder.path())
            .env_remove("RUST_LOG")
            .env(
                "PANDA_OIDC__ADMIN__LISTEN",
                format!("127.0.0.1:{}", free_port()),
            )
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter(|line| !line.contains(" WARN "));
        // Root is told that it sees more than the user of the service.
        timeless(lines.filter(|line| !line.starts_with("not looked at: what another user")))
    }

    /// Runs the commands of a guide in turn and compares what they print.
    fn expect(&self, sessions: &[(String, String)]) {
        assert!(!sessions.is_empty());
        let folder = self.folder.path().canonicalize().unwrap();
        let here = |text: &str| {
            let text = text.replace("/var/lib/panda-oidc", "/etc/panda-oidc");
            text.replace(folder.to_str().unwrap(), "/etc/panda-oidc")
        };
        for (command, printed) in sessions {
            let command = command.replace("sudo -u panda-oidc ", "");
            let output = self.run(&command.replace("/etc/panda-oidc/", ""));
            assert_eq!(here(&output), here(&timeless(printed.lines())), "{command}");
        }
    }
}

/// `lines` with the time at the start of each left out.
fn timeless<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let lines = lines.map(|line| {
        let has_time = line.get(10..11) == Some("T") && line.get(19..20) == Some("Z");
        if has_time { &line[20..] } else { line }
    });
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The people of the first day.
fn people_of_the_first_day() -> Vec<Person> {
    let people = (1..=3661).map(|id| match id {
        1 => Person::new(id, "陈涛", "13800138000"),
        2 => Person::new(id, "黑龙江", ""),
        3 => Person::new(id, "泵站值班", ""),
        10 => Person::new(id, "王芳", "13900139000"),
        _ => Person::new(id, format!("用户{id}"), ""),
    });
    people.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_day_goes_as_its_guide_says() {
    for guide in FIRST_DAY {
        let desk = Desk::with(people_of_the_first_day(), blocks(guide, "toml")[0]).await;
        let table = blocks(guide, "text")[0];
        desk.write("accounts.csv", table);
        let sessions = sessions(guide);
        let leaves = sessions
            .iter()
            .position(|(command, _)| command.contains("sync --confirm"))
            .unwrap();
        desk.expect(&sessions[..leaves]);
        desk.portal.suspend_user(3661);
        desk.expect(&sessions[leaves..]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_accounts_prints_what_the_guide_shows() {
    let people = vec![
        Person::new(1, "陈涛", "13800138000"),
        Person::new(2, "黑龙江", ""),
        Person::new(3, "新耀分公司", ""),
        Person::new(4, "李雷", "13900139000"),
        Person::new(5, "李雷", "13700137000"),
    ];
    let desk = Desk::with(people, first_days_configuration()).await;
    desk.run("panda-oidc users sync --config panda-oidc.toml");
    for guide in ACCOUNTS {
        let table = "id,phone,name,username\n2,,,hlj\n,+86 138-0013-8000,,chentao\n,,新耀分公司,xinyao\n\
                     ,,李雷,lilei\n,13600136000,韩梅梅,hanmeimei\n99,,,guest\n";
        desk.write("accounts.csv", table);
        desk.expect(&sessions(guide));
        desk.write("accounts.csv", blocks(guide, "text")[0]);
        let imported = desk.run("panda-oidc links import --config panda-oidc.toml accounts.csv");
        assert!(imported.contains("left out"), "{imported}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_brake_speaks_as_the_guide_says() {
    for guide in LEAVERS {
        let people = (1..=60).map(|id| Person::new(id, format!("用户{id}"), ""));
        let desk = Desk::with(people.collect(), first_days_configuration()).await;
        desk.run("panda-oidc users sync --config panda-oidc.toml");
        for id in 7..=60 {
            desk.portal.suspend_user(id);
        }
        let brakes = |(command, _): &(String, String)| command.contains("echo $?");
        let sessions: Vec<_> = sessions(guide).into_iter().filter(brakes).collect();
        desk.expect(&sessions);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_prints_what_the_guides_show() {
    for guide in OPERATING {
        let configurations = blocks(guide, "toml");
        let desk = Desk::with(Vec::new(), configurations[0]).await;
        desk.expect(&sessions(guide));
        let wrong = configurations[0].replace("listen =", "listen_on =");
        let desk = Desk::with(Vec::new(), &wrong).await;
        let command = "panda-oidc check --config panda-oidc.toml".to_owned();
        desk.expect(&[(command, blocks(guide, "text")[0].to_owned())]);
    }
    for guide in CLAIMS {
        let wrong = "preset = \"grafanna\"\nemail = \"{{ user.name }}@panda.invalid\"\n\
                     claims = { sub = \"{{ user.name }}\" }\n";
        let configuration = first_days_configuration()
            .replace("preset = \"grafana\"\n", wrong)
            .replace("email = \"link\"", "#");
        let desk = Desk::with(Vec::new(), &configuration).await;
        desk.expect(&sessions(guide));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_accounts_of_keycloak_are_imported_as_its_guide_says() {
    for guide in KEYCLOAK {
        let configuration = first_days_configuration().replace("\"grafana\"", "\"keycloak\"");
        let people = SimulatorSettings::default().people;
        let desk = Desk::with(people, &configuration).await;
        desk.run("panda-oidc users sync --config panda-oidc.toml");
        desk.write("accounts.csv", blocks(guide, "text")[0]);
        let imports = |(command, _): &(String, String)| command.contains("links import");
        let sessions: Vec<_> = sessions(guide).into_iter().filter(imports).collect();
        desk.expect(&sessions);
    }
}
