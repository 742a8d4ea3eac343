//! What a client may be called, and who tokens may be for.

use super::{GOOD, only, problems};

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
fn a_service_goes_by_names_of_its_own() {
    for lines in [
        "resources = ['https://api.example.com', 'billing']",
        "resources = ['grafana']",
        "allowed_resources = ['https://api.example.com', 'api']",
        "access_token_audience = ['api', 'https://sso.example.com']",
    ] {
        assert_eq!(problems(&with(lines)), [""; 0], "{lines}");
    }
    for (lines, told) in [
        (
            "resources = ['https://x', 'api']",
            "clients[0].resources: `api` is the client_id of another client",
        ),
        (
            "resources = ['https://sso.example.com']",
            "clients[0].resources: it has the issuer in it",
        ),
    ] {
        let problem = only(&with(lines));
        assert!(problem.contains(told), "{problem}");
    }
}

#[test]
fn n43_no_audience_is_empty_or_odd() {
    for key in ["resources", "allowed_resources", "access_token_audience"] {
        for odd in ["", " ", "a b", "a\\u0007", "a\\n", "https://api#part"] {
            let problem = only(&with(&format!("{key} = ['ok', \"{odd}\"]")));
            let told = format!("clients[0].{key}: \"{odd}\" is neither a URI");
            let told = told.replace("\\u0007", "\\u{7}");
            assert!(problem.contains(&told), "{problem}");
        }
    }
}

#[test]
fn a_client_has_a_name_that_can_be_read() {
    assert_eq!(problems(&with("client_name = '值班 Grafana'")), [""; 0]);
    for odd in ["", "  ", "\\u3000", "Gra\\nfana", "Gra\\u0000fana"] {
        let problem = only(&with(&format!("client_name = \"{odd}\"")));
        assert!(
            problem.contains("clients[0].client_name: it is blank"),
            "{problem}"
        );
    }
}
