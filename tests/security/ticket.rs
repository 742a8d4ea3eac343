//! Who owns a ticket, how often it is validated at the portal, and where it may appear (N61, N62, N64,
//! N69 and N74, docs/security.md).

use chrono::TimeDelta;
use panda_oidc::jobs::sweep::sweep;
use panda_oidc_panda::simulator::Person;

use crate::support::app::{RelyingParty, claims};
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::tools::{BROWSER, SESSION, assert_error_page, assert_no_leak, user_of};

pub(crate) fn launch(provider: &TestProvider, ticket: &str) -> String {
    provider.at(&format!("/launch/grafana?ticket={ticket}"))
}

#[tokio::test]
async fn f1_n61_a_ticket_of_one_browser_is_refused_in_another() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let mut owner = Browser::new();
    assert_eq!(owner.get(launch(&provider, &ticket)).await.status, 303);
    let stranger = provider.signed_in(HEI_LONG_JIANG).await;
    let calls = provider.portal.calls().user_by_ticket;
    let mut without_browser = owner.clone();
    without_browser.cookies.remove(BROWSER);
    without_browser.cookies.remove(SESSION);
    let mut swapped = owner.clone();
    swapped.cookies.remove(SESSION);
    swapped
        .cookies
        .insert(BROWSER.to_owned(), stranger.cookies[BROWSER].clone());
    for mut thief in [Browser::new(), stranger, without_browser, swapped] {
        let answer = thief.get(launch(&provider, &ticket)).await;
        assert_error_page(&answer, 403, "a thief");
        assert_no_leak(&answer, &ticket);
        let mut request = provider.client("grafana").authorize_url(&[]);
        request.query_pairs_mut().append_pair("ticket", &ticket);
        assert_error_page(&thief.get(request).await, 403, "a thief at /authorize");
    }
    assert_eq!(
        provider.portal.calls().user_by_ticket,
        calls,
        "the portal is not asked, so the ticket is not extended"
    );
    assert_eq!(owner.get(launch(&provider, &ticket)).await.status, 303);
}

#[tokio::test]
async fn n61_a_tickets_owner_is_remembered_as_long_as_configured() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    Browser::new().get(launch(&provider, &ticket)).await;
    provider.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
    provider.portal.plant_ticket(&ticket, CHEN_TAO);
    assert_error_page(
        &Browser::new().get(launch(&provider, &ticket)).await,
        403,
        "in time",
    );
    provider.advance(TimeDelta::seconds(1));
    provider.portal.plant_ticket(&ticket, CHEN_TAO);
    assert_eq!(
        Browser::new().get(launch(&provider, &ticket)).await.status,
        303
    );
}

#[tokio::test]
async fn n61_respelling_a_stolen_ticket_does_not_make_it_another_ticket() {
    let provider = TestProvider::open().await;
    provider.portal.plant_ticket("abc-123-xyz", CHEN_TAO);
    let mut owner = Browser::new();
    assert_eq!(
        owner.get(launch(&provider, "abc-123-xyz")).await.status,
        303
    );
    for spelling in [
        "ABC-123-XYZ",
        "abc-123-xyz ",
        " abc-123-xyz",
        "ａｂｃ-123-ｘｙｚ",
        "abc-123-xyz\u{3000}",
        "abc-123-xyz\u{a0}",
        "abc-123-xyz\u{200b}",
        "abc\u{ad}-123-xyz",
        "\u{feff}abc-123-xyz",
        "abc-123-xyz\u{2060}",
        "\u{e1}bc-123-xyz",
        "a\u{301}bc-123-xyz",
        "abc-①②③-xyz",
        "ⓐbc-123-xyz",
        "abc-123-xyz\u{fe0f}",
    ] {
        provider.portal.plant_ticket(spelling, CHEN_TAO);
        let encoded: String = url::form_urlencoded::byte_serialize(spelling.as_bytes()).collect();
        let encoded = encoded.replace('+', "%20");
        let answer = Browser::new().get(launch(&provider, &encoded)).await;
        assert_eq!(answer.status, 403, "{spelling:?}: {}", answer.body);
    }
    provider.portal.plant_ticket("abc-124-xyz", CHEN_TAO);
    let other = Browser::new().get(launch(&provider, "abc-124-xyz")).await;
    assert_eq!(other.status, 303, "another ticket is another ticket");
}

#[tokio::test]
async fn n61_a_plus_a_blank_and_another_encoding_do_not_make_another_ticket() {
    for (format, ticket) in [
        ("opaque", "ab+1/x+yz="),
        ("base64", "Kud8+VtanQ=="),
        ("base64", "Kud8GrM+VtanAA=="),
        ("base64", "+ud8GrMaVta+"),
    ] {
        let settings = format!("ticket_format = '{format}'\n");
        let provider = TestProvider::open_with("", &settings).await;
        for number in 0..8 {
            let spellings = spellings_of(&format!("{number:04}{ticket}"));
            // Portals decode once more, or take a blank for the plus that it was.
            for spelling in &spellings {
                provider.portal.plant_ticket(spelling, CHEN_TAO);
            }
            let url = |spelling: &String| launch(&provider, &encoded(spelling));
            let first = url(&spellings[number % spellings.len()]);
            let signed_in = Browser::new().get(first).await.status == 303;
            assert!(signed_in || format == "base64", "{ticket} {number}");
            for spelling in spellings.iter().filter(|_| signed_in) {
                let answer = Browser::new().get(url(spelling)).await;
                assert_eq!(answer.status, 403, "{ticket} {number} {spelling}");
            }
        }
    }
}

