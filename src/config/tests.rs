//! Tests of the configuration: what is accepted, and how mistakes are reported.

mod admin;
mod audience;
mod claims;
mod credentials;
mod launch;
mod people;
mod recipes;

use std::sync::Arc;

use panda_oidc_sdk::{Host, SystemClock};

use super::*;
use crate::app::open_provider;
use crate::login::policy::TicketReplay;

const GOOD: &str = r#"
issuer = "https://sso.example.com"
[provider]
kind = "panda"
base_url = "http://10.0.0.5"
[[clients]]
client_id = "grafana"
client_secret = "0123456789abcdef"
redirect_uris = ["https://grafana.example.com/login/generic_oauth"]
"#;

fn problems(toml: &str) -> Vec<String> {
    parse(toml)
        .err()
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn only_problem(toml: &str) -> String {
    let mut problems = problems(toml);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.remove(0)
}

fn provider_problem(toml: &str) -> String {
    let host = Host::new(Arc::new(SystemClock)).unwrap();
    let opened = open_provider(&parse(toml).unwrap(), &host);
    opened.map(drop).unwrap_err().to_string()
}

#[test]
fn a_short_configuration_is_enough() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:9400");
    assert_eq!(config.session.ticket_replay, TicketReplay::BrowserBound);
    let grafana = config.clients.get("grafana").unwrap();
    assert!(!grafana.require_pkce && grafana.access_token.typ == "at+jwt");
    assert_eq!(grafana.access_token.audience, ["https://sso.example.com"]);
}

const REFERENCE: &str = include_str!("../../config/panda-oidc.toml");

#[test]
fn the_reference_configuration_is_refused_until_its_secret_is_changed() {
    assert!(
        only_problem(REFERENCE).contains("clients[0].client_secret: it is still the example's")
    );
}

#[test]
fn the_reference_configuration_shows_the_defaults() {
    let shown = parse(&REFERENCE.replace("CHANGE-ME", "0123456789abcdef")).unwrap();
    let default = parse(GOOD).unwrap();
    let sections = |config: &Config| {
        format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            config.server,
            config.admin,
            config.session,
            config.store,
            config.keys,
            config.directory,
            config.limits
        )
    };
    assert_eq!(sections(&shown), sections(&default));
    let (shown, default) = (
        shown.clients.get("grafana").unwrap(),
        default.clients.get("grafana").unwrap(),
    );
    assert_eq!(shown.require_pkce, default.require_pkce);
    assert_eq!(
        format!("{:?}", shown.claims),
        format!("{:?}", default.claims)
    );
    assert_eq!(shown.id_token_alg, default.id_token_alg);
    assert_eq!(
        format!("{:?}", shown.access_token),
        format!("{:?}", default.access_token)
    );
}

/// The message about an unknown key lists all known keys.
#[test]
fn the_reference_configuration_names_every_key() {
    let sections = [
        "server",
        "admin",
        "session",
        "store",
        "keys",
        "directory",
        "limits",
    ];
    let mut messages: Vec<String> = sections
        .iter()
        .map(|section| {
            only_problem(&GOOD.replace("[provider]", &format!("[{section}]\nqqq = 1\n[provider]")))
        })
        .collect();
    messages.push(only_problem(
        &GOOD.replace("client_id =", "qqq = 1\nclient_id ="),
    ));
    messages.push(only_problem(&format!("{GOOD}[[admin.tokens]]\nqqq = 1\n")));
    messages.push(provider_problem(
        &GOOD.replace("base_url =", "qqq = 1\nbase_url ="),
    ));
    for message in messages {
        let (_, known) = message.split_once("it is one of: ").expect(&message);
        for key in known.split(", ") {
            let shown = [format!("{key} = "), format!("[[admin.{key}]]")];
            assert!(
                shown.iter().any(|shown| REFERENCE.contains(shown)),
                "{key} of {message}"
            );
        }
    }
}

#[test]
fn a_misspelt_key_is_reported_with_the_correct_one() {
    let problem = only_problem(&GOOD.replace(
        "[provider]",
        "[server]\nlisten_on = \"127.0.0.1:1\"\n[provider]",
    ));
    assert!(
        problem.contains("server.listen_on: there is no such key; did you mean `listen`?"),
        "{problem}"
    );
}

#[test]
fn a_duplicate_client_is_named() {
    let twice = GOOD.to_owned() + &GOOD[GOOD.find("[[clients]]").unwrap()..];
    assert!(only_problem(&twice).contains("clients[1].client_id: `grafana` is there twice"));
}

#[test]
fn all_problems_are_reported_at_once() {
    let problems = problems(
        &GOOD
            .replace("https://sso.example.com", "https://sso.example.com/")
            .replace("\"grafana\"", "\"12345\"")
            .replace("0123456789abcdef", "short"),
    );
    assert_eq!(problems.len(), 3, "{problems:#?}");
}

