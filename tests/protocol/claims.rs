//! Claims per client: the operator's rules produce them, the same for ID token and userinfo.

use panda_oidc_panda::simulator::{Person, Simulator, SimulatorSettings};
use reqwest::Method;
use serde_json::{Value, json};

use crate::kit::{registered, registration};
use crate::support::CHEN_TAO;
use crate::support::app::{RelyingParty, claims};
use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::support::provider::TestProvider;

const ALL: &str = "openid profile email phone";

/// Claims about the token, not about the user.
const TOKEN_CLAIMS: [&str; 8] = [
    "iss",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "at_hash",
    "sid",
];

/// A provider with a client `app`; `lines` are added to its registration.
async fn provider(lines: &str) -> (TestProvider, RelyingParty) {
    let provider = TestProvider::open_with(&registration("app", lines), "").await;
    let app = registered(&provider, "app");
    (provider, app)
}

/// The token response of a login with `scope`.
async fn tokens(app: &RelyingParty, browser: &mut Browser, scope: &str) -> Value {
    let answer = browser.get(app.authorize_url(&[("scope", scope)])).await;
    let answer = app.redeem(&RelyingParty::code(&answer)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// The claims about `user` that `app` receives in a login with `scope`.
async fn user_claims(provider: &TestProvider, app: &RelyingParty, user: u64, scope: &str) -> Value {
    let tokens = tokens(app, &mut provider.signed_in(user).await, scope).await;
    same_in_both(app, &tokens).await
}

/// The claims about the user in the ID token, after a check that userinfo has the same.
async fn same_in_both(app: &RelyingParty, tokens: &Value) -> Value {
    let mut person = claims(tokens["id_token"].as_str().unwrap());
    for claim in TOKEN_CLAIMS {
        person.as_object_mut().unwrap().remove(claim).unwrap();
    }
    let userinfo = app.userinfo(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(userinfo.json(), person);
    person
}

async fn emails(app: &RelyingParty, tokens: &Value) -> Answer {
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    Browser::new()
        .send(Method::GET, app.at("/userinfo/emails"), |request| {
            request.bearer_auth(token)
        })
        .await
}

#[tokio::test]
async fn the_name_of_a_person_is_split_and_that_of_a_company_is_not() {
    let (provider, app) = provider("").await;
    provider.portal.add_user(Person::new(7, "欧阳静", ""));
    provider.portal.add_user(Person::new(8, "新耀分公司", ""));
    let person = user_claims(&provider, &app, 7, "openid profile").await;
    assert_eq!(person["name"], "欧阳静");
    assert_eq!(person["family_name"], "欧阳");
    assert_eq!(person["given_name"], "静");
    assert_eq!(person["preferred_username"], "7", "never the name");
    let company = user_claims(&provider, &app, 8, "openid profile").await;
    assert_eq!(company["name"], "新耀分公司");
    assert_eq!(company.get("family_name"), None);
    assert_eq!(company.get("given_name"), None);
}

#[tokio::test]
async fn custom_claims_reach_one_client_and_keep_their_json_type() {
    let lines = "[clients.claims]\n\
                 login = 'u{{ user.id }}'\n\
                 groups = '{{ groups }}'\n\
                 shown = { value = '{{ user.name }} ({{ user.id }})', scope = 'profile' }\n\
                 level = '{{ 40 + 2 }}'\n\
                 staff = '{{ user.id == \"1\" }}'\n\
                 'https://example.com/site' = '{{ [\"east\"] }}'\n\
                 nothing = '{{ link.attributes.nothing }}'";
    let (provider, app) = provider(lines).await;
    let person = user_claims(&provider, &app, CHEN_TAO, "openid").await;
    let own = json!({
        "sub": "1", "login": "u1", "groups": [], "level": "42", "staff": true,
        "https://example.com/site": ["east"],
    });
    assert_eq!(person, own);
    let person = user_claims(&provider, &app, CHEN_TAO, "openid profile").await;
    assert_eq!(person["shown"], "陈涛 (1)");
    let other = user_claims(&provider, &provider.client("grafana"), CHEN_TAO, "openid").await;
    assert_eq!(other, json!({"sub": "1"}));
}

#[tokio::test]
async fn a_failing_rule_omits_its_claim_and_is_logged_once_without_personal_data() {
    let portal = Simulator::start(SimulatorSettings::default())
        .await
        .unwrap();
    let lines = registration(
        "rules",
        "claims = { bad = '{{ user.name | sum }}', good = 'x' }",
    );
    let program = Program::start(portal.url().as_str(), &lines).await;
    let app = RelyingParty {
        client_id: "rules".to_owned(),
        client_secret: Some("another-secret-0123456789".to_owned()),
        redirect_uri: "http://127.0.0.1:9/rules".to_owned(),
        ..program.client()
    };
    let mut browser = Browser::new();
    let ticket = portal.issue_ticket(CHEN_TAO);
    let entry = program.at(&format!("/launch/app?ticket={ticket}"));
    browser.get(entry).await;
    let tokens = tokens(&app, &mut browser, "openid").await;
    let person = same_in_both(&app, &tokens).await;
    assert_eq!(person, json!({"sub": "1", "good": "x"}));
    let log = program.log();
    let complaint = "The rule for bad of rules failed";
    assert_eq!(log.matches(complaint).count(), 1, "{log}");
    let line = log.lines().find(|line| line.contains(complaint)).unwrap();
    assert!(line.contains("WARN") && !line.contains("陈涛"), "{line}");
}

#[tokio::test]
async fn f18_the_email_is_omitted_unless_the_client_has_a_policy() {
    let (provider, app) = provider("").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let tokens = tokens(&app, &mut browser, ALL).await;
    assert_eq!(tokens["scope"], "openid profile phone");
    let person = same_in_both(&app, &tokens).await;
    assert_eq!(person.get("email"), None);
    assert_eq!(person.get("email_verified"), None);
    let listed = emails(&app, &tokens).await;
    assert_eq!(listed.status, 200);
    assert_eq!(listed.json(), json!([]));
}

#[tokio::test]
async fn f18_a_synthetic_email_is_never_verified() {
    for email in ["{{ user.id }}@panda.invalid", "{id}@panda.invalid"] {
        let (provider, app) = provider(&format!("email = '{email}'")).await;
        let mut browser = provider.signed_in(CHEN_TAO).await;
        let all = tokens(&app, &mut browser, ALL).await;
        assert_eq!(all["scope"], ALL);
        let person = same_in_both(&app, &all).await;
        assert_eq!(person["email"], "1@panda.invalid");
        assert_eq!(person["email_verified"], false);
        let listed = emails(&app, &all).await;
        assert_eq!(
            listed.json(),
            json!([{"email": "1@panda.invalid", "primary": true, "verified": false}])
        );
        assert_eq!(listed.header("cache-control"), "no-store");
        let other = user_claims(&provider, &provider.client("grafana"), CHEN_TAO, ALL).await;
        assert_eq!(other.get("email"), None, "another client's");
    }
    let (provider, app) = provider("email = 'link'").await;
    let person = user_claims(&provider, &app, CHEN_TAO, ALL).await;
    assert_eq!(person.get("email"), None, "nobody is linked");
}

#[tokio::test]
async fn emails_are_listed_only_for_a_token_that_grants_them() {
    let (provider, app) = provider("email = '{id}@panda.invalid'").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for scope in ["openid profile", "user:email"] {
        let tokens = tokens(&app, &mut browser, scope).await;
        let refused = emails(&app, &tokens).await;
        assert_eq!(refused.status, 403, "{scope}");
        let challenge = refused.header("www-authenticate");
        assert!(challenge.contains("insufficient_scope"), "{challenge}");
    }
    let bare = Browser::new().get(app.at("/userinfo/emails")).await;
    assert_eq!(bare.status, 401);
    assert_eq!(
        bare.header("www-authenticate"),
        "Bearer realm=\"panda-oidc\""
    );
    let nonsense = emails(&app, &json!({"access_token": "nonsense"})).await;
    assert_eq!(nonsense.status, 401);
}

#[tokio::test]
async fn email_and_given_name_can_be_requested_by_the_claims_parameter() {
    let (provider, app) = provider("email = '{id}@panda.invalid'").await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let requested = json!({"userinfo": {"email": null, "given_name": null}}).to_string();
    let url = app.authorize_url(&[("scope", "openid"), ("claims", &requested)]);
    let code = RelyingParty::code(&browser.get(url).await);
    let tokens = app.redeem(&code).await.json();
    let userinfo = app.userinfo(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(
        userinfo.json(),
        json!({"sub": "1", "email": "1@panda.invalid", "given_name": "涛"})
    );
    assert_eq!(
        claims(tokens["id_token"].as_str().unwrap()).get("email"),
        None
    );
    assert_eq!(emails(&app, &tokens).await.status, 200);
}

#[tokio::test]
async fn discovery_lists_email_if_a_client_can_receive_one() {
    let listed = async |provider: &TestProvider, member: &str, value: &str| {
        let url = provider.at("/.well-known/openid-configuration");
        let document = Browser::new().get(url).await.json();
        document[member].as_array().unwrap().contains(&json!(value))
    };
    for (lines, is_listed) in [
        ("", false),
        ("email = 'omit'", false),
        ("email = 'link'", true),
        ("preset = 'grafana'", true),
        ("preset = 'spring'", false),
    ] {
        let (provider, _) = provider(lines).await;
        assert_eq!(
            listed(&provider, "scopes_supported", "email").await,
            is_listed,
            "{lines}"
        );
        for claim in ["email", "email_verified"] {
            assert_eq!(
                listed(&provider, "claims_supported", claim).await,
                is_listed,
                "{lines}"
            );
        }
        assert!(listed(&provider, "claims_supported", "family_name").await);
    }
}

#[tokio::test]
async fn a_preset_produces_the_claims_that_its_client_needs() {
    for (preset, own) in [
        (
            "grafana",
            json!({
                "email": "1@panda.invalid", "email_verified": false, "family_name": "陈",
                "given_name": "涛", "login": "1", "groups": [], "roles": [],
            }),
        ),
        (
            "keycloak",
            json!({
                "email": "1@panda.invalid", "email_verified": false, "family_name": "陈",
                "given_name": "涛", "groups": [], "roles": [],
            }),
        ),
        (
            "oauth2-proxy",
            json!({
                "email": "1@panda.invalid", "family_name": "陈", "given_name": "涛", "groups": [],
            }),
        ),
        (
            "spring",
            json!({"family_name": "陈", "given_name": "涛", "groups": [], "roles": []}),
        ),
    ] {
        let (provider, app) = provider(&format!("preset = '{preset}'")).await;
        let mut person = user_claims(&provider, &app, CHEN_TAO, "openid profile email").await;
        let all = person.as_object_mut().unwrap();
        for common in ["sub", "name", "preferred_username", "updated_at"] {
            all.remove(common).unwrap();
        }
        assert_eq!(person, own, "{preset}");
    }
}

#[tokio::test]
async fn the_keycloak_preset_always_gives_given_name_and_family_name() {
    let (provider, app) = provider("preset = 'keycloak'").await;
    provider.portal.add_user(Person::new(8, "新耀(分公司)", ""));
    let company = user_claims(&provider, &app, 8, "openid profile").await;
    assert_eq!(company["name"], "新耀(分公司)");
    assert_eq!(company["given_name"], "新耀（分公司）");
    assert_eq!(company["family_name"], "-");
}
