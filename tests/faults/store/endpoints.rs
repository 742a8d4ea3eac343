//! One request for each endpoint, with everything it needs to succeed.

use jsonwebtoken::Algorithm;
use panda_oidc_panda::simulator::SimulatorHandle;
use panda_oidc_sdk::{Clock as _, SystemClock};
use serde_json::json;

use super::request::{Failure, Needs, Request};
use crate::support::app::VERIFIER;
use crate::support::assertion::{self, ClientKey};
use crate::support::browser::Browser;
use crate::support::program::{Program, REDIRECT_URI};
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{launch_url, signed_in, tokens};

const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// A client that authenticates with `client_secret_jwt`.
pub const SIGNING_CLIENT: &str = "signing";
pub const SIGNING_SECRET: &str = "signing-secret-0123456789abcdef0123456789";
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
    let search = |name, path: &str| scim(name, path).search();
    let fixed = |name, path: &str| scim(name, path).needs(Needs::Nothing, Failure::Scim);
    vec![
        Request::get(
            "well_known::metadata",
            program.at("/.well-known/openid-configuration"),
        ),
        Request::get("well_known::jwks", program.at("/jwks")),
        Request::get("failed_launch::page", program.at("/problem")).succeeds(410),
        Request::get("onward::page", program.at("/onward")).succeeds(410),
        Request::get("failed_launch::retry", program.at("/retry")).succeeds(410),
        Request::get("well_known::favicon", program.at("/favicon.ico")),
        Request::get("well_known::robots", program.at("/robots.txt")),
        admin("alive", "/healthz"),
        admin("ready", "/readyz").needs(Needs::Write, Failure::Text),
        admin("metrics::metrics", "/metrics").needs(Needs::Read, Failure::Less),
        scim("users::list", "/scim/v2/Users"),
        search("users::list, search", "/scim/v2/Users/.search"),
        scim("users::one", "/scim/v2/Users/1"),
        scim("groups::list", "/scim/v2/Groups"),
        search("groups::list, search", "/scim/v2/Groups/.search"),
        scim("groups::one", "/scim/v2/Groups/dispatch"),
        fixed(
            "discovery::service_provider",
            "/scim/v2/ServiceProviderConfig",
        ),
        fixed("discovery::resource_types", "/scim/v2/ResourceTypes"),
        fixed("discovery::resource_type", "/scim/v2/ResourceTypes/User"),
        fixed("discovery::schemas", "/scim/v2/Schemas"),
        fixed(
            "discovery::schema",
            &format!("/scim/v2/Schemas/{USER_SCHEMA}"),
        ),
        fixed("not_supported", "/scim/v2/Me").succeeds(501),
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
    let mut browser = signed_in(program, portal).await;
    // The login that the launch led to is done: the next `max_age=0` demands another sign-in.
    tokens(program, &mut browser).await;
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
        Request::get("authorize::get, nobody signed in", authorize(&[])),
        write(Request::get("authorize::get", authorize(&[]))).from(&browser),
        write(Request::get("authorize::get, ticket", ticket)),
        read(Request::get(
            "authorize::get, max_age=0",
            authorize(&[("max_age", "0")]),
        ))
        .from(&browser),
        write(Request::post(
            "authorize::post",
            program.at("/authorize"),
            &form,
        ))
        .from(&browser),
        // A browser sends no cookies with a form of another site.
        Request::post(
            "authorize::post, from another site",
            program.at("/authorize"),
            &form,
        )
        .succeeds(303),
        silent("authorize::get, prompt=none", "query", Failure::Query),
        silent(
            "authorize::get, prompt=none, fragment",
            "fragment",
            Failure::Fragment,
        ),
        silent(
            "authorize::get, prompt=none, form_post",
            "form_post",
            Failure::FormPost,
        )
        .succeeds(200),
        write(Request::get(
            "authorize::get, prompt=none, ticket",
            silent_ticket,
        ))
        .needs(Needs::Write, Failure::Query),
        write(Request::get("authorize::resume", resume)).from(&waiting),
    ]
}

