//! Tickets in unexpected parts of a URL, and values that cannot be tickets (N65, N72,
//! docs/security.md).
//!
//! The portal appends `?ticket=` or `&ticket=` to a URL that a person has typed. The result may be
//! malformed, but the ticket must not appear in any page or redirect.

use crate::support::app::{VERIFIER, challenge, claims};
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{assert_error_page, assert_no_leak, user_of};

#[tokio::test]
async fn f8_a_ticket_is_found_wherever_the_portal_puts_it() {
    let provider = TestProvider::open().await;
    for path in [
        "/launch/grafana?ticket=T",
        "/launch/grafana?a=1&ticket=T",
        "/launch/grafana?a=1?ticket=T",
        "/launch/grafana??ticket=T",
        "/launch/grafana?&ticket=T",
        "/launch/grafana?ticket=T&ticket=T",
        "/launch/grafana?ticket=&ticket=T",
        "/launch/grafana?%74icket=T",
        "/launch/grafana/d/abc?ticket=T",
        "/launch/%67rafana?ticket=T",
        "/launch?ticket=T",
    ] {
        let ticket = provider.portal.issue_ticket(CHEN_TAO);
        let mut browser = Browser::new();
        let answer = browser.get(provider.at(&path.replace('T', &ticket))).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
        assert_no_leak(&answer, &ticket);
        assert_eq!(
            user_of(&provider, &mut browser).await.as_deref(),
            Some("1"),
            "{path}"
        );
    }
}

/// The portal's documentation shows both `?ticket=` and `&ticket=`, so `&ticket=` may follow a path.
#[tokio::test]
async fn f8_a_ticket_appended_to_the_path_is_used_and_not_leaked() {
    let provider = TestProvider::open().await;
    for path in [
        "/launch/grafana&ticket=T",
        "/launch/grafana;ticket=T",
        "/launch/grafana/ticket=T",
        "/launch/grafana/d,ticket=T",
        "/launch/spa/d;ticket=T",
        "/launch/ticket=T",
        "/launch/&ticket=T",
        "/launch&ticket=T",
        "/launch/?ticket=T",
        "/launch/grafana/?ticket=T",
    ] {
        let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
        let mut browser = Browser::new();
        let answer = browser.get(provider.at(&path.replace('T', &ticket))).await;
        assert!(!answer.body.contains(&ticket), "{path}: {}", answer.body);
        assert_no_leak(&answer, &ticket);
        let signed_in = user_of(&provider, &mut browser).await;
        assert_eq!(signed_in.as_deref(), Some("2"), "{path}");
    }
}

#[tokio::test]
async fn n65_a_misplaced_ticket_is_not_leaked() {
    let provider = TestProvider::open().await;
    for path in [
        "/launch/grafana%26ticket=T",
        "/launch/grafana%26ticket%3DT",
        "/launch/grafana%3Fticket=T",
        "/launch/grafana%253Fticket%253DT",
        "/launch/grafana/;ticket=T",
        "/launch/grafana/d/abc;ticket=T",
        "/launch/grafana/d/abc&ticket=T",
        "/launch/grafana/d/abc%3Fticket=T",
        "//launch/grafana?ticket=T",
        "/launch//grafana?ticket=T",
        "/LAUNCH/grafana?ticket=T",
        "/launch/nobody?ticket=T",
        "/resume/x?ticket=T",
        "/resume/x&ticket=T",
        "/switch?ticket=T",
        "/token?ticket=T",
        "/userinfo?ticket=T",
        "/?ticket=T",
        "/&ticket=T",
        "/authorize&ticket=T",
        "/launch/grafana?ticket=T&ticket=other",
        "/launch/grafana?ticket=T%0d%0a",
        "/launch/grafana?Ticket=T",
        "/launch/grafana?ticket[]=T",
    ] {
        for mut browser in [Browser::new(), provider.signed_in(CHEN_TAO).await] {
            let ticket = provider.portal.issue_ticket(HEI_LONG_JIANG);
            // The name of the parameter may have a capital T too.
            let path = path.replace("=T", &format!("={ticket}"));
            let path = path.replace("%3DT", &format!("%3D{ticket}"));
            let answer = browser.get(provider.at(&path)).await;
            assert!(!answer.body.contains(&ticket), "{path}: {}", answer.body);
            assert_no_leak(&answer, &ticket);
        }
    }
}

