//! When the clients of an ended session are notified (Back-Channel Logout 1.0).

use super::*;

#[tokio::test]
async fn clients_are_notified_when_a_hint_names_an_expired_session() {
    let listener = Listener::open().await;
    let provider = provider("", &registration("told", &listener.registration_line())).await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    tokens(&registered(&provider, "told"), &mut browser).await;
    provider.advance(TimeDelta::hours(13));
    browser
        .get(logout_url(&provider, &[("id_token_hint", &hint)]))
        .await;
    assert_eq!(listener.notices().len(), 1);
}

/// keycloak/keycloak#45547: Keycloak shows an error if it is notified before the browser is back.
#[tokio::test]
async fn the_initiating_client_is_notified_after_a_delay_and_the_others_at_once() {
    let (initiator, other) = (Listener::open().await, Listener::open().await);
    let provider = provider(
        &initiator.registration_line(),
        &registration("other", &other.registration_line()),
    )
    .await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    tokens(&registered(&provider, "other"), &mut browser).await;
    let parameters = [
        ("id_token_hint", &*hint),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
    ];
    browser.get(logout_url(&provider, &parameters)).await;
    assert_eq!(
        other.notices().len(),
        1,
        "notified before the browser got its response"
    );
    assert!(initiator.notices().is_empty());
    provider.advance(TimeDelta::seconds(10));
    let notice = initiator.next_notice().await;
    let (token, hint) = (claims(notice.token()), claims(&hint));
    assert_eq!((&token["sid"], &token["sub"]), (&hint["sid"], &hint["sub"]));
    assert_eq!(token["iat"], 1_800_000_010);
}

#[tokio::test]
async fn the_initiating_client_is_notified_at_once_if_the_browser_does_not_return_to_it() {
    let initiator = Listener::open().await;
    let provider = provider(&initiator.registration_line(), "").await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    browser
        .get(logout_url(&provider, &[("id_token_hint", &hint)]))
        .await;
    assert_eq!(initiator.notices().len(), 1);
}

#[tokio::test]
async fn a_client_that_calls_server_to_server_is_notified_after_its_request() {
    let initiator = Listener::open().await;
    let provider = provider(&initiator.registration_line(), "").await;
    let (_, hint) = log_in_at_app(&provider).await;
    let url = logout_url(&provider, &[("id_token_hint", &hint)]);
    Browser::new().get(url).await;
    assert!(initiator.notices().is_empty());
    provider.advance(TimeDelta::seconds(10));
    initiator.next_notice().await;
}
