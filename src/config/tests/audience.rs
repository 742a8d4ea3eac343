//! Names of clients, and audiences of tokens.

use super::{GOOD, only_problem, problems};

const OTHER: &str = r#"
[[clients]]
client_id = "api"
client_secret = "0123456789abcdef"
grant_types = ["client_credentials"]
"#;

fn with(lines: &str) -> String {
    format!("{GOOD}{lines}\n{OTHER}")
}

#[test]
fn a_service_cannot_use_the_names_of_other_clients_or_of_the_provider() {
    for lines in [
        "resources = ['https://api.example.com', 'billing']",
        "resources = ['grafana']",
        "allowed_resources = ['https://api.example.com', 'api']",
        "access_token_audience = ['api', 'https://sso.example.com']",
    ] {
        assert_eq!(problems(&with(lines)), [""; 0], "{lines}");
    }
    for (lines, expected) in [
        (
            "resources = ['https://x', 'api']",
            "clients[0].resources: `api` is the client_id of another client",
        ),
        (
            "resources = ['https://sso.example.com']",
            "clients[0].resources: it has the issuer in it",
        ),
    ] {
        let problem = only_problem(&with(lines));
        assert!(problem.contains(expected), "{problem}");
    }
}

#[test]
fn n43_no_audience_is_empty_or_malformed() {
    for key in ["resources", "allowed_resources", "access_token_audience"] {
        for invalid in ["", " ", "a b", "a\\u0007", "a\\n", "https://api#part"] {
            let problem = only_problem(&with(&format!("{key} = ['ok', \"{invalid}\"]")));
            let expected = format!("clients[0].{key}: \"{invalid}\" is neither a URI");
            let expected = expected.replace("\\u0007", "\\u{7}");
            assert!(problem.contains(&expected), "{problem}");
        }
    }
}

#[test]
fn a_client_name_is_neither_blank_nor_has_control_characters() {
    assert_eq!(problems(&with("client_name = '值班 Grafana'")), [""; 0]);
    for invalid in ["", "  ", "\\u3000", "Gra\\nfana", "Gra\\u0000fana"] {
        let problem = only_problem(&with(&format!("client_name = \"{invalid}\"")));
        assert!(
            problem.contains("clients[0].client_name: it is blank"),
            "{problem}"
        );
    }
}
