//! Other services on the host of this provider: browsers send them our cookies and us theirs.

use cookie::Cookie;
use reqwest::Method;

use crate::support::browser::{Answer, Browser};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{BROWSER, SESSION, assert_error_page, user_of};

/// What a browser with `browser`'s cookies and others beside them gets at `url`.
async fn get_with(browser: &Browser, others: &[String], url: &str) -> Answer {
    let own = browser.cookies.iter();
    let own = own.map(|(name, value)| format!("{name}={value}"));
    let sent: Vec<_> = others.iter().cloned().chain(own).collect();
    let mut wire = Browser::new();
    wire.send(Method::GET, url, |request| {
        request.header("cookie", sent.join("; "))
    })
    .await
}

/// The paths at which the response removes the cookie `name`.
fn removed_at(answer: &Answer, name: &str) -> Vec<String> {
    let set = answer.set_cookies().into_iter();
    let set = set.map(|cookie| Cookie::parse(cookie.to_owned()).unwrap());
    set.filter(|cookie| cookie.name() == name)
        .filter(|cookie| {
            cookie
                .max_age()
                .is_some_and(cookie::time::SignedDuration::is_zero)
        })
        .filter_map(|cookie| cookie.path().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_planted_session_signs_nobody_in_and_is_removed_wherever_it_may_lie() {
    let provider = TestProvider::open().await;
    let victim = provider.signed_in(CHEN_TAO).await;
    let attacker = provider.signed_in(HEI_LONG_JIANG).await;
    let planted = [format!("{SESSION}={}", attacker.cookies[SESSION])];
    let url = provider.client("grafana").authorize_url(&[]);
    let answer = get_with(&victim, &planted, url.as_str()).await;
    assert_eq!(
        answer.status, 200,
        "the page that asks to come from the portal"
    );
    assert_eq!(removed_at(&answer, SESSION), ["/", "/authorize"]);
    let launched = get_with(&victim, &planted, &provider.at("/launch/grafana/d/pumps")).await;
    let paths = removed_at(&launched, SESSION);
    assert!(paths.contains(&"/launch/grafana/d".to_owned()), "{paths:?}");

    let twice_the_same = [format!("{SESSION}={}", victim.cookies[SESSION])];
    let answer = get_with(&victim, &twice_the_same, url.as_str()).await;
    assert!(answer.parameter("code").is_some());
    assert!(removed_at(&answer, SESSION).is_empty());
}

/// Many names keep neither those of the session and the browser nor themselves from being removed.
#[tokio::test]
async fn planted_names_of_pending_requests_do_not_shield_a_planted_session() {
    let provider = TestProvider::open().await;
    let victim = provider.signed_in(CHEN_TAO).await;
    let launch = provider.at("/launch/grafana");
    let single = [SESSION, BROWSER].map(|name| format!("{name}={}", "A".repeat(43)));
    let mut planted = single.to_vec();
    let pending = |number| format!("panda-oidc-parked-{number}");
    for number in 0..40 {
        planted.extend(["x", "y"].map(|value| format!("{}={value}", pending(number))));
    }
    let answer = get_with(&victim, &planted, &launch).await;
    let everywhere = ["/", "/launch", "/launch/", "/launch/grafana"];
    for name in [SESSION, BROWSER] {
        assert_eq!(removed_at(&answer, name), everywhere, "{name}");
    }
    let is_removed = |number: &i32| removed_at(&answer, &pending(*number)) == everywhere;
    let removed = (0..40).filter(is_removed).count();
    assert!(removed >= 8, "{removed}: {:?}", answer.set_cookies());
}

#[tokio::test]
async fn a_sign_in_among_planted_cookies_keeps_what_it_sets_itself() {
    let provider = TestProvider::open().await;
    let attacker = provider.signed_in(HEI_LONG_JIANG).await;
    let planted: Vec<_> = [SESSION, BROWSER]
        .map(|name| {
            [
                format!("{name}={}", attacker.cookies[name]),
                format!("{name}=x"),
            ]
        })
        .concat();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    let answer = get_with(&Browser::new(), &planted, &launch).await;
    let mut set = answer.set_cookies();
    set.retain(|cookie| cookie.starts_with(SESSION));
    let last = Cookie::parse(*set.last().unwrap()).unwrap();
    assert!(
        !last.value().is_empty(),
        "removed after it was set: {set:?}"
    );
    let mut victim = Browser::new();
    let session = last.value().to_owned();
    victim.cookies.insert(SESSION.to_owned(), session);
    assert_eq!(user_of(&provider, &mut victim).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn a_planted_browser_handle_owns_nothing_that_follows() {
    let provider = TestProvider::open().await;
    let attacker = provider.signed_in(HEI_LONG_JIANG).await;
    let mut victim = Browser::new();
    let planted = attacker.cookies[BROWSER].clone();
    victim.cookies.insert(BROWSER.to_owned(), planted.clone());
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    victim.get(&launch).await;
    assert_eq!(user_of(&provider, &mut victim).await.as_deref(), Some("1"));
    assert_ne!(victim.cookies[BROWSER], planted);

    let mut thief = Browser::new();
    thief.cookies.insert(BROWSER.to_owned(), planted);
    assert_error_page(&thief.get(&launch).await, 403, "the thief");
    let mut with_session = attacker.clone();
    assert_error_page(&with_session.get(&launch).await, 403, "the planter");
}

#[tokio::test]
async fn a_browser_handle_planted_over_a_signed_in_one_is_not_adopted() {
    let provider = TestProvider::open().await;
    let attacker = provider.signed_in(HEI_LONG_JIANG).await;
    let mut victim = provider.signed_in(CHEN_TAO).await;
    let planted = attacker.cookies[BROWSER].clone();
    victim.cookies.insert(BROWSER.to_owned(), planted.clone());
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let launch = provider.at(&format!("/launch/grafana?ticket={ticket}"));
    assert_eq!(victim.get(&launch).await.location().port(), Some(3000));
    assert_ne!(victim.cookies[BROWSER], planted);
    let mut thief = attacker.clone();
    assert_error_page(&thief.get(&launch).await, 403, "the planter");
    assert_eq!(user_of(&provider, &mut victim).await.as_deref(), Some("1"));
    assert_eq!(user_of(&provider, &mut thief).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_browser_goes_on_with_its_tickets_after_its_handle_was_replaced() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let launches: Vec<_> = (0..3)
        .map(|_| provider.portal.issue_ticket(CHEN_TAO))
        .map(|ticket| provider.at(&format!("/launch/grafana?ticket={ticket}")))
        .collect();
    for launch in launches.iter().chain(&launches) {
        // The browser was closed, which removes the session cookie, and some time has passed.
        browser.cookies.retain(|name, _| name == BROWSER);
        let answer = browser.get(launch).await;
        assert_eq!(answer.location().port(), Some(3000));
    }
}

#[tokio::test]
async fn a_browser_that_lost_its_session_cookie_has_one_session_and_logs_out_of_it() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let earlier = browser.clone();
    browser.cookies.remove(SESSION);
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let page = browser.get(provider.at("/logout")).await;
    let confirmation = page.field("confirmation");
    let form = [("confirmation", confirmation.as_str())];
    browser.post(provider.at("/logout/confirm"), &form).await;
    for mut left in [browser, earlier] {
        assert_eq!(user_of(&provider, &mut left).await, None);
    }
}

#[tokio::test]
async fn two_issuers_on_one_host_do_not_sign_each_other_out() {
    let one = TestProvider::open_with_issuer_path("/one", "", "").await;
    let two = TestProvider::open_with_issuer_path("/two", "", "").await;
    let mut browser = Browser::new();
    one.launch(&mut browser, "grafana", CHEN_TAO).await;
    two.launch(&mut browser, "grafana", HEI_LONG_JIANG).await;
    let code = browser.get(one.client("grafana").authorize_url(&[])).await;
    assert!(code.parameter("code").is_some(), "{}", code.status);
    let code = browser.get(two.client("grafana").authorize_url(&[])).await;
    assert!(code.parameter("code").is_some(), "{}", code.status);
}