#[tokio::test]
async fn n65_a_ticket_appended_to_an_authorization_request_is_cut_off() {
    let provider = TestProvider::open().await;
    let grafana = provider.client("grafana");
    let head = format!(
        "/authorize?response_type=code&client_id=grafana&redirect_uri={}&scope=openid",
        "http%3A%2F%2F127.0.0.1%3A3000%2Flogin%2Fgeneric_oauth"
    );
    let pkce = format!(
        "&code_challenge_method=S256&code_challenge={}",
        challenge(VERIFIER)
    );
    for (path, state) in [
        (format!("{head}{pkce}&nonce=n&state=s?ticket=T"), "s"),
        (format!("{head}{pkce}&state=s&nonce=n?ticket=T"), "s"),
        (format!("{head}{pkce}&state=s&nonce=n&ticket=T"), "s"),
        (
            format!("{head}{pkce}&state=s&nonce=n&ticket=T?ticket=T"),
            "s",
        ),
        (format!("{head}{pkce}&nonce=n&state=s?x?ticket=T"), "s?x"),
    ] {
        let ticket = provider.portal.issue_ticket(CHEN_TAO);
        let path = path.replace("=T", &format!("={ticket}"));
        let answer = Browser::new().get(provider.at(&path)).await;
        assert_no_leak(&answer, &ticket);
        assert_eq!(answer.parameter("state").as_deref(), Some(state), "{path}");
        let tokens = grafana
            .redeem(&answer.parameter("code").unwrap())
            .await
            .json();
        let id_token = claims(tokens["id_token"].as_str().unwrap());
        assert_eq!(id_token["nonce"], "n", "{path}");
    }
}

#[tokio::test]
async fn f8_two_different_tickets_are_refused() {
    let provider = TestProvider::open().await;
    for query in [
        "ticket=A&ticket=B",
        "ticket=A?ticket=B",
        "x=1?ticket=A&ticket=B",
    ] {
        let query = query
            .replace('A', &provider.portal.issue_ticket(CHEN_TAO))
            .replace('B', &provider.portal.issue_ticket(HEI_LONG_JIANG));
        let answer = Browser::new()
            .get(provider.at(&format!("/launch/grafana?{query}")))
            .await;
        assert_error_page(&answer, 400, &query);
    }
    assert_eq!(provider.portal.calls().user_by_ticket, 0);
}

#[tokio::test]
async fn f8_a_ticket_in_the_fragment_is_rescued_by_a_script_that_the_policy_allows() {
    let provider = TestProvider::open().await;
    let page = Browser::new().get(provider.at("/launch/grafana")).await;
    assert!(
        page.body.contains("data-ticket-parameter=\"ticket\""),
        "{}",
        page.body
    );
    let policy = page.header("content-security-policy").to_owned();
    assert!(
        policy.contains("script-src 'sha256-") && !policy.contains("unsafe"),
        "{policy}"
    );
}

#[tokio::test]
async fn f9_a_plus_in_a_ticket_survives_every_encoding() {
    let ticket = "a+b/c+d==";
    for encoded in [
        "a+b/c+d==",
        "a%2Bb%2Fc%2Bd%3D%3D",
        "a%20b/c%20d==",
        "a%252Bb%252Fc%252Bd==",
    ] {
        let provider = TestProvider::open().await;
        provider.portal.plant_ticket(ticket, CHEN_TAO);
        let launch = provider.at(&format!("/launch/grafana?ticket={encoded}"));
        assert_eq!(Browser::new().get(launch).await.status, 303, "{encoded}");
        let tickets = provider.portal.calls().tickets;
        assert_eq!(
            tickets.back().map(String::as_str),
            Some(ticket),
            "{encoded}"
        );
        assert!(tickets.len() <= 2, "{tickets:?}");
    }
}

#[tokio::test]
async fn f9_an_impossible_ticket_is_not_sent_to_the_portal() {
    let provider = TestProvider::open().await;
    let long = "a".repeat(4097);
    for (encoded, status) in [
        ("a%00b", 400),
        ("a%0d%0aHost:%20evil", 400),
        ("a%7fb", 400),
        ("a%c2%85b", 400),
        ("%ff%fe", 400),
        ("%c0%80", 400),
        (long.as_str(), 400),
        (&long[..4096], 403),
    ] {
        let launch = provider.at(&format!("/launch/grafana?ticket={encoded}"));
        let answer = Browser::new().get(launch).await;
        assert_error_page(&answer, status, &encoded[..6.min(encoded.len())]);
    }
    let huge = provider.at(&format!("/launch/grafana?ticket={}", "a".repeat(16 * 1024)));
    assert_error_page(&Browser::new().get(huge).await, 413, "16 KiB");
    assert_eq!(provider.portal.calls().user_by_ticket, 0);
}

#[tokio::test]
async fn n72_a_ticket_cannot_add_parameters_to_the_portal_request() {
    let provider = TestProvider::open().await;
    for (encoded, ticket) in [
        ("a%26userId%3D1", "a&userId=1"),
        ("a%23b", "a#b"),
        ("..%2f..%2fGetUsers%3fx%3d1", "../../GetUsers?x=1"),
        ("a%3B%20DROP", "a; DROP"),
        ("%E9%99%88", "陈"),
    ] {
        let launch = provider.at(&format!("/launch/grafana?ticket={encoded}"));
        assert_error_page(&Browser::new().get(launch).await, 403, encoded);
        let calls = provider.portal.calls();
        assert!(
            calls.tickets.iter().any(|received| received == ticket),
            "{ticket}"
        );
        assert_eq!(calls.users, 0);
    }
}
