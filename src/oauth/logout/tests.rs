//! Which logout requests are valid, and what they end.

use chrono::DateTime;
use proptest::prelude::*;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::*;
use crate::crypto::{MasterKey, Purpose};
use crate::keys::{SealedKey, SigningAlg};
use crate::oauth::client::tests::{confidential, public};
use crate::oauth::redirect::RegisteredUri;
use crate::session::tests::session;

const ISSUER: &str = "https://op";
const POST_LOGOUT_URI: &str = "https://app.example.com/out?x=1";

fn keys() -> Keys {
    let sealer = MasterKey::random(&mut rand::rng()).sealer(Purpose::SigningKeys);
    let made =
        SigningAlg::ALL.map(|alg| SealedKey::generate(alg, &sealer, DateTime::UNIX_EPOCH).unwrap());
    Keys::open(&made, &sealer, DateTime::UNIX_EPOCH).unwrap()
}

fn clients() -> Clients {
    let registered = |uri: &str| vec![RegisteredUri::new(uri).unwrap()];
    let mut app = confidential("app", "s");
    app.logout.post_redirects = registered(POST_LOGOUT_URI);
    app.logout.frontchannel = Url::parse("https://app.example.com/bye?a=%20b").ok();
    let mut spa = public("spa");
    spa.logout.post_redirects = registered("http://127.0.0.1/out");
    [app, spa].into_iter().collect()
}