/// Every byte of `text`, percent-encoded.
fn encoded(text: &str) -> String {
    let bytes = text.bytes();
    bytes.fold(String::new(), |all, byte| all + &format!("%{byte:02X}"))
}

/// `ticket`, with other characters for its pluses, and encoded as a whole.
fn spellings_of(ticket: &str) -> [String; 8] {
    [
        ticket.to_owned(),
        ticket.replace('+', " "),
        ticket.replace('+', "  "),
        ticket.replace('+', "%2b"),
        ticket.replace('+', "%252B"),
        ticket.replace('+', "%20"),
        encoded(ticket),
        encoded(&encoded(ticket)),
    ]
}

#[tokio::test]
async fn n62_a_ticket_cannot_be_used_after_its_session_ended() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    browser.get(launch(&provider, &ticket)).await;
    let next = provider.portal.issue_ticket(HEI_LONG_JIANG);
    let portal = provider.portal.url().to_string();
    browser.get_from(launch(&provider, &next), &portal).await;
    assert_error_page(
        &browser.get_from(launch(&provider, &ticket), &portal).await,
        403,
        "spent",
    );
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn n61_ticket_replay_once_refuses_reuse_and_off_allows_it() {
    let provider = TestProvider::open_with("[session]\nticket_replay = 'once'\n", "").await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    assert_eq!(browser.get(launch(&provider, &ticket)).await.status, 303);
    let mut later = browser.clone();
    later.cookies.remove(SESSION);
    assert_error_page(
        &later.get(launch(&provider, &ticket)).await,
        403,
        "the same browser again",
    );
    assert_eq!(
        browser.get(launch(&provider, &ticket)).await.status,
        303,
        "the same ticket in its live session"
    );
    assert_eq!(provider.portal.calls().user_by_ticket, 1);

    let provider = TestProvider::open_with("[session]\nticket_replay = 'off'\n", "").await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    for _ in 0..2 {
        assert_eq!(
            Browser::new().get(launch(&provider, &ticket)).await.status,
            303
        );
    }
}

#[tokio::test]
async fn f3_f29_a_login_and_going_back_validate_the_ticket_once() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let grafana = provider.client("grafana");
    browser.get(launch(&provider, &ticket)).await;
    for _ in 0..2 {
        let answer = grafana.redeem(&grafana.login(&mut browser).await).await;
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        grafana.userinfo(&token).await;
        let back = browser.get(launch(&provider, &ticket)).await;
        assert_eq!(back.status, 303);
        browser.get(provider.at("/launch")).await;
    }
    assert_eq!(provider.portal.calls().user_by_ticket, 1);
}

#[tokio::test]
async fn f2_one_ticket_for_all_apps_works_in_its_browser() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    for client in ["grafana", "keycloak", "spa"] {
        let answer = browser
            .get(provider.at(&format!("/launch/{client}?ticket={ticket}")))
            .await;
        assert_eq!(answer.status, 303, "{client}");
    }
}

#[tokio::test]
async fn f4_the_ticket_is_not_in_the_next_url() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let mut browser = Browser::new();
    let launched = browser.get(launch(&provider, &ticket)).await;
    assert_no_leak(&launched, &ticket);
    assert_eq!(launched.status, 303);
    assert_eq!(launched.header("cache-control"), "no-store");
    assert_eq!(launched.header("referrer-policy"), "no-referrer");
    assert!(
        !browser
            .cookies
            .values()
            .any(|value| value.contains(&ticket))
    );
    let database = std::fs::read(provider.folder().join("panda-oidc.db")).unwrap();
    let wal = std::fs::read(provider.folder().join("panda-oidc.db-wal")).unwrap_or_default();
    let stored = [database, wal].concat();
    let stored_contains = |secret: &str| {
        stored
            .windows(secret.len())
            .any(|part| part == secret.as_bytes())
    };
    assert!(!stored_contains(&ticket) && !stored_contains(&browser.cookies[SESSION]));
}

