//! Rate limits stop whoever sends too many requests, and nobody else (N52, N60, docs/security.md).

use reqwest::Method;

use crate::support::CHEN_TAO;
use crate::support::app::VERIFIER;
use crate::support::browser::{Answer, Browser};
use crate::support::program::Program;
use crate::support::provider::TestProvider;
use crate::tools::user_of;

/// The test machine is a trusted proxy, so `X-Forwarded-For` gives the client address.
const BEHIND_A_PROXY: &str = "[server]\ntrusted_proxies = ['127.0.0.0/8']\n[limits]\n";
/// The test machine is an ordinary client: no trusted proxy, and not exempt from limits.
const EXPOSED: &str = "[limits]\nexempt = []\n";

async fn provider(sections: &str, limits: &str) -> TestProvider {
    TestProvider::open_with(&format!("{sections}{limits}\n"), "").await
}

/// Sends a GET request as a proxy forwards it for the client address `from`.
async fn get(browser: &mut Browser, url: &str, from: &str) -> Answer {
    browser
        .send(Method::GET, url, |request| {
            request.header("x-forwarded-for", from)
        })
        .await
}

/// Sends a token request as a proxy forwards it for the client address `from`.
async fn redeem(provider: &TestProvider, form: &[(&str, &str)], from: &str) -> Answer {
    Browser::new()
        .send(Method::POST, provider.at("/token"), |request| {
            request.header("x-forwarded-for", from).form(form)
        })
        .await
}

/// A client inside a trusted network writes `X-Forwarded-For` itself. This machine is nobody's client.
#[tokio::test]
async fn n52_n60_a_forwarded_address_of_this_machine_is_not_exempt() {
    let provider = provider(BEHIND_A_PROXY, "launches_per_minute = 2").await;
    let mut statuses = Vec::new();
    for from in [
        "::1",
        "127.0.0.1",
        "::ffff:127.0.0.9",
        "0.0.0.0",
        "[::]:80",
        "nonsense",
    ] {
        let url = provider.at("/launch/grafana?ticket=x");
        let answer = get(&mut Browser::new(), &url, from).await;
        statuses.push(answer.status.as_u16());
    }
    let limited = statuses.iter().filter(|status| **status == 429).count();
    assert_eq!(limited, 4, "{statuses:?}");
}

/// The form of a token request of `grafana`.
fn grafana_form<'a>(secret: &'a str, code: &'a str) -> [(&'static str, &'a str); 6] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", "grafana"),
        ("client_secret", secret),
        ("code", code),
        ("redirect_uri", "http://127.0.0.1:3000/login/generic_oauth"),
        ("code_verifier", VERIFIER),
    ]
}

const SECRET: &str = "grafana-secret-0123456789";

/// A ticket that can be read in several ways makes the portal be asked about each. Each counts.
#[tokio::test]
async fn every_call_to_the_portal_counts_as_a_launch() {
    for (query, ways) in [("a%20b%2541", 3), ("a%20b", 2), ("a%2541", 2), ("a", 1)] {
        let limit = format!("launches_per_minute = {ways}");
        let provider = provider(BEHIND_A_PROXY, &limit).await;
        let url = provider.at(&format!("/launch/grafana?ticket={query}"));
        let answer = get(&mut Browser::new(), &url, "198.51.100.7").await;
        assert_eq!(answer.status, 403, "{query}");
        assert_eq!(provider.portal.calls().user_by_ticket, ways, "{query}");
        let answer = get(&mut Browser::new(), &url, "198.51.100.7").await;
        assert_eq!(answer.status, 429, "{query}");
        assert_eq!(provider.portal.calls().user_by_ticket, ways, "{query}");
        let other = get(&mut Browser::new(), &url, "198.51.100.8").await;
        assert_eq!(other.status, 403, "the neighbour");
    }
    let provider = provider(BEHIND_A_PROXY, "launches_per_minute = 2").await;
    let url = provider.at("/launch/grafana?ticket=a%20b%2541");
    let answer = get(&mut Browser::new(), &url, "198.51.100.7").await;
    assert_eq!(answer.status, 429);
    assert_eq!(provider.portal.calls().user_by_ticket, 2);
}

