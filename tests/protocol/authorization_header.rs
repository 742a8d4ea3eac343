//! The `Authorization` header at the endpoints where clients authenticate themselves (RFC 6749 §2.3.1).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;

use crate::support::CHEN_TAO;
use crate::support::app::VERIFIER;
use crate::support::browser::Browser;
use crate::support::provider::TestProvider;

/// Interceptors of a page, proxies and HTTP libraries add headers that are about something else.
#[tokio::test]
async fn a_header_that_authenticates_no_client_counts_as_none() {
    let provider = TestProvider::open().await;
    let mut browser = provider.signed_in(CHEN_TAO).await;
    let foreign: [&[u8]; 8] = [
        b"Bearer abc.def.ghi",
        b"bearer null",
        b"Negotiate YIIabc==",
        b"NTLM TlRMTVNTUAAB",
        b"Digest username=\"grafana\", realm=\"x\"",
        b"Token 123",
        b"DPoP abc",
        b"Custom \xe7\x86\x8a",
    ];
    let send = async |path: &str, headers: &[&[u8]], form: &[(&str, &str)]| {
        Browser::new()
            .send(Method::POST, provider.at(path), |request| {
                let added = headers.iter().fold(request, |request, value| {
                    let value = reqwest::header::HeaderValue::from_bytes(value).unwrap();
                    request.header("authorization", value)
                });
                added.form(form)
            })
            .await
    };
    let grafana = provider.client("grafana");
    let secret = grafana.client_secret.clone().unwrap();
    for header in foreign {
        let shown = String::from_utf8_lossy(header);
        for client in [provider.client("spa"), grafana.clone()] {
            let code = client.login(&mut browser).await;
            let mut form = vec![
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", &client.redirect_uri),
                ("code_verifier", VERIFIER),
                ("client_id", &client.client_id),
            ];
            if let Some(secret) = &client.client_secret {
                form.push(("client_secret", secret));
            }
            let answer = send("/token", &[header, b"Bearer other"], &form).await;
            assert_eq!(answer.status, 200, "{shown}: {}", answer.body);
        }
        let post = [
            ("token", "x"),
            ("client_id", "grafana"),
            ("client_secret", &secret),
        ];
        for path in ["/introspect", "/revoke"] {
            let answer = send(path, &[header], &post).await;
            assert_eq!(answer.status, 200, "{path} {shown}: {}", answer.body);
        }
        // A wrong secret in the body stays wrong. The browser must not ask for a password: no
        // `WWW-Authenticate: Basic` for a client that did not use Basic.
        let wrong = [("client_id", "grafana"), ("client_secret", "wrong")];
        let answer = send("/token", &[header], &wrong).await;
        assert_eq!(answer.json()["error"], "invalid_client", "{shown}");
        assert_eq!(answer.header("www-authenticate"), "", "{shown}");
    }
    // A Basic header stays one, alone or beside another: read, not ignored.
    let basic = format!(
        "Basic {}",
        BASE64_STANDARD.encode(format!("grafana:{secret}"))
    );
    let basic = basic.as_bytes();
    let token: &[_] = &[("token", "x")];
    assert_eq!(send("/revoke", &[basic], token).await.status, 200);
    assert_eq!(
        send("/revoke", &[b"Bearer x", basic], token).await.status,
        200
    );
    let public = [("token", "x"), ("client_id", "spa")];
    for (headers, form, error) in [
        (&[basic, basic][..], token, "invalid_request"),
        (&[basic], &public, "invalid_request"),
        (&[b"Basic eA=="], &public, "invalid_client"),
        (&[b"basic"], &public, "invalid_client"),
        (&[b"Basic \xe7\x86\x8a"], &public, "invalid_client"),
    ] {
        let answer = send("/revoke", headers, form).await;
        assert_eq!(answer.json()["error"], error, "{headers:?}");
    }
}