#[tokio::test]
async fn f10_f28_pending_requests_of_two_tabs_are_both_resumed() {
    let provider = TestProvider::open().await;
    let mut browser = Browser::new();
    let (grafana, keycloak) = (provider.client("grafana"), provider.client("keycloak"));
    browser.get(grafana.authorize_url(&[])).await;
    browser.get(keycloak.authorize_url(&[])).await;
    let mut ports = Vec::new();
    for client in ["keycloak", "grafana"] {
        let launched = provider.launch(&mut browser, client, CHEN_TAO).await;
        let resumed = browser.get(launched.location()).await;
        RelyingParty::code(&resumed);
        ports.push(resumed.location().port().unwrap());
        assert_eq!(
            browser.get(launched.location()).await.status,
            410,
            "once each"
        );
    }
    assert_eq!(ports, [8180, 3000]);
}

#[tokio::test]
async fn f28_two_tabs_that_sign_in_at_once_both_stay_signed_in() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let (a, b) = tokio::join!(
        provider.launch(&mut one, "grafana", CHEN_TAO),
        provider.launch(&mut two, "keycloak", CHEN_TAO)
    );
    assert_eq!((a.status.as_u16(), b.status.as_u16()), (303, 303));
    for mut tab in [one, two] {
        assert_eq!(user_of(&provider, &mut tab).await.as_deref(), Some("1"));
    }
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("1"));
}

#[tokio::test]
async fn f27_n74_a_launch_loop_is_stopped() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let url = provider.at("/launch/grafana");
    let mut launches = 1;
    let stopped = loop {
        let answer = browser.get(&url).await;
        if answer.status != 303 {
            break answer;
        }
        launches += 1;
        assert!(launches < 10, "the launch loop is not stopped");
    };
    assert_eq!((launches, stopped.status.as_u16()), (3, 429));
    assert!(stopped.body.contains("应用反复要求登录"));
    provider.advance(TimeDelta::seconds(15));
    assert_eq!(browser.get(&url).await.status, 303);
}

#[tokio::test]
async fn f30_after_a_portal_restart_the_error_page_leads_back_to_the_portal() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let mut signed_in = provider.signed_in(HEI_LONG_JIANG).await;
    provider.portal.expire_tickets();
    let answer = Browser::new().get(launch(&provider, &ticket)).await;
    assert_error_page(&answer, 403, "forgotten");
    assert!(answer.body.contains("请重新从门户进入"), "{}", answer.body);
    assert!(answer.body.contains(provider.portal.url().as_str()));
    assert_eq!(
        user_of(&provider, &mut signed_in).await.as_deref(),
        Some("2")
    );
}

#[tokio::test]
async fn n69_a_hostile_user_name_is_escaped_on_pages_and_reorders_nothing_in_tokens() {
    let provider = TestProvider::open().await;
    let name = "<script>alert('1')</script>\"&\u{202e}gnp\u{2066}.😀\r\nX-Evil: 1";
    provider.portal.add_user(Person::new(7, name, "</p><b>"));
    let mut browser = provider.signed_in(7).await;
    let apps = browser.get(provider.at("/launch")).await;
    provider.launch(&mut browser, "grafana", CHEN_TAO).await;
    let switch = browser.get(provider.at("/switch")).await;
    for page in [apps, switch] {
        assert_eq!(page.status, 200);
        assert!(
            page.body.contains("gnp"),
            "the page shows the name: {}",
            page.body
        );
        assert!(!page.body.contains("<script>alert"), "{}", page.body);
        let bidi_overrides = ['\u{202e}', '\u{2066}'];
        assert!(
            !page.body.contains(bidi_overrides),
            "the name reverses the page"
        );
        assert_eq!(page.header("x-evil"), "");
    }
    let grafana = provider.client("grafana");
    let tokens = grafana
        .redeem(&grafana.login(&mut browser).await)
        .await
        .json();
    let id_token = claims(tokens["id_token"].as_str().unwrap());
    let seen = "<script>alert('1')</script>\"&gnp.😀 X-Evil: 1";
    assert_eq!(id_token["name"], seen);
    assert_eq!(id_token["preferred_username"], "7");
    assert!(id_token["phone_number"].is_null());
}

/// A clock that runs ahead for a while, and is set right again.
#[tokio::test]
async fn a_jump_of_the_clock_makes_no_ticket_anybody_elses() {
    for jump in [
        TimeDelta::days(8),
        TimeDelta::days(400),
        TimeDelta::hours(-8),
    ] {
        let provider = TestProvider::open().await;
        let ticket = provider.portal.issue_ticket(CHEN_TAO);
        let url = provider.at(&format!("/launch/grafana?ticket={ticket}"));
        assert_eq!(Browser::new().get(&url).await.status, 303);
        let steal = async |when: &str| {
            // The portal would accept the ticket again: the clock of the simulator jumps as well.
            let answer = Browser::new().get(&url).await;
            assert_eq!(answer.status, 403, "{jump} {when}");
            assert_eq!(provider.portal.calls().user_by_ticket, 1, "{jump} {when}");
        };
        provider.clock.jump(jump);
        for _ in 0..2 {
            sweep(&provider.app).await;
            steal("during the jump").await;
            provider.clock.advance(TimeDelta::seconds(60));
        }
        provider.clock.jump(-jump);
        sweep(&provider.app).await;
        steal("after it").await;
    }
}