#[tokio::test]
async fn n60_launches_are_limited_per_address() {
    let provider = provider(BEHIND_A_PROXY, "launches_per_minute = 3").await;
    let url = provider.at("/launch/grafana?ticket=never-was");
    for _ in 0..3 {
        let answer = get(&mut Browser::new(), &url, "198.51.100.7").await;
        assert_eq!(answer.status, 403);
    }
    provider.portal.forget_calls();
    let stopped = get(&mut Browser::new(), &url, "198.51.100.7").await;
    assert_eq!(stopped.status, 429);
    assert_eq!(stopped.header("retry-after"), "20");
    assert_eq!(stopped.header("cache-control"), "no-store");
    assert!(stopped.body.contains("登录请求太多"), "{}", stopped.body);
    assert!(stopped.body.contains("Too many logins at once"));
    assert!(!stopped.body.contains("never-was"));
    assert_eq!(
        provider.portal.calls().user_by_ticket,
        0,
        "the portal is not asked"
    );
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let url = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let mut browser = Browser::new();
    assert_eq!(get(&mut browser, &url, "198.51.100.7").await.status, 429);
    let neighbour = provider
        .launch_from(&mut Browser::new(), "198.51.100.8")
        .await;
    assert_eq!(neighbour.status, 303);
    provider.advance(chrono::TimeDelta::seconds(20));
    let later = get(&mut browser, &url, "198.51.100.7").await;
    assert_eq!(
        later.status, 303,
        "the refused launch did not use the ticket: {}",
        later.body
    );
}

#[tokio::test]
async fn n64_a_prefetch_is_not_counted_as_a_launch() {
    let provider = provider(BEHIND_A_PROXY, "launches_per_minute = 1").await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let grafana = provider.client("grafana");
    let authorize = grafana.authorize_url(&[("ticket", &ticket)]).to_string();
    for url in [&launch, &authorize, &launch] {
        let prefetch = Browser::new()
            .send(Method::GET, url, |request| {
                request
                    .header("x-forwarded-for", "198.51.100.7")
                    .header("sec-purpose", "prefetch")
            })
            .await;
        assert_eq!(prefetch.status, 503);
    }
    let launched = get(&mut Browser::new(), &launch, "198.51.100.7").await;
    assert_eq!(launched.status, 303, "{}", launched.body);
}

#[tokio::test]
async fn n60_a_ticket_in_an_authorization_request_counts_as_a_launch() {
    let provider = provider(BEHIND_A_PROXY, "launches_per_minute = 1").await;
    let url = |prompt: &str| {
        let grafana = provider.client("grafana");
        grafana
            .authorize_url(&[("ticket", "never-was"), ("prompt", prompt)])
            .to_string()
    };
    let authorize =
        async |prompt: &str, from: &str| get(&mut Browser::new(), &url(prompt), from).await;
    assert_eq!(authorize("", "198.51.100.7").await.status, 403);
    let stopped = authorize("", "198.51.100.7").await;
    assert_eq!(stopped.status, 429);
    assert_eq!(stopped.header("retry-after"), "60");
    let silent = authorize("none", "198.51.100.7").await;
    let error = silent.parameter("error");
    assert_eq!(error.as_deref(), Some("temporarily_unavailable"));
    assert_eq!(authorize("", "198.51.100.8").await.status, 403);
}

#[tokio::test]
async fn n60_token_requests_are_limited_per_address_with_a_json_error() {
    let provider = provider(BEHIND_A_PROXY, "token_requests_per_minute = 2").await;
    let from = "2001:db8:0:1::5";
    for _ in 0..2 {
        let answer = redeem(&provider, &grafana_form(SECRET, "none"), from).await;
        assert_eq!(answer.json()["error"], "invalid_grant");
    }
    for neighbour_in_the_64 in [from, "2001:db8:0:1:a:b:c:d"] {
        let stopped = redeem(
            &provider,
            &grafana_form(SECRET, "none"),
            neighbour_in_the_64,
        )
        .await;
        assert_eq!(stopped.status, 429);
        assert_eq!(stopped.header("retry-after"), "30");
        assert_eq!(stopped.header("cache-control"), "no-store");
        assert_eq!(stopped.json()["error"], "temporarily_unavailable");
        assert_eq!(
            stopped.json()["error_description"],
            "too many requests; try again in 30 s"
        );
    }
    let next = redeem(&provider, &grafana_form(SECRET, "none"), "2001:db8:0:2::5").await;
    assert_eq!(next.status, 400);
}

#[tokio::test]
async fn n52_n60_a_spoofed_address_does_not_evade_a_limit() {
    let limits = "launches_per_minute = 2\ntoken_requests_per_minute = 2";
    let provider = provider(EXPOSED, limits).await;
    let mut answers = Vec::new();
    for spoofed in 1..=4 {
        let from = format!("198.51.100.{spoofed}");
        let launched = get(&mut Browser::new(), &provider.at("/launch/grafana"), &from).await;
        let redeemed = redeem(&provider, &grafana_form("wrong", "none"), &from).await;
        answers.push((launched.status.as_u16(), redeemed.status.as_u16()));
    }
    assert_eq!(answers, [(200, 401), (200, 401), (429, 429), (429, 429)]);
}

#[tokio::test]
async fn n52_n60_a_spoofed_entry_before_the_proxys_does_not_evade_a_limit() {
    let provider = provider(BEHIND_A_PROXY, "launches_per_minute = 1").await;
    let url = provider.at("/launch/grafana");
    let mut answers = Vec::new();
    for spoofed in 1..=3 {
        let from = format!("203.0.113.{spoofed}, 198.51.100.7");
        answers.push(get(&mut Browser::new(), &url, &from).await.status.as_u16());
    }
    assert_eq!(answers, [200, 429, 429]);
}

