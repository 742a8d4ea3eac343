//! Addresses as people paste them: cut, or told what to write. And apps whose address tells that something is
//! missing.

use std::fs;

use panda_oidc_panda::simulator::{Simulator, SimulatorSettings};

use crate::support::program::{CLIENT_ID, Program};
use crate::tools::{check_without_secrets, portal, signed_in};

/// Runs `check` with `from` replaced by `to` in the configuration, and `more` at its end.
fn check(from: &str, to: &str, more: &str) -> (bool, String) {
    let program = Program::prepare("http://127.0.0.1:9", "", more);
    let toml = fs::read_to_string(program.config_file()).unwrap();
    assert!(toml.contains(from), "{toml}");
    fs::write(program.config_file(), toml.replacen(from, to, 1)).unwrap();
    check_without_secrets(&program, &[])
}

#[tokio::test]
async fn a_base_url_as_the_document_prints_it_signs_people_in() {
    let portal = Simulator::start(SimulatorSettings::default())
        .await
        .unwrap();
    let url = portal.url();
    for call in [
        "PandaOMS/OMS/GetUserByTicket",
        "PandaOMS/OMS/GetUsers",
        "PandaOMS/OMS/GetUserByTicket?ticket=hunter2",
        "pandaoms/oms/",
    ] {
        let mut program = Program::prepare(&format!("{url}{call}"), "", "");
        program.restart().await;
        signed_in(&program, &portal).await;
    }
}

#[test]
fn an_address_that_cannot_be_meant_is_told() {
    let base_url = "base_url = 'http://127.0.0.1:9'";
    for (pasted, expected) in [
        ("http://{IP}", "placeholder"),
        ("http://{IP}/PandaOMS/OMS/GetUsers", "placeholder"),
        ("http://IP/PandaOMS/OMS/GetUsers", "`IP`"),
        ("<http://10.0.0.5/PandaOMS/OMS/GetUsers>", "angle brackets"),
        (" http://10.0.0.5", "a space"),
        ("http：//10.0.0.5", "`：`"),
        ("http://10。0。0。5", "`。`"),
        ("http://panda—water", "`—`"),
        ("“http://10.0.0.5”", "`“`"),
    ] {
        let (ok, text) = check(base_url, &format!("base_url = '{pasted}'"), "");
        assert!(
            !ok && text.contains("provider.base_url: "),
            "{pasted}: {text}"
        );
        assert!(text.contains(expected), "{pasted}: {text}");
    }
    let redirect = "redirect_uris = ['http://127.0.0.1:9/callback']";
    for (from, key, pasted, expected) in [
        (
            base_url,
            "portal_url",
            "http://10.0.0.5/?ticket=hunter2",
            "somebody's ticket",
        ),
        (base_url, "portal_url", "http://10.0.0.5：80/", "`：`"),
        (
            redirect,
            "redirect_uris",
            "https://app.example.com/callback?code=hunter2&state=x",
            "code or state",
        ),
        (
            redirect,
            "redirect_uris",
            "https://app.example.com/#/callback",
            "it has a fragment; leave out everything from the # on",
        ),
        (
            redirect,
            "redirect_uris",
            "https://app.example.com／callback",
            "`／`",
        ),
        (
            redirect,
            "redirect_uris",
            "https://app.example.com/callback ",
            "a space",
        ),
    ] {
        let to = match key {
            "redirect_uris" => format!("redirect_uris = ['{pasted}']"),
            key => format!("{from}\n{key} = '{pasted}'"),
        };
        let (ok, text) = check(from, &to, "");
        assert!(
            !ok && text.contains(key) && text.contains(expected),
            "{pasted}: {text}"
        );
    }
}