#[test]
fn a_secret_is_in_no_message_and_in_no_debug() {
    let debug = format!("{:?}", parse(GOOD).unwrap());
    assert!(!debug.contains("0123456789abcdef"), "{debug}");
    let messages = problems(&GOOD.replace("\"0123456789abcdef\"", "1234567890123456")).concat();
    assert!(
        messages.contains("client_secret") && !messages.contains("1234567890123456"),
        "{messages}"
    );
}

#[test]
fn an_http_issuer_beyond_this_machine_needs_allow_insecure_http() {
    let exposed = GOOD.replace("https://sso.example.com", "http://10.0.0.7:9400");
    assert!(only_problem(&exposed).contains("server.allow_insecure_http = true"));
    assert!(
        parse(&exposed.replace(
            "[provider]",
            "[server]\nallow_insecure_http = true\n[provider]"
        ))
        .is_ok()
    );
    assert!(parse(&GOOD.replace("https://sso.example.com", "http://127.0.0.1:9400")).is_ok());
}

#[test]
fn a_client_without_a_secret_must_be_declared_public() {
    let bare = GOOD.replace("client_secret = \"0123456789abcdef\"\n", "");
    assert!(only_problem(&bare).contains("token_endpoint_auth_method = \"none\""));
    let public = parse(&(bare + "token_endpoint_auth_method = \"none\"\n")).unwrap();
    assert!(public.clients.get("grafana").unwrap().require_pkce);
}

#[test]
fn addresses_for_logouts_are_checked() {
    let with = |lines: &str| GOOD.to_owned() + lines;
    let good = with(
        "post_logout_redirect_uris = [\"https://elsewhere.example.com/out?x=1\"]\n\
         backchannel_logout_uri = \"https://elsewhere.example.com/told\"\n\
         backchannel_logout_session_required = false\n\
         frontchannel_logout_uri = \"https://grafana.example.com/out\"\n\
         frontchannel_logout_session_required = true\n",
    );
    assert_eq!(problems(&good), [""; 0]);
    for (lines, expected) in [
        (
            "post_logout_redirect_uris = [\"https://*.example.com/\"]",
            "post_logout_redirect_uris: `https://*.example.com/`: it contains a *",
        ),
        (
            "frontchannel_logout_uri = \"https://evil.example.com/out\"",
            "frontchannel_logout_uri: scheme, host and port are those of none of the redirect_uris",
        ),
        (
            "frontchannel_logout_session_required = false",
            "frontchannel_logout_session_required: there is no frontchannel_logout_uri for it",
        ),
        (
            "backchannel_logout_session_required = true",
            "backchannel_logout_session_required: there is no backchannel_logout_uri for it",
        ),
        (
            "backchannel_logout_uri = \"http://10.0.0.7/told\"",
            "backchannel_logout_uri: it is plain http beyond this machine",
        ),
        (
            "backchannel_logout_uri = \"https://user:pass@elsewhere.example.com/told\"",
            "backchannel_logout_uri: it has a user name or a password in it",
        ),
        (
            "frontchannel_logout_uri = \"https://user@grafana.example.com/out\"",
            "frontchannel_logout_uri: it has a user name or a password in it",
        ),
    ] {
        let problem = only_problem(&with(lines));
        assert!(problem.contains(expected), "{problem}");
    }
}

#[test]
fn a_url_with_a_password_is_refused() {
    for key in ["initiate_login_uri", "client_uri"] {
        let problem = only_problem(&format!(
            "{GOOD}{key} = \"https://:pass@grafana.example.com/\"\n"
        ));
        let expected = format!("clients[0].{key}: it has a user name or a password in it");
        assert!(
            problem.contains(&expected) && !problem.contains(":pass"),
            "{problem}"
        );
    }
}

#[test]
fn a_mistake_in_the_plugins_table_is_reported_with_its_section() {
    let slip = provider_problem(&GOOD.replace("[[clients]]", "base_ulr = \"x\"\n[[clients]]"));
    assert!(
        slip.contains("provider.base_ulr: there is no such key; did you mean `base_url`?"),
        "{slip}"
    );
    let bad = provider_problem(&GOOD.replace("http://10.0.0.5", "ftp://10.0.0.5"));
    assert!(
        bad.contains("provider.base_url: it is neither http:// nor https://; write it whole"),
        "{bad}"
    );
}

#[test]
fn a_missing_issuer_and_an_unknown_provider_are_reported() {
    assert!(
        only_problem(&GOOD.replace("issuer = \"https://sso.example.com\"", ""))
            .contains("issuer: it is missing")
    );
    assert!(
        only_problem(&GOOD.replace("\"panda\"", "\"bear\""))
            .contains("provider.kind: it names no identity provider")
    );
}