#[tokio::test]
async fn n60_unauthenticated_requests_do_not_use_up_a_clients_limit() {
    let limits = "client_token_requests_per_minute = 2\nclient_launches_per_minute = 2";
    let provider = provider(BEHIND_A_PROXY, limits).await;
    for stranger in 1..=5 {
        let from = format!("198.51.100.{stranger}");
        let answer = redeem(&provider, &grafana_form("wrong", "none"), &from).await;
        assert_eq!(
            answer.status, 401,
            "does not count towards the client's limit"
        );
        let url = provider.at("/launch/grafana?ticket=never-was");
        assert_eq!(get(&mut Browser::new(), &url, &from).await.status, 403);
    }
    let mut browser = Browser::new();
    let launched = provider.launch_from(&mut browser, "192.0.2.1").await;
    assert_eq!(launched.status, 303);
    let code = provider.client("grafana").login(&mut browser).await;
    let tokens = redeem(&provider, &grafana_form(SECRET, &code), "192.0.2.2").await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let again = redeem(&provider, &grafana_form(SECRET, "none"), "192.0.2.3").await;
    assert_eq!(again.status, 400);
    let stopped = redeem(&provider, &grafana_form(SECRET, "none"), "192.0.2.4").await;
    assert_eq!(
        stopped.status, 429,
        "an authenticated request counts towards the limit"
    );
}

#[tokio::test]
async fn n60_a_public_client_is_limited_by_address_only() {
    let provider = provider(BEHIND_A_PROXY, "client_token_requests_per_minute = 1").await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "spa"),
        ("code", "none"),
        ("redirect_uri", "http://127.0.0.1/callback"),
    ];
    for stranger in 1..=3 {
        let from = format!("198.51.100.{stranger}");
        assert_eq!(redeem(&provider, &form, &from).await.status, 400);
    }
}

#[tokio::test]
async fn n60_a_user_is_signed_in_even_at_the_clients_launch_limit() {
    let provider = provider(BEHIND_A_PROXY, "client_launches_per_minute = 1").await;
    let first = provider.launch_from(&mut Browser::new(), "192.0.2.1").await;
    assert_eq!(first.status, 303);
    let mut browser = Browser::new();
    let stopped = provider.launch_from(&mut browser, "192.0.2.2").await;
    assert_eq!(stopped.status, 429);
    assert_eq!(stopped.header("retry-after"), "60");
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
    provider.advance(chrono::TimeDelta::minutes(1));
    let url = provider.at("/launch/grafana");
    assert_eq!(get(&mut browser, &url, "192.0.2.2").await.status, 303);
}

#[tokio::test]
async fn n60_loopback_is_exempt_by_default() {
    let provider = provider("[limits]\n", "token_requests_per_minute = 1").await;
    for _ in 0..3 {
        let answer = redeem(&provider, &grafana_form("wrong", "none"), "198.51.100.7").await;
        assert_eq!(answer.status, 401);
    }
}

#[tokio::test]
async fn n60_a_flood_of_requests_does_not_flood_the_log() {
    let portal = TestProvider::open().await;
    let sections = "[limits]\nexempt = []\nlaunches_per_minute = 1\n";
    let program = Program::start(portal.portal.url().as_str(), sections).await;
    let url = program.at("/launch/app");
    let mut refused = 0;
    for _ in 0..50 {
        let answer = Browser::new().get(&url).await;
        refused += usize::from(answer.status == 429);
    }
    assert!(refused > 40, "{refused}");
    let log = program.log();
    let lines = log.matches("asks more than 1 times a minute").count();
    assert!((1..=2).contains(&lines), "{lines} lines");
}

/// A resource server introspects a token on each request it gets, so introspection has its own limit.
#[tokio::test]
async fn n60_introspections_have_their_own_limit() {
    let limits = "introspections_per_minute = 2\ntoken_requests_per_minute = 1";
    let provider = provider(BEHIND_A_PROXY, limits).await;
    let post = async |path: &str| {
        let form = [
            ("client_id", "grafana"),
            ("client_secret", SECRET),
            ("token", "never-was"),
        ];
        let mut caller = Browser::new();
        let posted = caller.send(Method::POST, provider.at(path), |request| {
            request
                .header("x-forwarded-for", "198.51.100.7")
                .form(&form)
        });
        posted.await.status.as_u16()
    };
    let mut answers = Vec::new();
    for path in [
        "/introspect",
        "/introspect",
        "/introspect",
        "/revoke",
        "/revoke",
    ] {
        answers.push(post(path).await);
    }
    assert_eq!(answers, [200, 200, 429, 200, 429]);
}
