//! The provider behind a proxy that terminates TLS, as in every plan.

use reqwest::Method;

use super::agent::ISSUER;
use super::module::{Mode, Module};

/// [`super::agent::Agent`] fails on a cookie that a browser would drop. This test checks that the
/// expected cookies are set and that no page shows the address behind the proxy.
#[tokio::test]
async fn behind_tls_every_cookie_is_bound_to_the_host_and_every_address_is_the_issuers() {
    let mut module = Module::start(Mode::Default).await;
    module.login(&[]).await;
    let cookies = module.agent.cookies();
    assert!(
        cookies.contains(&"__Host-panda-oidc-session"),
        "{cookies:?}"
    );
    assert!(
        cookies.contains(&"__Host-panda-oidc-browser"),
        "{cookies:?}"
    );
    let plain = cookies.iter().filter(|name| !name.starts_with("__Host-"));
    assert_eq!(plain.count(), 0, "{cookies:?}");
    for path in ["/.well-known/openid-configuration", "/logout", "/nowhere"] {
        let url = format!("{ISSUER}{path}");
        let answer = module
            .agent
            .send(Method::GET, &url, |request| request)
            .await;
        let links = answer.body.matches("127.0.0.1").count();
        let to_portal = answer.body.matches(module.portal().as_str()).count();
        assert_eq!(links, to_portal, "{}", answer.body);
    }
}
