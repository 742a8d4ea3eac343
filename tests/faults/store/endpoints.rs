//! One request for each endpoint, with everything it needs to succeed.

use panda_oidc_panda::simulator::SimulatorHandle;

use super::request::{Failure, Needs, Request};
use crate::support::app::VERIFIER;
use crate::support::browser::Browser;
use crate::support::program::{Program, REDIRECT_URI};
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{launch_url, signed_in, tokens};

pub const SCIM_TOKEN: &str = "hr-0123456789abcdef0123456789abcdef";
pub const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub const TICKET: &str = "urn:panda-oidc:token-type:ticket";
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The endpoints that anybody may read, and those of the admin listener.
pub fn for_operators(program: &Program) -> Vec<Request> {
    let admin = |name, path: &str| Request::get(name, format!("{}{path}", program.admin));
    let scim = |name, path: &str| {
        admin(name, path)
            .bearer(SCIM_TOKEN)
            .needs(Needs::Read, Failure::Scim)
    };
    vec![
        Request::get("discovery", program.at("/.well-known/openid-configuration")),
        Request::get("jwks", program.at("/jwks")),
        admin("healthz", "/healthz"),
        admin("readyz", "/readyz").needs(Needs::Write, Failure::Text),
        admin("metrics", "/metrics").needs(Needs::Read, Failure::Less),
        scim("SCIM list", "/scim/v2/Users"),
        scim("SCIM user", "/scim/v2/Users/1"),
        scim("SCIM groups", "/scim/v2/Groups"),
    ]
}

/// The pages, and the redirects to the client.
pub async fn for_browsers(program: &Program, portal: &SimulatorHandle) -> Vec<Request> {
    let mut requests = authorization(program, portal).await;
    requests.extend(launches(program, portal).await);
    requests.extend(confirmations(program, portal).await);
    requests
}

fn read(request: Request) -> Request {
    request.needs(Needs::Read, Failure::Page)
}

fn write(request: Request) -> Request {
    request.needs(Needs::Write, Failure::Page).succeeds(303)
}

/// `url` with a new ticket of Chen Tao.
fn with_ticket(portal: &SimulatorHandle, url: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}ticket={}", portal.issue_ticket(CHEN_TAO))
}

async fn authorization(program: &Program, portal: &SimulatorHandle) -> Vec<Request> {
    let client = program.client();
    let authorize = |changes: &[(&str, &str)]| client.authorize_url(changes).to_string();
    let browser = signed_in(program, portal).await;
    let mut waiting = Browser::new();
    waiting.get(authorize(&[])).await;
    let launch = launch_url(program, &portal.issue_ticket(CHEN_TAO));
    let resume = waiting.get(launch).await.location();
    let form: Vec<_> = client
        .authorize_url(&[])
        .query_pairs()
        .into_owned()
        .collect();
    let silent = |name, mode, failure| {
        let url = authorize(&[("prompt", "none"), ("response_mode", mode)]);
        write(Request::get(name, url))
            .from(&browser)
            .needs(Needs::Write, failure)
    };
    let ticket = with_ticket(portal, &authorize(&[]));
    let silent_ticket = with_ticket(portal, &authorize(&[("prompt", "none")]));
    vec![
        Request::get("authorize, nobody signed in", authorize(&[])),
        write(Request::get("authorize", authorize(&[]))).from(&browser),
        write(Request::get("authorize, ticket", ticket)),
        read(Request::get(
            "authorize, max_age=0",
            authorize(&[("max_age", "0")]),
        ))
        .from(&browser),
        write(Request::post(
            "POST /authorize",
            program.at("/authorize"),
            &form,
        ))
        .from(&browser),
        silent("prompt=none", "query", Failure::Query),
        silent("prompt=none, fragment", "fragment", Failure::Fragment),
        silent("prompt=none, form_post", "form_post", Failure::FormPost).succeeds(200),
        write(Request::get("prompt=none, ticket", silent_ticket))
            .needs(Needs::Write, Failure::Query),
        write(Request::get("resume", resume)).from(&waiting),
    ]
}

