//! A client's access rules are checked on every path to a code or a token (N44, docs/security.md).
//!
//! These tests run the built binary, because the groups file changes while it runs.

use std::fs;
use std::time::{Duration, Instant};

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};
use serde_json::Value;

use crate::support::app::RelyingParty;
use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::client_at;

const TICKET: &str = "urn:panda-oidc:token-type:ticket";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// `app` and `gateway` are restricted to the group `staff`, `billing` to `clerks`, and `own` to users
/// with a linked account. `open` and `reporter` have no restriction; the tokens of `reporter` are for
/// `gateway` and `billing`.
const CLIENTS: &str = "\
    client_name = '值班系统'\nallow = { groups = ['staff'] }\ncontact = '信息中心 8001'\n\
    access_token_audience = ['gateway']\n\
    [[clients]]\nclient_id = 'open'\nclient_secret = 'open-secret-0123456789'\n\
    redirect_uris = ['http://127.0.0.1:9/open']\ninitiate_login_uri = 'http://127.0.0.1:9/open'\n\
    allowed_resources = ['https://billing']\n\
    [[clients]]\nclient_id = 'reporter'\nclient_secret = 'reporter-secret-0123456789'\n\
    redirect_uris = ['http://127.0.0.1:9/reporter']\naccess_token_audience = ['gateway', 'billing']\n\
    [[clients]]\nclient_id = 'own'\nclient_secret = 'own-secret-0123456789'\nunlinked = 'deny'\n\
    redirect_uris = ['http://127.0.0.1:9/own']\ninitiate_login_uri = 'http://127.0.0.1:9/own'\n\
    [[clients]]\nclient_id = 'gateway'\nclient_secret = 'gateway-secret-0123456789'\n\
    redirect_uris = ['http://127.0.0.1:9/gateway']\nallow = { groups = ['staff'] }\n\
    grant_types = ['urn:ietf:params:oauth:grant-type:token-exchange']\n\
    subject_token_types = ['urn:panda-oidc:token-type:ticket', \
        'urn:ietf:params:oauth:token-type:access_token']\n\
    allowed_resources = ['https://billing', 'https://plain']\n\
    [[clients]]\nclient_id = 'billing'\nclient_secret = 'billing-secret-0123456789'\n\
    redirect_uris = ['http://127.0.0.1:9/billing']\nallow = { groups = ['clerks'] }\n\
    resources = ['https://billing']\n";

const BOTH: &str = "group,id\nstaff,1\nstaff,2\n";
const BOTH_AND_A_CLERK: &str = "group,id\nstaff,1\nstaff,2\nclerks,1\n";
const CHEN_TAO_ALONE: &str = "group,id\nstaff,1\n";
const HEI_LONG_JIANG_ALONE: &str = "组,编号\nstaff,2\n";

struct TestSetup {
    portal: SimulatorHandle,
    program: Program,
}

impl TestSetup {
    /// Starts the portal simulator and the provider with `groups` as the groups file.
    async fn open(groups: &str) -> Self {
        let portal = Simulator::start(SimulatorSettings::default());
        let portal = portal.await.unwrap();
        let mut program = Program::prepare(portal.url().as_str(), "", CLIENTS);
        let file = program.folder().join("groups.csv");
        fs::write(&file, groups).unwrap();
        let toml = fs::read_to_string(program.config_file()).unwrap();
        let toml = format!("groups_file = '{}'\n{toml}", file.display());
        fs::write(program.config_file(), toml).unwrap();
        program.restart().await;
        Self { portal, program }
    }

