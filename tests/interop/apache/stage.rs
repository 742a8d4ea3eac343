//! The test environment: portal, provider, Apache as configured in `docs/clients.md`, and the
//! application behind it.

use std::fs;
use std::path::Path;
use std::process::Command;

use panda_oidc_panda::simulator::SimulatorHandle;
use serde_json::Value;

use crate::echo::echo;
use crate::process::Processes;
use crate::recipe::Recipe;
use crate::support::browser::{Answer, Browser};
use crate::support::program::{Program, free_port};
use crate::tools::portal;

/// The program that `.ci/apache.sh` installs.
const APACHE: &str = "/usr/sbin/apache2";

const MODULES: [&str; 8] = [
    "mpm_event",
    "authn_core",
    "authz_core",
    "authz_user",
    "headers",
    "proxy",
    "proxy_http",
    "auth_openidc",
];

const SECRET: &str = "apache-secret-0123456789abcdef";

/// A running test environment.
pub struct Stage {
    /// The portal.
    pub portal: SimulatorHandle,
    /// The provider.
    pub program: Program,
    url: String,
    /// Apache's processes.
    pub apache: Processes,
}

impl Stage {
    /// Starts all parts with the configuration on `page`. `more` is appended to that of Apache.
    pub async fn start(page: &str, more: &str) -> Self {
        let (portal, upstream) = (portal().await, echo().await);
        let address = format!("127.0.0.1:{}", free_port());
        let url = format!("http://{address}");
        let recipe = Recipe::read(page, "Apache");
        let client_settings = [
            ("https://tool.example.com", &*url),
            ("CLIENT-SECRET", SECRET),
        ];
        let program = Program::start(
            portal.url().as_str(),
            &recipe.block("toml", &client_settings),
        )
        .await;
        let apache_settings = [
            ("https://sso.example.com", &*program.issuer),
            ("http://127.0.0.1:3000", &upstream),
            ("PASSPHRASE", "0123456789abcdef0123456789abcdef"),
        ];
        let recipe = recipe.block("apache", &[&client_settings[..], &apache_settings].concat());

        let folder = tempfile::tempdir().unwrap().keep();
        let file = folder.join("apache.conf");
        fs::write(&file, base_config(&folder, &address) + &recipe + more).unwrap();
        let mut command = Command::new(APACHE);
        command.arg("-f").arg(file).arg("-DFOREGROUND");
        let mut apache = Processes::start(&mut command, folder);
        let ready = format!("{url}/bye");
        apache.until_ready(|_| Some(ready.clone())).await;
        Self {
            portal,
            program,
            url,
            apache,
        }
    }

    /// An address behind Apache.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The launch URL of a menu entry, with a new ticket of `user`.
    pub fn menu_entry(&self, path: &str, user: u64) -> String {
        let ticket = self.portal.issue_ticket(user);
        self.program
            .at(&format!("/launch/apache{path}?ticket={ticket}"))
    }

    /// Clicks the entry in the menu of the portal. Returns the request that the application receives.
    pub async fn click(&self, browser: &mut Browser, user: u64) -> Value {
        self.received_request(&browser.follow(self.menu_entry("", user)).await)
    }

    /// The request that the application received, from the last of `responses`.
    #[track_caller]
    pub fn received_request(&self, responses: &[Answer]) -> Value {
        let page = responses.last().unwrap();
        assert_eq!(
            page.status,
            200,
            "{}: {} {}",
            page.url,
            page.body,
            self.apache.log()
        );
        page.json()
    }

    /// Whether `browser` has a session at Apache.
    pub async fn has_session(&self, browser: &mut Browser) -> bool {
        let response = browser.get(self.at("/")).await;
        if response.status == 200 {
            return true;
        }
        assert_eq!(
            response.location().path(),
            "/authorize",
            "{}",
            response.body
        );
        false
    }
}

/// The configuration that every Apache needs. Apache writes its files to `folder`.
fn base_config(folder: &Path, address: &str) -> String {
    let folder = folder.display();
    let modules = MODULES
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"));
    format!(
        "ServerRoot {folder}\n\
         ServerName {address}\n\
         Listen {address}\n\
         DefaultRuntimeDir {folder}\n\
         PidFile {folder}/pid\n\
         ErrorLog /dev/stderr\n\
         LogLevel warn auth_openidc:info\n\
         User www-data\n\
         Group www-data\n\
         {}\
         StartServers 1\n\
         ServerLimit 1\n\
         ThreadsPerChild 16\n\
         MaxRequestWorkers 16\n",
        modules.concat()
    )
}