async fn launches(program: &Program, portal: &SimulatorHandle) -> Vec<Request> {
    let browser = signed_in(program, portal).await;
    let with_ticket = |path| with_ticket(portal, &program.at(path));
    vec![
        write(Request::get("launch", with_ticket("/launch"))),
        write(Request::get("launch, client", with_ticket("/launch/app"))),
        write(Request::get(
            "launch, deep link",
            with_ticket("/launch/app/d/1"),
        )),
        read(Request::get("list of apps", program.at("/launch"))).from(&browser),
        read(Request::get(
            "launch without ticket",
            program.at("/launch/app"),
        ))
        .from(&browser)
        .succeeds(303),
    ]
}

/// The change of the user and the logout.
async fn confirmations(program: &Program, portal: &SimulatorHandle) -> Vec<Request> {
    let mut switching = signed_in(program, portal).await;
    let other = portal.issue_ticket(HEI_LONG_JIANG);
    switching.get(launch_url(program, &other)).await;
    let switch = switching.get(program.at("/switch")).await;
    let switch = [("confirmation", switch.field("confirmation"))];
    let mut leaving = signed_in(program, portal).await;
    let logout = leaving.get(program.at("/logout")).await;
    let logout = [("confirmation", logout.field("confirmation"))];
    let mut hinted = signed_in(program, portal).await;
    let hint = tokens(program, &mut hinted).await;
    let hint = hint["id_token"].as_str().unwrap();
    let hint = program.at(&format!("/logout?id_token_hint={hint}"));
    let confirm = program.at("/logout/confirm");
    vec![
        read(Request::get("switch", program.at("/switch"))).from(&switching),
        write(Request::post(
            "POST /switch",
            program.at("/switch"),
            &switch,
        ))
        .from(&switching),
        read(Request::get("logout", program.at("/logout"))).from(&leaving),
        write(Request::post("POST /logout/confirm", confirm, &logout))
            .from(&leaving)
            .succeeds(200),
        write(Request::get("logout, hint", hint))
            .from(&hinted)
            .succeeds(200),
    ]
}

/// The endpoints for clients and their tokens.
pub async fn for_clients(program: &Program, portal: &SimulatorHandle) -> Vec<Request> {
    let client = program.client();
    let mut browser = signed_in(program, portal).await;
    let given = tokens(program, &mut browser).await;
    let given = |name: &str| given[name].as_str().unwrap();
    let code = client.login(&mut browser).await;
    let revoked = tokens(program, &mut browser).await;
    let revoked = revoked["refresh_token"].as_str().unwrap();
    let ticket = portal.issue_ticket(CHEN_TAO);
    let token = |name, form: &[(&str, &str)]| Request::of_client(name, &client, "/token", form);
    vec![
        token(
            "code",
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", REDIRECT_URI),
                ("code_verifier", VERIFIER),
            ],
        ),
        token(
            "refresh",
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", given("refresh_token")),
            ],
        ),
        token(
            "client_credentials",
            &[("grant_type", "client_credentials")],
        )
        .needs(Needs::Nothing, Failure::OAuth),
        token(
            "exchange of a ticket",
            &[
                ("grant_type", TOKEN_EXCHANGE),
                ("subject_token_type", TICKET),
                ("subject_token", &ticket),
            ],
        ),
        token(
            "exchange of a token",
            &[
                ("grant_type", TOKEN_EXCHANGE),
                ("subject_token_type", ACCESS_TOKEN),
                ("subject_token", given("access_token")),
                ("resource", "https://api"),
            ],
        )
        .needs(Needs::Read, Failure::OAuth),
        Request::of_client(
            "introspect",
            &client,
            "/introspect",
            &[("token", given("access_token"))],
        )
        .needs(Needs::Read, Failure::OAuth),
        Request::of_client("revoke", &client, "/revoke", &[("token", revoked)]),
        Request::get("userinfo", program.at("/userinfo"))
            .bearer(given("access_token"))
            .needs(Needs::Read, Failure::OAuth),
    ]
}