    /// Replaces the groups file and waits until the provider has read it.
    async fn replace_groups(&self, groups: &str) {
        let reloads = |log: String| log.matches("groups.csv was read again").count();
        let before = reloads(self.program.log());
        fs::write(self.program.folder().join("groups.csv"), groups).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while reloads(self.program.log()) == before {
            assert!(Instant::now() < deadline, "{}", self.program.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn client(&self, client_id: &str) -> RelyingParty {
        if client_id == "app" {
            return self.program.client();
        }
        client_at(&self.program.issuer, client_id)
    }

    async fn launch(&self, browser: &mut Browser, client_id: &str, user: u64) -> Answer {
        let ticket = self.portal.issue_ticket(user);
        let url = format!("/launch/{client_id}?ticket={ticket}");
        browser.get(self.program.at(&url)).await
    }

    async fn signed_in(&self, user: u64) -> Browser {
        let mut browser = Browser::new();
        let answer = self.launch(&mut browser, "open", user).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        browser
    }

    /// The token response that `client_id` gets for `user`, with a refresh token.
    async fn tokens(&self, client_id: &str, user: u64) -> Value {
        let client = self.client(client_id);
        let url = client.authorize_url(&[("scope", "openid offline_access")]);
        let code = RelyingParty::code(&self.signed_in(user).await.get(url).await);
        let answer = client.redeem(&code).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    async fn exchange(&self, token: (&str, &str), target: &str) -> Answer {
        let form = [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("subject_token_type", token.0),
            ("subject_token", token.1),
            ("resource", target),
        ];
        self.client("gateway").token(&form).await
    }
}

fn token(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap().to_owned()
}

/// Panics unless the response is the access-denied page: in both languages, with `words`, and without
/// a redirect.
#[track_caller]
fn assert_access_denied_page(answer: &Answer, words: &[&str]) {
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert_eq!(answer.header("location"), "");
    for word in ["您不能使用这个应用", "You cannot use this app"]
        .iter()
        .chain(words)
    {
        assert!(answer.body.contains(word), "{word}: {}", answer.body);
    }
}

#[track_caller]
fn assert_token_error(answer: &Answer, error: &str) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json()["error"], error, "{}", answer.body);
    assert_eq!(answer.json().get("access_token"), None);
}

#[tokio::test]
async fn n44_a_launch_without_access_shows_a_page_that_names_the_user_and_a_contact() {
    let setup = TestSetup::open(CHEN_TAO_ALONE).await;
    let mut browser = Browser::new();
    let words = ["黑龙江", "值班系统", "信息中心 8001", "/launch\""];
    assert_access_denied_page(
        &setup.launch(&mut browser, "app", HEI_LONG_JIANG).await,
        &words,
    );
    // The user is signed in now, but still has no access to the app.
    assert_access_denied_page(&browser.get(setup.program.at("/launch/app")).await, &words);
    let apps = browser.get(setup.program.at("/launch")).await;
    assert!(apps.body.contains("/launch/open\""), "{}", apps.body);
    for hidden in ["/launch/app", "/launch/own"] {
        assert!(!apps.body.contains(hidden), "{hidden}: {}", apps.body);
    }
    let allowed = setup.launch(&mut Browser::new(), "app", CHEN_TAO).await;
    assert_eq!(allowed.status, 303, "{}", allowed.body);
    let log = setup.program.log();
    assert!(log.contains("app is not open to 2: they are not among"));
    assert!(!log.contains("黑龙江"), "the log contains no user name");
}

#[tokio::test]
async fn n44_a_user_without_an_account_is_refused_with_that_reason() {
    let setup = TestSetup::open(BOTH).await;
    let mut browser = setup.signed_in(CHEN_TAO).await;
    let page = browser.get(setup.program.at("/launch/own")).await;
    assert_access_denied_page(
        &page,
        &["没有与您对应的账号", "has no account that belongs to you"],
    );
    let answer = browser.get(setup.client("own").authorize_url(&[])).await;
    assert_eq!(answer.parameter("error").unwrap(), "access_denied");
}

#[tokio::test]
async fn n44_switching_users_does_not_open_a_restricted_app() {
    let setup = TestSetup::open(CHEN_TAO_ALONE).await;
    let mut browser = setup.signed_in(CHEN_TAO).await;
    let launched = setup.launch(&mut browser, "app", HEI_LONG_JIANG).await;
    let page = browser.get(launched.location()).await;
    let confirmation = page.field("confirmation");
    let form = [("confirmation", confirmation.as_str())];
    let answer = browser.post(setup.program.at("/switch"), &form).await;
    assert_access_denied_page(&answer, &["黑龙江"]);
    let apps = browser.get(setup.program.at("/launch")).await;
    assert!(apps.body.contains("黑龙江"), "the user is still signed in");
}

#[tokio::test]
async fn n44_single_sign_on_does_not_open_a_restricted_app() {
    let setup = TestSetup::open(CHEN_TAO_ALONE).await;
    let mut browser = setup.signed_in(HEI_LONG_JIANG).await;
    let (app, open) = (setup.client("app"), setup.client("open"));
    for changes in [&[][..], &[("prompt", "none")], &[("max_age", "600")]] {
        let answer = browser.get(app.authorize_url(changes)).await;
        assert_eq!(answer.parameter("error").unwrap(), "access_denied");
        assert_eq!(answer.parameter("code"), None);
        assert_eq!(answer.parameter("state").unwrap(), "the-state");
        let unrestricted = browser.get(open.authorize_url(changes)).await;
        RelyingParty::code(&unrestricted);
    }
    let url = app.authorize_url(&[]);
    let form: Vec<_> = url.query_pairs().collect();
    let form: Vec<_> = form.iter().map(|(k, v)| (k.as_ref(), v.as_ref())).collect();
    let answer = browser.post(setup.program.at("/authorize"), &form).await;
    assert_eq!(answer.parameter("error").unwrap(), "access_denied");
}

#[tokio::test]
async fn n44_a_resumed_request_and_a_request_with_a_ticket_are_checked_too() {
    let setup = TestSetup::open(CHEN_TAO_ALONE).await;
    let app = setup.client("app");
    let mut browser = Browser::new();
    let waiting = browser.get(app.authorize_url(&[])).await;
    assert_eq!(waiting.status, 200, "{}", waiting.body);
    let launched = setup.launch(&mut browser, "open", HEI_LONG_JIANG).await;
    let resumed = browser.get(launched.location()).await;
    assert_eq!(resumed.parameter("error").unwrap(), "access_denied");

    let ticket = setup.portal.issue_ticket(HEI_LONG_JIANG);
    let url = app.authorize_url(&[("ticket", &ticket)]);
    let answer = Browser::new().get(url).await;
    assert_eq!(answer.parameter("error").unwrap(), "access_denied");
    let ticket = setup.portal.issue_ticket(CHEN_TAO);
    let url = app.authorize_url(&[("ticket", &ticket)]);
    RelyingParty::code(&Browser::new().get(url).await);
}

#[tokio::test]
async fn n44_a_code_is_refused_once_access_is_withdrawn() {
    let setup = TestSetup::open(BOTH).await;
    let app = setup.client("app");
    let code = app.login(&mut setup.signed_in(CHEN_TAO).await).await;
    setup.replace_groups(HEI_LONG_JIANG_ALONE).await;
    assert_token_error(&app.redeem(&code).await, "invalid_grant");
    setup.replace_groups(BOTH).await;
    assert_token_error(&app.redeem(&code).await, "invalid_grant");
}

#[tokio::test]
async fn n44_a_refresh_is_refused_while_access_is_withdrawn() {
    let setup = TestSetup::open(BOTH).await;
    let app = setup.client("app");
    let tokens = setup.tokens("app", CHEN_TAO).await;
    let other_tokens = setup.tokens("app", HEI_LONG_JIANG).await;
    setup.replace_groups(HEI_LONG_JIANG_ALONE).await;
    let refresh_token = token(&tokens, "refresh_token");
    assert_token_error(&app.refresh(&refresh_token).await, "invalid_grant");
    let other = app.refresh(&token(&other_tokens, "refresh_token")).await;
    assert_eq!(other.status, 200, "{}", other.body);
    setup.replace_groups(BOTH).await;
    let again = app.refresh(&refresh_token).await;
    assert_eq!(
        again.status, 200,
        "a refused refresh does not spend the refresh token"
    );
}

#[tokio::test]
async fn n44_a_refresh_gives_no_token_for_a_service_while_that_is_closed() {
    let setup = TestSetup::open(BOTH_AND_A_CLERK).await;
    let open = setup.client("open");
    let scope = ("scope", "openid offline_access");
    let url = open.authorize_url(&[scope, ("resource", "https://billing")]);
    let code = RelyingParty::code(&setup.signed_in(CHEN_TAO).await.get(url).await);
    let tokens = open.redeem(&code).await.json();
    let refresh_token = token(&tokens, "refresh_token");
    setup.replace_groups(BOTH).await;
    assert_token_error(&open.refresh(&refresh_token).await, "invalid_target");
    setup.replace_groups(BOTH_AND_A_CLERK).await;
    let again = open.refresh(&refresh_token).await;
    assert_eq!(again.status, 200, "{}", again.body);
}

#[tokio::test]
async fn n44_a_token_is_inactive_while_access_is_withdrawn() {
    let setup = TestSetup::open(BOTH).await;
    let app = setup.client("app");
    let tokens = setup.tokens("app", CHEN_TAO).await;
    let access_token = token(&tokens, "access_token");
    let refresh_token = token(&tokens, "refresh_token");
    let token_states = async || {
        let userinfo = app.userinfo(&access_token).await.status.as_u16();
        let access = app.post_token("/introspect", &access_token).await;
        let refresh = app.post_token("/introspect", &refresh_token).await;
        (
            userinfo,
            access.json()["active"].clone(),
            refresh.json()["active"].clone(),
        )
    };
    assert_eq!(token_states().await, (200, true.into(), true.into()));
    setup.replace_groups(HEI_LONG_JIANG_ALONE).await;
    assert_eq!(token_states().await, (401, false.into(), false.into()));
    // Revocation needs no access, and a revoked token stays inactive.
    let revoked = app.post_token("/revoke", &refresh_token).await;
    assert_eq!(revoked.status, 200);
    setup.replace_groups(BOTH).await;
    assert_eq!(token_states().await, (401, false.into(), false.into()));
}

#[tokio::test]
async fn n44_a_ticket_exchange_checks_access_to_the_client_and_the_resource() {
    let setup = TestSetup::open(CHEN_TAO_ALONE).await;
    for (user, target, error) in [
        (HEI_LONG_JIANG, "https://plain", Some("invalid_request")),
        (CHEN_TAO, "https://billing", Some("invalid_target")),
        (CHEN_TAO, "https://plain", None),
    ] {
        let ticket = setup.portal.issue_ticket(user);
        let answer = setup.exchange((TICKET, &ticket), target).await;
        match error {
            Some(error) => assert_token_error(&answer, error),
            None => assert_eq!(answer.status, 200, "{}", answer.body),
        }
    }
}

#[tokio::test]
async fn n44_a_token_exchange_checks_access_to_the_client_and_the_resource() {
    let setup = TestSetup::open(BOTH_AND_A_CLERK).await;
    let access_token = token(&setup.tokens("reporter", CHEN_TAO).await, "access_token");
    let of_app = token(&setup.tokens("app", CHEN_TAO).await, "access_token");
    setup.replace_groups(BOTH).await;
    let subject = (ACCESS_TOKEN, access_token.as_str());
    assert_token_error(
        &setup.exchange(subject, "https://billing").await,
        "invalid_target",
    );
    let answer = setup.exchange(subject, "https://plain").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let exchanged = token(&answer.json(), "access_token");
    let (gateway, billing) = (setup.client("gateway"), setup.client("billing"));
    // A service learns nothing about users without access to it, even from a token for the service.
    let introspected = billing.post_token("/introspect", &access_token).await;
    assert_eq!(introspected.json(), serde_json::json!({"active": false}));

    setup.replace_groups("group,id\nclerks,1\n").await;
    let introspected = billing.post_token("/introspect", &access_token).await;
    assert_eq!(introspected.json()["active"], true);
    assert_token_error(
        &setup.exchange(subject, "https://plain").await,
        "invalid_request",
    );
    let of_app = (ACCESS_TOKEN, of_app.as_str());
    assert_token_error(
        &setup.exchange(of_app, "https://plain").await,
        "invalid_request",
    );
    // A token from an earlier exchange is inactive too.
    let introspected = gateway.post_token("/introspect", &exchanged).await;
    assert_eq!(introspected.json()["active"], false);
}
