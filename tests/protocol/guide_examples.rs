//! The responses that guides show have the members that responses have.

use panda_oidc_panda::simulator::Person;
use serde_json::{Deserializer, Value};

use crate::guide_texts::guide;
use crate::kit::{registered, registration};
use crate::support::app::{RelyingParty, claims, header};
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;

const CLIENTS: [&str; 2] = guide!("clients");
const CLAIMS: [&str; 2] = guide!("claims");
const REFRESH: [&str; 2] = guide!("refresh-tokens");
const REQUESTS: [&str; 2] = guide!("requests");
const SERVICES: [&str; 2] = guide!("services");
const MICROSERVICES: [&str; 2] = guide!("microservices");
/// The user that the guides show: 陈涛, with a number that is E.164.
const USER: u64 = 17;

/// The members of every JSON object in the fenced blocks of a guide.
fn examples(guide: &str) -> Vec<Vec<String>> {
    let mut examples = Vec::new();
    for block in guide.split("```").skip(1).step_by(2) {
        for (at, _) in block.match_indices("{\"") {
            let before = block[..at].chars().next_back();
            if before.is_none_or(char::is_whitespace) {
                let mut objects = Deserializer::from_str(&block[at..]).into_iter::<Value>();
                examples.extend(objects.next().and_then(Result::ok).map(|it| members(&it)));
            }
        }
    }
    examples
}

fn members(object: &Value) -> Vec<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

/// Each of `responses` has an example in both languages of a guide.
#[track_caller]
fn assert_shown(guides: &[&str], responses: &[&Value]) {
    for guide in guides {
        let examples = examples(guide);
        for response in responses {
            let members = members(response);
            assert!(
                examples.contains(&members),
                "{members:?} is none of {examples:#?}"
            );
        }
    }
}

async fn provider() -> TestProvider {
    let myapp = registration(
        "myapp",
        "allowed_resources = ['https://billing.example.com', 'https://stock.example.com']",
    );
    let billing = registration(
        "billing",
        "grant_types = ['client_credentials', 'urn:ietf:params:oauth:grant-type:token-exchange']\n\
         subject_token_types = ['urn:ietf:params:oauth:token-type:access_token', \
             'urn:panda-oidc:token-type:ticket']\n\
         resources = ['https://billing.example.com']\n\
         allowed_resources = ['https://stock.example.com']\n",
    );
    let provider = TestProvider::open_with(&(myapp + &billing), "").await;
    provider
        .portal
        .add_user(Person::new(USER, "陈涛", "13800138000"));
    provider
}

/// A token response of `client` to an authorization request with these changes.
async fn tokens(client: &RelyingParty, browser: &mut Browser, changes: &[(&str, &str)]) -> Value {
    let answer = browser.get(client.authorize_url(changes)).await;
    let answer = client.redeem(&RelyingParty::code(&answer)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn token<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

#[tokio::test]
async fn the_login_that_guides_walk_through_has_these_members() {
    let provider = provider().await;
    let mut browser = provider.signed_in(USER).await;
    let myapp = registered(&provider, "myapp");
    let issued = tokens(&myapp, &mut browser, &[]).await;
    let access_token = token(&issued, "access_token");
    let id_token = token(&issued, "id_token");
    let userinfo = myapp.userinfo(access_token).await.json();
    assert_shown(
        &CLIENTS,
        &[
            &issued,
            &header(id_token),
            &claims(id_token),
            &header(access_token),
            &claims(access_token),
            &userinfo,
        ],
    );
    assert_shown(
        &MICROSERVICES,
        &[&header(access_token), &claims(access_token)],
    );

    let scope = ("scope", "openid profile offline_access");
    let offline = tokens(&myapp, &mut browser, &[scope]).await;
    let refreshed = myapp.refresh(token(&offline, "refresh_token")).await.json();
    assert_shown(&REFRESH, &[&refreshed]);

    let requested = r#"{"id_token":{"name":null},"userinfo":{"phone_number":null}}"#;
    let changes = [("scope", "openid"), ("claims", requested), ("nonce", "")];
    let single = tokens(&myapp, &mut browser, &changes).await;
    let userinfo = myapp.userinfo(token(&single, "access_token")).await.json();
    assert_shown(&REQUESTS, &[&claims(token(&single, "id_token")), &userinfo]);
}

#[tokio::test]
async fn the_responses_to_services_have_the_members_of_the_guide() {
    let provider = provider().await;
    let mut browser = provider.signed_in(USER).await;
    let (myapp, billing) = (
        registered(&provider, "myapp"),
        registered(&provider, "billing"),
    );
    let changes = [
        ("scope", "openid offline_access"),
        ("resource", "https://billing.example.com"),
    ];
    let issued = tokens(&myapp, &mut browser, &changes).await;
    let access_token = token(&issued, "access_token");
    let introspected = billing.post_token("/introspect", access_token).await.json();

    let stock = ("resource", "https://stock.example.com");
    let own = [("grant_type", "client_credentials"), stock];
    let own = billing.token(&own).await.json();

    let exchange = (
        "grant_type",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    );
    let form = [
        exchange,
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("subject_token", access_token),
        stock,
    ];
    let narrowed = billing.token(&form).await.json();

    let ticket = provider.portal.issue_ticket(2);
    let form = [
        exchange,
        ("subject_token_type", "urn:panda-oidc:token-type:ticket"),
        ("subject_token", &ticket),
        ("scope", "openid profile"),
    ];
    let exchanged = billing.token(&form).await.json();
    let userinfo = billing
        .userinfo(token(&exchanged, "access_token"))
        .await
        .json();
    assert_shown(
        &SERVICES,
        &[
            &claims(access_token),
            &introspected,
            &own,
            &claims(token(&own, "access_token")),
            &narrowed,
            &claims(token(&narrowed, "access_token")),
            &exchanged,
            &userinfo,
        ],
    );
}

/// The claims of the guide's own rules, down to their values.
#[tokio::test]
async fn the_rules_of_the_guide_to_claims_give_what_it_shows() {
    for guide in CLAIMS {
        let (_, rules) = guide.split_once("# …\n").unwrap();
        let rules = rules.split("```").next().unwrap();
        let rules = rules.replace("user.id == '1'", &format!("user.id == '{USER}'"));
        let provider = TestProvider::open_with(&registration("app", &rules), "").await;
        provider
            .portal
            .add_user(Person::new(USER, "陈涛", "13800138000"));
        let mut browser = provider.signed_in(USER).await;
        let app = registered(&provider, "app");
        let scope = ("scope", "openid profile email");
        let issued = tokens(&app, &mut browser, &[scope]).await;
        let access_token = token(&issued, "access_token");
        let userinfo = app.userinfo(access_token).await.body;
        let (_, shown) = guide.split_once("/userinfo -H").unwrap();
        let shown = shown.lines().nth(1).unwrap();
        assert_eq!(plain(&userinfo), plain(shown));
        let request = reqwest::Client::new().get(provider.at("/userinfo/emails"));
        let emails = request.bearer_auth(access_token).send().await.unwrap();
        let (_, shown) = guide.split_once("/userinfo/emails -H").unwrap();
        let shown = shown.lines().nth(1).unwrap();
        assert_eq!(plain(&emails.text().await.unwrap()), plain(shown));
    }
}

/// JSON with the guide's id and without the time.
fn plain(json: &str) -> String {
    let json = json.replace(&USER.to_string(), "1");
    let mut value: Value = serde_json::from_str(&json).unwrap();
    if let Some(time) = value.get_mut("updated_at") {
        *time = Value::Null;
    }
    value.to_string()
}