#[test]
fn a_limit_is_a_number_or_off() {
    let with = |rate: &str| {
        GOOD.replace(
            "[provider]",
            &format!("[limits]\nlaunches_per_minute = {rate}\n[provider]"),
        )
    };
    let rate = |rate: &str| parse(&with(rate)).unwrap().limits.launches_per_minute.0;
    assert_eq!(rate("60").map(std::num::NonZeroU32::get), Some(60));
    assert_eq!(rate("\"off\""), None);
    for invalid in ["0", "-1", "1000001", "\"none\"", "true", "1.5"] {
        let problem = only_problem(&with(invalid));
        assert!(
            problem.contains("limits.launches_per_minute")
                && problem.contains("it takes a number between 1 and 1000000, or \"off\""),
            "{problem}"
        );
    }
}

#[test]
fn a_service_without_user_login_needs_no_redirect_uri() {
    let service = |grant_types: &str| {
        format!(
            "{}\n[[clients]]\nclient_id = \"service\"\nclient_secret = \"0123456789abcdef\"\n{grant_types}\n",
            &GOOD[..GOOD.find("[[clients]]").unwrap()],
        )
    };
    assert!(parse(&service("grant_types = [\"client_credentials\"]")).is_ok());
    for (grant_types, expected) in [
        ("", "clients[0].redirect_uris: it is empty"),
        ("grant_types = []", "clients[0].grant_types: it is empty"),
        (
            "grant_types = [\"urn:ietf:params:oauth:grant-type:token-exchange\"]",
            "clients[0].subject_token_types",
        ),
        (
            "grant_types = [\"authorization_code\"]\nrefresh_token = \"always\"\nredirect_uris = [\"https://a/cb\"]",
            "clients[0].refresh_token",
        ),
    ] {
        let problem = only_problem(&service(grant_types));
        assert!(problem.contains(expected), "{problem}");
    }
}

#[test]
fn an_address_is_a_network_of_one() {
    let server = "[server]\ntrusted_proxies = ['10.0.0.5', '2001:db8::/32', '::1']\n";
    let limits = "[limits]\nexempt = ['192.0.2.7']\n";
    let config = parse(&format!("{GOOD}{server}{limits}")).unwrap();
    let text = |networks: &[ipnet::IpNet]| {
        let networks = networks.iter().map(ToString::to_string);
        networks.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        text(&config.server.trusted_proxies),
        "10.0.0.5/32 2001:db8::/32 ::1/128"
    );
    assert_eq!(text(&config.limits.exempt), "192.0.2.7/32");
    let problem = only_problem(&format!(
        "{GOOD}[server]\ntrusted_proxies = ['10.0.0.0/33']\n"
    ));
    assert!(
        problem.contains("\"10.0.0.0/33\" is neither an address, such as 10.0.0.5, nor a network"),
        "{problem}"
    );
}

#[test]
fn a_network_with_strangers_among_the_trusted_proxies_is_warned_of() {
    let warned = |networks: &str| {
        let server = format!("[server]\ntrusted_proxies = [{networks}]\n");
        let config = parse(&format!("{GOOD}{server}")).unwrap();
        let warnings = config.warnings.iter().map(ToString::to_string);
        warnings.filter(|it| it.contains("trusted_proxies")).count()
    };
    assert_eq!(
        warned("'0.0.0.0/0', '8.0.0.0/8', '::/0', '2000::/3', '10.0.0.0/7'"),
        5
    );
    let internal =
        "'10.0.0.0/8', '127.0.0.0/8', '172.16.0.0/12', '100.64.0.0/10', 'fd00::/8', '::1'";
    assert_eq!(warned(internal), 0);
    assert_eq!(warned("'203.0.113.0/24', '2001:db8::/32'"), 0);
}

#[test]
fn connections_of_one_address_that_are_most_of_all_are_warned_of() {
    let warnings = |limits: &str| {
        let config = parse(&format!("{GOOD}[limits]\n{limits}\n")).unwrap();
        let warnings = config.warnings.iter().map(ToString::to_string);
        let of_limits = warnings.filter(|it| it.contains("limits."));
        of_limits.collect::<Vec<_>>()
    };
    for fits in [
        "connections = 1024",
        "connections = 8\nconnections_per_address = 8",
    ] {
        assert_eq!(warnings(fits), [""; 0], "{fits}");
    }
    let [warning] = &warnings("connections = 1000")[..] else {
        panic!("a warning")
    };
    let says = "limits.connections_per_address: one address may open 512 of 1000 connections";
    assert!(warning.contains(says), "{warning}");
}