#[test]
fn an_issuer_or_an_address_of_an_app_that_cannot_be_meant_is_told() {
    for (issuer, expected) in [
        (
            "https://sso.example.com/.well-known/openid-configuration",
            "leave out everything from /.well-known on",
        ),
        ("https://sso.example.com ", "a space"),
        ("https：//sso.example.com", "`：`"),
        ("https://sso—prod.example.com", "`—`"),
    ] {
        let (ok, text) = check(
            "issuer = '",
            &format!("issuer = '{issuer}'\ncontact = '"),
            "",
        );
        assert!(!ok && text.contains("issuer: "), "{issuer}: {text}");
        assert!(text.contains(expected), "{issuer}: {text}");
    }
    for key in [
        "client_uri",
        "backchannel_logout_uri",
        "frontchannel_logout_uri",
        "jwks_uri",
    ] {
        let method = if key == "jwks_uri" {
            "token_endpoint_auth_method = 'private_key_jwt'\n"
        } else {
            ""
        };
        for (pasted, expected) in [
            ("http://127.0.0.1:9/#/home", "it has a # in it"),
            ("http://127.0.0.1:9/home。", "`。`"),
            (
                "127.0.0.1:9/home",
                "it is not an https URL; write the whole address, with https:// in front",
            ),
        ] {
            let secret = "client_secret = 'app-secret-0123456789abcdef'\n";
            let keep = if key == "jwks_uri" { "" } else { secret };
            let (ok, text) = check(secret, &format!("{keep}{method}{key} = '{pasted}'\n"), "");
            assert!(
                !ok && text.contains(&format!("{key}: it ")) && text.contains(expected),
                "{key}: {text}"
            );
        }
    }
}

#[tokio::test]
async fn an_app_that_routes_by_hash_gets_the_parameters_before_the_hash() {
    let portal = portal().await;
    let mut program = Program::prepare(portal.url().as_str(), "", "");
    let toml = fs::read_to_string(program.config_file()).unwrap();
    let toml = toml.replace(
        "'http://127.0.0.1:9/login'",
        "'http://127.0.0.1:9/?x=1#/login'",
    );
    fs::write(program.config_file(), toml).unwrap();
    program.restart().await;
    let mut browser = signed_in(&program, &portal).await;
    let answer = browser
        .get(program.at(&format!("/launch/{CLIENT_ID}")))
        .await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let location = answer.headers["location"].to_str().unwrap();
    assert!(
        location.starts_with("http://127.0.0.1:9/?x=1&iss=http"),
        "{location}"
    );
    assert!(location.ends_with("#/login"), "{location}");
}

#[test]
fn an_app_that_refuses_people_without_an_address_is_warned_about() {
    let redirect = "redirect_uris = ['http://127.0.0.1:9/callback']";
    for (path, product, preset) in [
        ("login/generic_oauth", "Grafana", Some("grafana")),
        ("monitor/login/generic_oauth", "Grafana", Some("grafana")),
        ("oauth/oidc/callback", "Open WebUI", None),
        ("dex/callback", "Dex", None),
        ("oauth-authorized/panda", "Superset", None),
        ("oauth2/callback", "oauth2-proxy", Some("oauth2-proxy")),
        (
            "realms/water/broker/panda/endpoint",
            "Keycloak",
            Some("keycloak"),
        ),
    ] {
        let with = |more: &str| {
            let to = format!("redirect_uris = ['http://127.0.0.1:9/{path}']\n{more}");
            check(redirect, &to, "")
        };
        let (ok, text) = with("");
        assert!(ok && text.contains("warning: "), "{path}: {text}");
        assert!(
            text.contains("clients[0].email: ") && text.contains(product),
            "{text}"
        );
        if let Some(preset) = preset {
            assert!(text.contains(&format!("preset = \"{preset}\"")), "{text}");
            let (ok, text) = with(&format!("preset = '{preset}'"));
            assert!(ok && !text.contains("warning: "), "{text}");
        }
        for decided in [
            "email = 'omit'",
            "email = 'link'",
            "email = '{{ user.id }}@panda.invalid'",
        ] {
            let (ok, text) = with(decided);
            assert!(ok && !text.contains("warning: "), "{decided}: {text}");
        }
    }
    let (ok, text) = check(redirect, redirect, "");
    assert!(ok && !text.contains("warning: "), "{text}");
}
