//! Where the tokens come from.

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};

use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::Browser;
use crate::support::program::Program;

/// The service that verifies them.
pub const API: &str = "https://api.example.com";

/// Every `access_token_signed_response_alg`.
pub const ALGS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];
/// Every `access_token_typ`.
pub const TYPS: [&str; 2] = ["at+jwt", "JWT"];

const REDIRECT_URI: &str = "http://127.0.0.1/callback";

/// What the tokens of an application look like.
#[derive(Clone, Copy)]
pub struct Look {
    /// `access_token_signed_response_alg`, and that of the ID token.
    pub alg: &'static str,
    /// `access_token_typ`.
    pub typ: &'static str,
}

impl Look {
    /// Every look.
    pub fn all() -> impl Iterator<Item = Self> {
        TYPS.into_iter()
            .flat_map(|typ| ALGS.into_iter().map(move |alg| Self { alg, typ }))
    }

    /// The application whose tokens look so.
    pub fn client_id(&self) -> String {
        format!("{}-{}", self.alg, self.typ.replace('+', "-"))
    }

    /// `[[clients]]` for every look. The `aud` is a string with RFC 9068's `typ`, a list with the other.
    pub fn clients() -> String {
        let client = |look: Self| {
            // The typ is said by the preset where it is the one that Spring wants.
            let (typ, files) = match look.typ {
                "JWT" => ("preset = 'spring'", ", 'https://files.example.com'"),
                _ => ("access_token_typ = 'at+jwt'", ""),
            };
            format!(
                "[[clients]]\n\
                 client_id = '{id}'\n\
                 token_endpoint_auth_method = 'none'\n\
                 redirect_uris = ['{REDIRECT_URI}']\n\
                 id_token_signed_response_alg = '{alg}'\n\
                 {typ}\n\
                 access_token_audience = ['{API}'{files}]\n",
                id = look.client_id(),
                alg = look.alg,
            )
        };
        Self::all().map(client).collect()
    }
}

/// An access token and the ID token beside it.
pub struct Tokens {
    pub access: String,
    pub id: String,
}

/// Someone signed in at a provider that knows [`Look::clients`].
pub struct Visitor {
    issuer: String,
    browser: Browser,
}

impl Visitor {
    /// Chen Tao comes from the portal.
    pub async fn enter(portal: &SimulatorHandle, issuer: &str) -> Self {
        let mut browser = Browser::new();
        let ticket = portal.issue_ticket(CHEN_TAO);
        let page = browser
            .get(format!("{issuer}/launch?ticket={ticket}"))
            .await;
        assert!(page.status.is_redirection(), "{}", page.body);
        Self {
            issuer: issuer.to_owned(),
            browser,
        }
    }

    /// Tokens of this look.
    pub async fn tokens(&mut self, look: Look) -> Tokens {
        let app = RelyingParty {
            issuer: self.issuer.clone(),
            client_id: look.client_id(),
            client_secret: None,
            redirect_uri: REDIRECT_URI.to_owned(),
        };
        let code = app.login(&mut self.browser).await;
        let answer = app.redeem(&code).await.json();
        let token = |name: &str| answer[name].as_str().expect("a token").to_owned();
        Tokens {
            access: token("access_token"),
            id: token("id_token"),
        }
    }
}

/// A portal, the built program, and someone signed in.
pub struct Stage {
    /// The provider.
    pub program: Program,
    /// Who is signed in.
    pub visitor: Visitor,
    _portal: SimulatorHandle,
}

impl Stage {
    /// Sets one.
    pub async fn set() -> Self {
        let portal = Simulator::start(SimulatorSettings::default())
            .await
            .unwrap();
        let program = Program::start(portal.url().as_str(), &Look::clients()).await;
        let visitor = Visitor::enter(&portal, &program.issuer).await;
        Self {
            program,
            visitor,
            _portal: portal,
        }
    }
}
