//! Logout requests that are posted: from another site, without cookies, and by a server.

use super::*;

/// Posts `form` to `/logout` as a page at `origin` does.
async fn post_logout(
    provider: &TestProvider,
    browser: &mut Browser,
    origin: &str,
    form: &[(&str, &str)],
) -> Answer {
    let form = |request: reqwest::RequestBuilder| request.header("origin", origin).form(form);
    browser
        .send(Method::POST, provider.at("/logout"), form)
        .await
}

/// The browser sends no `SameSite=Lax` cookies with a form that another site posts. The provider
/// therefore answers with a page that posts the same form again from its own origin.
#[tokio::test]
async fn a_cross_site_post_is_posted_again_from_the_providers_own_page() {
    let provider = provider("", "").await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    let form = [
        ("id_token_hint", &*hint),
        ("client_id", "app"),
        ("post_logout_redirect_uri", POST_LOGOUT_URI),
        ("state", "s&\"t"),
        ("ui_locales", "en"),
    ];
    let page = post_logout(
        &provider,
        &mut Browser::new(),
        "http://other.example",
        &form,
    )
    .await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_contains(&page, "正在退出登录");
    let action = format!(
        "<form method=\"post\" action=\"{}\">",
        provider.at("/logout")
    );
    assert_contains(&page, &action);
    assert_contains(&page, "<button");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.set_cookies().is_empty());
    assert!(
        !page.body.contains(&format!("={hint}")),
        "the hint is in no URL"
    );
    assert_eq!(page.field("state"), "s&#38;&#34;t");
    let again = page.field("again");
    let mut form = form.to_vec();
    for (name, value) in form.iter().filter(|(name, _)| *name != "state") {
        assert_eq!(page.field(name), *value);
    }
    assert!(is_signed_in(&provider, &browser).await, "not yet");
    form.push(("again", &again));
    let answer = post_logout(&provider, &mut browser, "null", &form).await;
    assert_eq!(
        answer.location().as_str(),
        format!("{POST_LOGOUT_URI}&state=s%26%22t")
    );
    assert!(!is_signed_in(&provider, &browser).await);
}

/// The second post carries `again`, so that a browser without cookies does not loop.
#[tokio::test]
async fn a_browser_without_cookies_gets_the_repost_page_once() {
    let provider = provider("", "").await;
    let (browser, hint) = log_in_at_app(&provider).await;
    let mut without_cookies = Browser::new();
    for form in [&[][..], &[("client_id", "app")]] {
        let page = post_logout(&provider, &mut without_cookies, "null", form).await;
        let mut form = form.to_vec();
        let again = page.field("again");
        form.push(("again", &again));
        let answer = post_logout(&provider, &mut without_cookies, "null", &form).await;
        assert_contains(&answer, "您没有在这里登录");
        assert!(answer.set_cookies().is_empty());
    }
    assert!(is_signed_in(&provider, &browser).await);
    let hinted = [("id_token_hint", &*hint), ("again", "1")];
    let answer = post_logout(&provider, &mut without_cookies, "null", &hinted).await;
    assert_contains(&answer, "已退出登录");
    assert!(
        !is_signed_in(&provider, &browser).await,
        "the hint's session"
    );
}

#[tokio::test]
async fn a_body_that_is_not_a_form_is_refused() {
    let provider = provider("", "").await;
    let (mut browser, hint) = log_in_at_app(&provider).await;
    for content_type in ["text/plain", "application/json", "multipart/form-data", ""] {
        let body = format!("id_token_hint={hint}");
        let build = |request: reqwest::RequestBuilder| {
            let request = request.header("origin", "null").body(body);
            if content_type.is_empty() {
                return request;
            }
            request.header("content-type", content_type)
        };
        let answer = browser
            .send(Method::POST, provider.at("/logout"), build)
            .await;
        assert_eq!(answer.status, 400, "{content_type}");
        assert_contains(&answer, "the body is not application/x-www-form-urlencoded");
        assert!(is_signed_in(&provider, &browser).await, "{content_type}");
    }
}

/// Keycloak's identity provider setting "Backchannel logout" sends such a GET, with a hint and a state.
#[tokio::test]
async fn a_server_to_server_request_with_a_hint_ends_the_session() {
    let provider = provider("", "").await;
    for (more, status) in [
        (None, 200),
        (Some(("post_logout_redirect_uri", POST_LOGOUT_URI)), 303),
    ] {
        let (browser, hint) = log_in_at_app(&provider).await;
        let parameters = [("state", "x"), ("id_token_hint", &hint)];
        let parameters: Vec<_> = parameters.into_iter().chain(more).collect();
        let answer = Browser::new().get(logout_url(&provider, &parameters)).await;
        assert_eq!(answer.status, status);
        assert!(!is_signed_in(&provider, &browser).await);
    }
}

#[tokio::test]
async fn an_error_page_about_a_posted_logout_uses_its_ui_locales() {
    let provider = provider("", "").await;
    let (mut browser, _) = log_in_at_app(&provider).await;
    let form = [
        ("client_id", "app"),
        (
            "post_logout_redirect_uri",
            "http://127.0.0.1:9/unregistered",
        ),
        ("ui_locales", "en"),
    ];
    let url = provider.at("/logout");
    let post =
        |request: reqwest::RequestBuilder| request.header("accept-language", "zh-CN").form(&form);
    let page = browser.send(Method::POST, &url, post).await;
    assert_eq!(page.status, 400);
    assert_contains(&page, "<html lang=\"en\"");
}
