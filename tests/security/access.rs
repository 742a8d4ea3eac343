//! Apps that are not open to everybody, and every way into them: N44. Against the built binary, whose
//! groups change while it runs.

use std::fs;
use std::time::{Duration, Instant};

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};
use serde_json::Value;

use crate::support::app::RelyingParty;
use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

const TICKET: &str = "urn:panda-oidc:token-type:ticket";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// `app` and `gateway` are for the group `staff`, `billing` for `clerks`, `own` for people with an
/// account; `open` is for everybody.
const CLIENTS: &str = "\
    client_name = '值班系统'\nallow = { groups = ['staff'] }\ncontact = '信息中心 8001'\n\
    access_token_audience = ['gateway']\n\
    [[clients]]\nclient_id = 'open'\nclient_secret = 'open-secret-0123456789'\n\
    redirect_uris = ['http://127.0.0.1:9/open']\ninitiate_login_uri = 'http://127.0.0.1:9/open'\n\
    access_token_audience = ['gateway', 'billing']\n\
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
const CHEN_TAO_ALONE: &str = "group,id\nstaff,1\n";
const HEI_LONG_JIANG_ALONE: &str = "组,编号\nstaff,2\n";

struct Stage {
    portal: SimulatorHandle,
    program: Program,
}

impl Stage {
    /// Everything runs, and `groups` is in the groups file.
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

