//! Text that PostgreSQL cannot store: it has no U+0000.

use crate::fleet::Fleet;
use crate::support::CHEN_TAO;
use crate::support::browser::Browser;

#[tokio::test]
async fn a_request_with_a_null_character_is_refused_and_not_an_outage() {
    let fleet = Fleet::start(1, "").await;
    let mut browser = fleet.signed_in(0).await;
    let app = fleet.app(0);
    for (name, value) in [
        ("nonce", "a\0b"),
        ("state", "a\0b"),
        ("scope", "openid a\0b"),
        ("claims", "{\"id_token\":{\"a\\u0000b\":null}}"),
        ("login_hint", "a\0b"),
        ("acr_values", "a\0b"),
        ("resource", "https://a.example/\0"),
        ("code_challenge", "a\0b"),
        ("redirect_uri", "http://127.0.0.1:9/callback\0"),
    ] {
        let answer = browser.get(app.authorize_url(&[(name, value)])).await;
        assert!(
            answer.status.as_u16() < 500,
            "{name}: {} {}",
            answer.status,
            answer.body
        );
    }
    for ticket in ["%00", "a%00b"] {
        let answer = fleet.launch(0, &mut Browser::new(), ticket).await;
        assert!(
            answer.status.as_u16() < 500 || answer.status == 502,
            "{ticket}: {}",
            answer.status
        );
    }
    let answer = app.redeem("a\0b").await;
    assert_eq!(answer.json()["error"], "invalid_request");
    assert_eq!(app.refresh("a\0b").await.json()["error"], "invalid_request");
    fleet.portal.rename_user(CHEN_TAO, "陈\0涛");
    fleet.signed_in(0).await;
    assert!(
        !fleet.programs[0].log().contains("the store failed"),
        "{}",
        fleet.programs[0].log()
    );
}
