//! The apps of the user whose session ends when another takes over the browser: what the pages say of
//! them, and the frames in which the browser tells them (Front-Channel Logout 1.0).

use chrono::TimeDelta;

use crate::account_switch::{confirm_switch, launch_from_portal, sub};
use crate::kit::{registered, registration, tokens};
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

/// A provider with an app for each way of learning of a logout.
async fn provider_with_every_way() -> TestProvider {
    let clients = registration(
        "framed",
        "frontchannel_logout_uri = 'http://127.0.0.1:9/bye'\n",
    ) + &registration(
        "told",
        "backchannel_logout_uri = 'http://127.0.0.1:9/gone'\n",
    ) + &registration("mute", "client_name = '泵站'\n");
    TestProvider::open_with(&clients, "").await
}

#[tokio::test]
async fn the_question_names_which_apps_are_told_and_which_cannot_be() {
    let provider = provider_with_every_way().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    for client in ["framed", "told", "mute"] {
        tokens(&registered(&provider, client), &mut browser).await;
    }
    provider
        .launch(&mut browser, "grafana", HEI_LONG_JIANG)
        .await;
    let switch = browser.get(provider.at("/switch")).await;
    let logout = browser.get(provider.at("/logout")).await;
    for page in [switch, logout] {
        for line in [
            "由这个浏览器通知：framed<",
            "直接通知，立即或恢复后送达：told<",
            "无法通知，请自行在应用内退出：泵站<",
            "Cannot be told, sign out there yourself: 泵站<",
        ] {
            assert!(page.body.contains(line), "{line}: {}", page.body);
        }
        assert!(
            !page.body.contains("grafana"),
            "never opened: {}",
            page.body
        );
    }
}

#[tokio::test]
async fn a_switch_opens_the_frames_of_the_previous_users_apps_before_it_goes_on() {
    let provider = provider_with_every_way().await;
    for from_portal in [true, false] {
        let mut browser = provider.signed_in(CHEN_TAO).await;
        tokens(&registered(&provider, "framed"), &mut browser).await;
        let page = if from_portal {
            let launched = launch_from_portal(&provider, &mut browser, HEI_LONG_JIANG).await;
            assert_eq!(launched.status, 303, "{}", launched.body);
            let onward = launched.location();
            assert!(
                onward.path().ends_with("/onward"),
                "without the ticket: {onward}"
            );
            let page = browser.get(onward.clone()).await;
            provider.advance(TimeDelta::seconds(61));
            assert_eq!(browser.get(onward).await.status, 410);
            page
        } else {
            provider
                .launch(&mut browser, "grafana", HEI_LONG_JIANG)
                .await;
            confirm_switch(&provider, &mut browser).await
        };
        assert_eq!(page.status, 200, "{}", page.body);
        let frame = "<iframe src=\"http://127.0.0.1:9/bye?iss=";
        assert_eq!(page.body.matches(frame).count(), 1, "{}", page.body);
        let continues = "data-continue-url=\"http://127.0.0.1:3000/login/generic_oauth";
        assert!(page.body.contains(continues), "{}", page.body);
        assert_eq!(page.header("cache-control"), "no-store");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("frame-src http://127.0.0.1:9"), "{policy}");
        assert_eq!(sub(&provider, &mut browser).await.as_deref(), Some("2"));
    }
}