    /// Changes the groups, and waits until that has been noticed.
    async fn regroup(&self, groups: &str) {
        let times = |log: String| log.matches("groups.csv was read again").count();
        let before = times(self.program.log());
        fs::write(self.program.folder().join("groups.csv"), groups).unwrap();
        let patience = Instant::now() + Duration::from_secs(30);
        while times(self.program.log()) == before {
            assert!(Instant::now() < patience, "{}", self.program.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn client(&self, client_id: &str) -> RelyingParty {
        if client_id == "app" {
            return self.program.client();
        }
        RelyingParty {
            issuer: self.program.issuer.clone(),
            client_id: client_id.to_owned(),
            client_secret: Some(format!("{client_id}-secret-0123456789")),
            redirect_uri: format!("http://127.0.0.1:9/{client_id}"),
        }
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

    /// What `client_id` gets for `user`, with a refresh token.
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

/// A page that says no in both languages, and leads nowhere but on.
#[track_caller]
fn closed(answer: &Answer, words: &[&str]) {
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
fn refused(answer: &Answer, error: &str) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.json()["error"], error, "{}", answer.body);
    assert_eq!(answer.json().get("access_token"), None);
}

#[tokio::test]
async fn n44_a_launch_ends_on_a_page_that_says_who_may_not_and_whom_to_ask() {
    let stage = Stage::open(CHEN_TAO_ALONE).await;
    let mut browser = Browser::new();
    let words = ["黑龙江", "值班系统", "信息中心 8001", "/launch\""];
    closed(
        &stage.launch(&mut browser, "app", HEI_LONG_JIANG).await,
        &words,
    );
    // The sign-in stands, and opens nothing it should not.
    closed(&browser.get(stage.program.at("/launch/app")).await, &words);
    let apps = browser.get(stage.program.at("/launch")).await;
    assert!(apps.body.contains("/launch/open\""), "{}", apps.body);
    for hidden in ["/launch/app", "/launch/own"] {
        assert!(!apps.body.contains(hidden), "{hidden}: {}", apps.body);
    }
    let allowed = stage.launch(&mut Browser::new(), "app", CHEN_TAO).await;
    assert_eq!(allowed.status, 303, "{}", allowed.body);
    let log = stage.program.log();
    assert!(log.contains("app is not open to 2: they are not among"));
    assert!(!log.contains("黑龙江"), "no name stands in the log");
}

#[tokio::test]
async fn n44_somebody_without_an_account_is_told_so() {
    let stage = Stage::open(BOTH).await;
    let mut browser = stage.signed_in(CHEN_TAO).await;
    let page = browser.get(stage.program.at("/launch/own")).await;
    closed(
        &page,
        &["没有与您对应的账号", "has no account that belongs to you"],
    );
    let answer = browser.get(stage.client("own").authorize_url(&[])).await;
    assert_eq!(answer.parameter("error").unwrap(), "access_denied");
}

#[tokio::test]
async fn n44_a_change_of_user_leads_nobody_into_a_closed_app() {
    let stage = Stage::open(CHEN_TAO_ALONE).await;
    let mut browser = stage.signed_in(CHEN_TAO).await;
    let asked = stage.launch(&mut browser, "app", HEI_LONG_JIANG).await;
    let question = browser.get(asked.location()).await;
    let confirmation = question.field("confirmation");
    let form = [("confirmation", confirmation.as_str())];
    let answer = browser.post(stage.program.at("/switch"), &form).await;
    closed(&answer, &["黑龙江"]);
    let apps = browser.get(stage.program.at("/launch")).await;
    assert!(apps.body.contains("黑龙江"), "the sign-in stands");
}

#[tokio::test]
async fn n44_being_signed_in_for_one_app_opens_no_other() {
    let stage = Stage::open(CHEN_TAO_ALONE).await;
    let mut browser = stage.signed_in(HEI_LONG_JIANG).await;
    let (app, open) = (stage.client("app"), stage.client("open"));
    for changes in [&[][..], &[("prompt", "none")], &[("max_age", "600")]] {
        let answer = browser.get(app.authorize_url(changes)).await;
        assert_eq!(answer.parameter("error").unwrap(), "access_denied");
        assert_eq!(answer.parameter("code"), None);
        assert_eq!(answer.parameter("state").unwrap(), "the-state");
        let elsewhere = browser.get(open.authorize_url(changes)).await;
        RelyingParty::code(&elsewhere);
    }
    let posted = app.authorize_url(&[]);
    let form: Vec<_> = posted.query_pairs().collect();
    let form: Vec<_> = form.iter().map(|(k, v)| (k.as_ref(), v.as_ref())).collect();
    let answer = browser.post(stage.program.at("/authorize"), &form).await;
    assert_eq!(answer.parameter("error").unwrap(), "access_denied");
}

#[tokio::test]
async fn n44_a_request_that_waited_or_brought_its_ticket_is_asked_the_same() {
    let stage = Stage::open(CHEN_TAO_ALONE).await;
    let app = stage.client("app");
    let mut browser = Browser::new();
    let waiting = browser.get(app.authorize_url(&[])).await;
    assert_eq!(waiting.status, 200, "{}", waiting.body);
    let launched = stage.launch(&mut browser, "open", HEI_LONG_JIANG).await;
    let resumed = browser.get(launched.location()).await;
    assert_eq!(resumed.parameter("error").unwrap(), "access_denied");

    let ticket = stage.portal.issue_ticket(HEI_LONG_JIANG);
    let url = app.authorize_url(&[("ticket", &ticket)]);
    let answer = Browser::new().get(url).await;
    assert_eq!(answer.parameter("error").unwrap(), "access_denied");
    let ticket = stage.portal.issue_ticket(CHEN_TAO);
    let url = app.authorize_url(&[("ticket", &ticket)]);
    RelyingParty::code(&Browser::new().get(url).await);
}

#[tokio::test]
async fn n44_a_code_is_worth_nothing_once_the_app_is_closed() {
    let stage = Stage::open(BOTH).await;
    let app = stage.client("app");
    let code = app.login(&mut stage.signed_in(CHEN_TAO).await).await;
    stage.regroup(HEI_LONG_JIANG_ALONE).await;
    refused(&app.redeem(&code).await, "invalid_grant");
    stage.regroup(BOTH).await;
    refused(&app.redeem(&code).await, "invalid_grant");
}

#[tokio::test]
async fn n44_nothing_is_refreshed_while_the_app_is_closed() {
    let stage = Stage::open(BOTH).await;
    let app = stage.client("app");
    let tokens = stage.tokens("app", CHEN_TAO).await;
    let of_another = stage.tokens("app", HEI_LONG_JIANG).await;
    stage.regroup(HEI_LONG_JIANG_ALONE).await;
    let refresh_token = token(&tokens, "refresh_token");
    refused(&app.refresh(&refresh_token).await, "invalid_grant");
    let other = app.refresh(&token(&of_another, "refresh_token")).await;
    assert_eq!(other.status, 200, "{}", other.body);
    stage.regroup(BOTH).await;
    let again = app.refresh(&refresh_token).await;
    assert_eq!(again.status, 200, "what was refused was not spent");
}

#[tokio::test]
async fn n44_a_token_tells_nothing_while_the_app_is_closed() {
    let stage = Stage::open(BOTH).await;
    let app = stage.client("app");
    let tokens = stage.tokens("app", CHEN_TAO).await;
    let access_token = token(&tokens, "access_token");
    let refresh_token = token(&tokens, "refresh_token");
    let told = async || {
        let userinfo = app.userinfo(&access_token).await.status.as_u16();
        let access = app.post_token("/introspect", &access_token).await;
        let refresh = app.post_token("/introspect", &refresh_token).await;
        (
            userinfo,
            access.json()["active"].clone(),
            refresh.json()["active"].clone(),
        )
    };
    assert_eq!(told().await, (200, true.into(), true.into()));
    stage.regroup(HEI_LONG_JIANG_ALONE).await;
    assert_eq!(told().await, (401, false.into(), false.into()));
    // Out is out: to give a token up is never refused.
    let revoked = app.post_token("/revoke", &refresh_token).await;
    assert_eq!(revoked.status, 200);
    stage.regroup(BOTH).await;
    assert_eq!(told().await, (401, false.into(), false.into()));
}

#[tokio::test]
async fn n44_no_ticket_is_exchanged_for_somebody_the_client_is_closed_to() {
    let stage = Stage::open(CHEN_TAO_ALONE).await;
    for (user, target, error) in [
        (HEI_LONG_JIANG, "https://plain", Some("invalid_request")),
        (CHEN_TAO, "https://billing", Some("invalid_target")),
        (CHEN_TAO, "https://plain", None),
    ] {
        let ticket = stage.portal.issue_ticket(user);
        let answer = stage.exchange((TICKET, &ticket), target).await;
        match error {
            Some(error) => refused(&answer, error),
            None => assert_eq!(answer.status, 200, "{}", answer.body),
        }
    }
}

#[tokio::test]
async fn n44_no_token_is_exchanged_for_a_client_or_a_service_that_is_closed() {
    let stage = Stage::open(BOTH).await;
    let held = token(&stage.tokens("open", CHEN_TAO).await, "access_token");
    let of_app = token(&stage.tokens("app", CHEN_TAO).await, "access_token");
    let it = (ACCESS_TOKEN, held.as_str());
    refused(
        &stage.exchange(it, "https://billing").await,
        "invalid_target",
    );
    let answer = stage.exchange(it, "https://plain").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let exchanged = token(&answer.json(), "access_token");
    let (gateway, billing) = (stage.client("gateway"), stage.client("billing"));
    // Nor does a service learn of people it is closed to, even by a token that is for it.
    let told = billing.post_token("/introspect", &held).await;
    assert_eq!(told.json(), serde_json::json!({"active": false}));

    stage.regroup("group,id\nclerks,1\n").await;
    let told = billing.post_token("/introspect", &held).await;
    assert_eq!(told.json()["active"], true);
    refused(
        &stage.exchange(it, "https://plain").await,
        "invalid_request",
    );
    let of_app = (ACCESS_TOKEN, of_app.as_str());
    refused(
        &stage.exchange(of_app, "https://plain").await,
        "invalid_request",
    );
    // What had been exchanged before is dead too.
    let told = gateway.post_token("/introspect", &exchanged).await;
    assert_eq!(told.json()["active"], false);
}
