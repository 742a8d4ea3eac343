//! What opens no page, such as a prefetch or an image, changes nothing (N63 and N64, docs/security.md).

use reqwest::Method;

use crate::support::browser::Browser;
use crate::support::provider::TestProvider;
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};
use crate::ticket::launch;
use crate::tools::{SESSION, assert_no_leak, user_of};

#[tokio::test]
async fn f7_n64_neither_head_nor_prefetch_uses_a_ticket() {
    let provider = TestProvider::open().await;
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    let url = launch(&provider, &ticket);
    let mut request = provider.client("grafana").authorize_url(&[]);
    request.query_pairs_mut().append_pair("ticket", &ticket);
    for url in [url.as_str(), request.as_str()] {
        let head = Browser::new()
            .send(Method::HEAD, url, |request| request)
            .await;
        assert_eq!(head.header("location"), "");
        for (name, value) in [
            ("sec-purpose", "prefetch"),
            ("sec-purpose", "prefetch;prerender"),
            ("sec-purpose", "prefetch;anonymous-client-ip"),
            ("purpose", "prefetch"),
            ("purpose", "preview"),
            ("x-purpose", "preview"),
            ("x-moz", "prefetch"),
        ] {
            let prefetch = |request: reqwest::RequestBuilder| request.header(name, value);
            let answer = Browser::new().send(Method::GET, url, prefetch).await;
            assert_no_leak(&answer, &ticket);
            assert_eq!(answer.status, 503, "{name}: {value}");
            let sets = answer.set_cookies().into_iter();
            assert_eq!(sets.filter(|set| set.starts_with(SESSION)).count(), 0);
        }
        for method in [Method::OPTIONS, Method::PUT, Method::DELETE] {
            let answer = Browser::new().send(method, url, |request| request).await;
            assert_eq!(answer.status, 405);
        }
    }
    assert_eq!(provider.portal.calls().user_by_ticket, 0);
    assert_eq!(Browser::new().get(url).await.status, 303);
}

/// Any page of the same site can hold such an image, and the `Referer` of one on a page of the portal is the
/// portal's. The headers are those of Chromium, on https and on http.
#[tokio::test]
async fn n63_an_image_a_script_or_a_style_signs_nobody_in_and_out() {
    let provider = TestProvider::open().await;
    let portal = provider.portal.url().to_string();
    let mozilla =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/132.0.0.0 Safari/537.36";
    let image = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
    let mut browser = provider.signed_in(HEI_LONG_JIANG).await;
    let authorize = provider.client("grafana").authorize_url(&[]).to_string();
    let ticket = provider.portal.issue_ticket(CHEN_TAO);
    for (dest, accept) in [
        (Some("image"), image),
        (Some("script"), "*/*"),
        (Some("style"), "text/css,*/*;q=0.1"),
        (Some("empty"), "*/*"),
        (Some("object"), "text/html,*/*;q=0.8"),
        (None, image),
        (None, "*/*"),
        (None, "text/css,*/*;q=0.1"),
    ] {
        for url in [
            launch(&provider, &ticket),
            provider.at(&format!("/launch?ticket={ticket}")),
            authorize.clone(),
            format!("{authorize}&ticket={ticket}"),
            provider.at("/logout"),
        ] {
            let request = |mut request: reqwest::RequestBuilder| {
                if let Some(dest) = dest {
                    request = request.header("sec-fetch-dest", dest);
                }
                let request = request
                    .header("user-agent", mozilla)
                    .header("accept", accept);
                request.header("referer", &portal)
            };
            let answer = browser.send(Method::GET, &url, request).await;
            assert_eq!(answer.status, 503, "{url} {dest:?} {accept}");
            let cookies = answer.set_cookies();
            assert!(cookies.is_empty(), "{url} {dest:?} {accept}: {cookies:?}");
        }
    }
    assert_eq!(provider.portal.calls().user_by_ticket, 1);
    assert_eq!(user_of(&provider, &mut browser).await.as_deref(), Some("2"));
    for (dest, accept) in [
        (Some("document"), "text/html,*/*;q=0.8"),
        (Some("iframe"), "text/html,*/*;q=0.8"),
        (None, "text/html, application/xhtml+xml, image/jxr, */*"),
    ] {
        let url = launch(&provider, &provider.portal.issue_ticket(CHEN_TAO));
        let request = |mut request: reqwest::RequestBuilder| {
            if let Some(dest) = dest {
                request = request.header("sec-fetch-dest", dest);
            }
            request
                .header("user-agent", mozilla)
                .header("accept", accept)
        };
        let answer = Browser::new().send(Method::GET, &url, request).await;
        assert_eq!(answer.status, 303, "{dest:?} {accept}");
    }
}