async fn launches(program: &Program, portal: &SimulatorHandle) -> Vec<Request> {
    let browser = signed_in(program, portal).await;
    let with_ticket = |path| with_ticket(portal, &program.at(path));
    vec![
        write(Request::get("launch::launch_any", with_ticket("/launch"))),
        write(Request::get(
            "launch::launch_client",
            with_ticket("/launch/app"),
        )),
        write(Request::get(
            "launch::launch_deep_link",
            with_ticket("/launch/app/d/1"),
        )),
        Request::get("launch::root", program.at("/")).succeeds(303),
        read(Request::get(
            "launch::launch_any, list of apps",
            program.at("/launch"),
        ))
        .from(&browser),
        read(Request::get(
            "launch::launch_client, without ticket",
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
    let hint_url = program.at(&format!("/logout?id_token_hint={hint}"));
    let mut posting = signed_in(program, portal).await;
    let posted = tokens(program, &mut posting).await;
    let posted = [("id_token_hint", posted["id_token"].as_str().unwrap())];
    let confirm = program.at("/logout/confirm");
    vec![
        read(Request::get("account_switch::page", program.at("/switch"))).from(&switching),
        write(Request::post(
            "account_switch::confirm",
            program.at("/switch"),
            &switch,
        ))
        .from(&switching),
        read(Request::get("logout::get", program.at("/logout"))).from(&leaving),
        write(Request::post("logout::confirm", confirm, &logout))
            .from(&leaving)
            .succeeds(200),
        write(Request::post(
            "logout::post",
            program.at("/logout"),
            &posted,
        ))
        .from(&posting)
        .succeeds(200),
        write(Request::get("logout::get, hint", hint_url))
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
    let exchange = [
        ("grant_type", TOKEN_EXCHANGE),
        ("subject_token_type", ACCESS_TOKEN),
        ("subject_token", given("access_token")),
        ("resource", "https://api"),
    ];
    let exchanged = client.token(&exchange).await.json();
    let exchanged = exchanged["access_token"].as_str().unwrap();
    let token = |name, form: &[(&str, &str)]| Request::of_client(name, &client, "/token", form);
    vec![
        token(
            "token::token, code",
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", REDIRECT_URI),
                ("code_verifier", VERIFIER),
            ],
        ),
        token(
            "token::token, refresh",
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", given("refresh_token")),
            ],
        ),
        token(
            "token::token, client_credentials",
            &[("grant_type", "client_credentials")],
        )
        .needs(Needs::Nothing, Failure::OAuth),
        token(
            "token::token, exchange of a ticket",
            &[
                ("grant_type", TOKEN_EXCHANGE),
                ("subject_token_type", TICKET),
                ("subject_token", &ticket),
            ],
        ),
        token("token::token, exchange of a token", &exchange).needs(Needs::Read, Failure::OAuth),
        Request::of_client(
            "introspect::introspect",
            &client,
            "/introspect",
            &[("token", given("access_token"))],
        )
        .needs(Needs::Read, Failure::OAuth),
        Request::of_client(
            "introspect::introspect, refresh token",
            &client,
            "/introspect",
            &[("token", given("refresh_token"))],
        )
        .needs(Needs::Read, Failure::OAuth),
        with_assertion(program),
        Request::post(
            "userinfo::userinfo, post",
            program.at("/userinfo"),
            &[("access_token", given("access_token"))],
        )
        .needs(Needs::Read, Failure::OAuth),
        Request::get("userinfo::emails", program.at("/userinfo/emails"))
            .bearer(given("access_token"))
            .needs(Needs::Read, Failure::OAuth),
        Request::get("userinfo::userinfo", program.at("/userinfo"))
            .bearer(given("access_token"))
            .needs(Needs::Read, Failure::OAuth),
        Request::of_client("revoke::revoke", &client, "/revoke", &[("token", revoked)]),
        Request::of_client(
            "revoke::revoke, exchanged token",
            &client,
            "/revoke",
            &[("token", exchanged)],
        ),
    ]
}

/// A client that authenticates with an assertion, which is recorded so that it cannot be used again.
fn with_assertion(program: &Program) -> Request {
    let key = ClientKey::secret(Algorithm::HS256, SIGNING_SECRET);
    let now = SystemClock.now().timestamp();
    let assertion = key.sign(&json!({
        "iss": SIGNING_CLIENT, "sub": SIGNING_CLIENT, "aud": program.issuer, "jti": "once",
        "iat": now, "exp": now + 60,
    }));
    Request::post(
        "token::token, client_secret_jwt",
        program.at("/token"),
        &[
            ("grant_type", "client_credentials"),
            ("client_id", SIGNING_CLIENT),
            ("client_assertion_type", assertion::TYPE),
            ("client_assertion", &assertion),
        ],
    )
    .needs(Needs::Write, Failure::OAuth)
}
