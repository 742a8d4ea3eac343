//! The test environment: a portal, a provider, and clients for every token format.

use panda_oidc_panda::simulator::{Simulator, SimulatorHandle, SimulatorSettings};

use crate::support::CHEN_TAO;
use crate::support::app::RelyingParty;
use crate::support::browser::Browser;
use crate::support::program::Program;

/// The audience: the service that verifies the access tokens.
pub const API: &str = "https://api.example.com";

/// Every `access_token_signed_response_alg`.
pub const ALGS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];
/// Every `access_token_typ`.
pub const TYPS: [&str; 2] = ["at+jwt", "JWT"];

const REDIRECT_URI: &str = "http://127.0.0.1/callback";

/// The format of the tokens of a client.
#[derive(Clone, Copy)]
pub struct TokenFormat {
    /// `access_token_signed_response_alg` and `id_token_signed_response_alg`.
    pub alg: &'static str,
    /// `access_token_typ`.
    pub typ: &'static str,
}

impl TokenFormat {
    /// Every combination.
    pub fn all() -> impl Iterator<Item = Self> {
        TYPS.into_iter()
            .flat_map(|typ| ALGS.into_iter().map(move |alg| Self { alg, typ }))
    }

    /// The client with this token format.
    pub fn client_id(&self) -> String {
        format!("{}-{}", self.alg, self.typ.replace('+', "-"))
    }

    /// The `[[clients]]` tables, one for every format. `aud` is a string with the `typ` of RFC 9068,
    /// and a list with the other.
    pub fn clients() -> String {
        let client = |format: Self| {
            // The `spring` preset sets the `typ` that Spring expects.
            let (typ, files) = match format.typ {
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
                id = format.client_id(),
                alg = format.alg,
            )
        };
        Self::all().map(client).collect()
    }
}

/// An access token and the ID token of the same response.
pub struct Tokens {
    pub access: String,
    pub id: String,
}

/// A browser with a session at a provider that has [`TokenFormat::clients`].
pub struct SignedInUser {
    issuer: String,
    browser: Browser,
}

impl SignedInUser {
    /// Signs in Chen Tao with a ticket of the portal.
    pub async fn sign_in(portal: &SimulatorHandle, issuer: &str) -> Self {
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

    /// Requests tokens of this format.
    pub async fn tokens(&mut self, format: TokenFormat) -> Tokens {
        let app = RelyingParty {
            issuer: self.issuer.clone(),
            client_id: format.client_id(),
            client_secret: None,
            redirect_uri: REDIRECT_URI.to_owned(),
        };
        let code = app.login(&mut self.browser).await;
        let response = app.redeem(&code).await.json();
        let token = |name: &str| response[name].as_str().expect("a token").to_owned();
        Tokens {
            access: token("access_token"),
            id: token("id_token"),
        }
    }
}

/// A portal, the built program, and a signed-in user.
pub struct Stage {
    /// The provider.
    pub program: Program,
    /// The signed-in user.
    pub user: SignedInUser,
    _portal: SimulatorHandle,
}

impl Stage {
    /// Starts all parts.
    pub async fn start() -> Self {
        let portal = Simulator::start(SimulatorSettings::default())
            .await
            .unwrap();
        let program = Program::start(portal.url().as_str(), &TokenFormat::clients()).await;
        let user = SignedInUser::sign_in(&portal, &program.issuer).await;
        Self {
            program,
            user,
            _portal: portal,
        }
    }
}