/// An expired ID token of `app` for the session `sid`, with `changes` to its claims.
fn hint(keys: &Keys, changes: &Value) -> String {
    let mut claims = json!({
        "iss": ISSUER, "sub": "1", "aud": "app", "sid": "sid", "auth_time": 0, "iat": 0, "exp": 600,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    keys.sign(SigningAlg::ES256, "JWT", &claims).unwrap()
}

fn read_request(keys: &Keys, pairs: &[(&str, &str)]) -> Result<LogoutRequest, String> {
    let query = Serializer::new(String::new()).extend_pairs(pairs).finish();
    let params = Params::parse(query.as_bytes()).unwrap();
    read(&params, &clients(), keys, ISSUER).map_err(|error| error.description.into_owned())
}

#[test]
fn every_parameter_is_optional() {
    let request = read_request(&keys(), &[("logout_hint", "1"), ("ui_locales", "en")]).unwrap();
    assert!(request.hint.is_none() && request.client.is_none() && request.redirect.is_none());
}

#[test]
fn an_expired_hint_names_the_session_and_the_client() {
    let keys = keys();
    let hint = hint(&keys, &json!({}));
    let request = read_request(&keys, &[("id_token_hint", &hint)]).unwrap();
    assert_eq!(request.client.unwrap().id.as_str(), "app");
    let named = request.hint.unwrap();
    assert_eq!((named.sid.as_str(), named.subject.as_str()), ("sid", "1"));
}

#[test]
fn n49_a_hint_that_is_not_ours_is_refused_and_the_page_says_why() {
    let (ours, others) = (keys(), keys());
    let access = ours.sign(
        SigningAlg::ES256,
        "at+jwt",
        &json!({"iss": ISSUER, "auth_time": 0}),
    );
    for (hint, why) in [
        (
            hint(&others, &json!({})),
            "a key of this provider has signed",
        ),
        (
            hint(&ours, &json!({"iss": "https://op/"})),
            "another issuer",
        ),
        (hint(&ours, &json!({"client_id": "app"})), "another kind"),
        (hint(&ours, &json!({"events": {}})), "another kind"),
        (access.unwrap(), "another kind"),
        (hint(&ours, &json!({"sid": null})), "sid or aud is missing"),
        (
            hint(&ours, &json!({"aud": ["app", "spa"]})),
            "aud is missing",
        ),
        ("x".to_owned(), "it is no JWT"),
    ] {
        let description = read_request(&ours, &[("id_token_hint", &hint)]).unwrap_err();
        assert!(
            description.contains("id_token_hint") && description.contains(why),
            "{description}"
        );
    }
}

#[test]
fn client_id_and_hint_must_name_one_client() {
    let keys = keys();
    let hint = hint(&keys, &json!({}));
    let both = |id| read_request(&keys, &[("id_token_hint", &hint), ("client_id", id)]);
    assert!(both("app").is_ok());
    assert!(both("spa").unwrap_err().contains("another client"));
    let unknown = read_request(&keys, &[("client_id", "nobody")]).unwrap_err();
    assert!(unknown.contains("client_id is not registered"), "{unknown}");
}

#[test]
fn n10_n49_the_browser_is_sent_only_to_a_uri_that_the_client_registered() {
    let keys = keys();
    let hint = hint(&keys, &json!({}));
    let redirect_to = |uri: &str| {
        let by_hint = read_request(
            &keys,
            &[("id_token_hint", &hint), ("post_logout_redirect_uri", uri)],
        );
        let by_id = read_request(
            &keys,
            &[("client_id", "app"), ("post_logout_redirect_uri", uri)],
        );
        assert_eq!(by_hint.is_ok(), by_id.is_ok());
        by_hint
    };
    assert_eq!(
        redirect_to(POST_LOGOUT_URI)
            .unwrap()
            .redirect
            .unwrap()
            .url(),
        POST_LOGOUT_URI
    );
    for uri in [
        "https://app.example.com/cb",
        "https://app.example.com/out",
        "https://app.example.com/out?x=1&y=2",
        "https://app.example.com/out?x=1#",
        "HTTPS://app.example.com/out?x=1",
        "https://app.example.com@evil.com/out?x=1",
        "https://app.example.com.evil.com/out?x=1",
        "//app.example.com/out?x=1",
        "/\\evil.com",
        "/%09/evil.com",
        "\\/evil.com",
        "javascript:alert(1)",
        "http://127.0.0.1/out",
    ] {
        assert!(
            redirect_to(uri).unwrap_err().contains("is not registered"),
            "{uri}"
        );
    }
    let without_client =
        read_request(&keys, &[("post_logout_redirect_uri", POST_LOGOUT_URI)]).unwrap_err();
    assert!(without_client.contains("without an id_token_hint or a client_id"));
    let hint_of_unknown_client = super::tests::hint(&keys, &json!({"aud": "gone"}));
    let unknown_client = [
        ("id_token_hint", &*hint_of_unknown_client),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
    ];
    assert!(read_request(&keys, &unknown_client).is_err());
}

#[test]
fn state_goes_back_beside_the_clients_own_query() {
    let redirect_url = |state| {
        let uri = ("post_logout_redirect_uri", POST_LOGOUT_URI);
        let request = read_request(&keys(), &[("client_id", "app"), uri, ("state", state)]);
        request.unwrap().redirect.unwrap().url()
    };
    assert_eq!(
        redirect_url("a&b=#\""),
        format!("{POST_LOGOUT_URI}&state=a%26b%3D%23%22")
    );
    assert_eq!(redirect_url(""), POST_LOGOUT_URI);
}

#[test]
fn n12_a_parameter_given_twice_is_refused() {
    let twice = [("client_id", "app"), ("client_id", "spa")];
    assert!(
        read_request(&keys(), &twice)
            .unwrap_err()
            .contains("client_id")
    );
}

#[test]
fn n48_n50_a_session_ends_without_a_question_only_if_the_hint_names_it() {
    let keys = keys();
    let named = read_request(&keys, &[("id_token_hint", &hint(&keys, &json!({})))]).unwrap();
    let unnamed = read_request(&keys, &[("client_id", "app")]).unwrap();
    let (same, mut other) = (session("1"), session("2"));
    other.sid = SessionId::from("another".to_owned());
    let ends = Some(SessionId::from("sid".to_owned()));
    for (request, current, ends, asks) in [
        (&named, Some(&same), ends.clone(), false),
        (&named, Some(&other), ends.clone(), true),
        (&named, None, ends, false),
        (&unnamed, Some(&same), None, true),
        (&unnamed, None, None, false),
    ] {
        assert_eq!(
            request.plan(current),
            LogoutPlan {
                session_to_end: ends,
                needs_confirmation: asks,
            }
        );
    }
}

#[test]
fn a_client_that_awaits_a_response_is_notified_last() {
    let keys = keys();
    let redirect_param = ("post_logout_redirect_uri", POST_LOGOUT_URI);
    let with_redirect = read_request(&keys, &[("client_id", "app"), redirect_param]).unwrap();
    let without_redirect = read_request(&keys, &[("client_id", "app")]).unwrap();
    assert!(with_redirect.notified_last(true).is_some());
    assert!(without_redirect.notified_last(true).is_none());
    assert!(
        without_redirect.notified_last(false).is_some(),
        "its own request is under way"
    );
}

#[test]
fn a_frame_names_issuer_and_session_beside_the_clients_own_query() {
    let clients = clients();
    let sid = SessionId::from("a b".to_owned());
    let frame = frontchannel_logout_url(clients.get("app").unwrap(), ISSUER, &sid).unwrap();
    let expected = "https://app.example.com/bye?a=%20b&iss=https%3A%2F%2Fop&sid=a+b";
    assert_eq!(frame.as_str(), expected);
    assert_eq!(
        super::frontchannel_logout_url(clients.get("spa").unwrap(), ISSUER, &sid),
        None
    );
}

proptest! {
    #[test]
    fn the_browser_is_sent_only_to_a_registered_uri(
        uri in "(https?:)?[/\\\\]{0,2}app\\.example\\.com[@.:/\\\\]?[a-z./?=#&%1]{0,12}",
        state in any::<String>(),
    ) {
        let client = &clients();
        let client = client.get("app").unwrap();
        if let Ok(redirect) = PostLogoutRedirect::check(&uri, client, Some(&state)) {
            prop_assert_eq!(redirect.uri(), POST_LOGOUT_URI);
        }
        let redirect = PostLogoutRedirect::check(POST_LOGOUT_URI, client, Some(&state)).unwrap();
        let url = Url::parse(&redirect.url()).unwrap();
        prop_assert!(url.as_str().starts_with(POST_LOGOUT_URI));
        let states: Vec<_> = url.query_pairs().filter(|(name, _)| name == "state").collect();
        prop_assert_eq!(states.len(), 1);
        prop_assert_eq!(&states[0].1, &state);
    }
}
