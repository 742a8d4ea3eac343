//! The admin REST API of Keycloak: the calls of `docs/clients/keycloak.md`, in the same order.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::server::{ADMINISTRATOR, Keycloak};

/// The alias of the identity provider in every realm.
pub const ALIAS: &str = "panda";

const FIRST_LOGIN: &str = "panda first login";

/// The provider, as a realm is configured to use it.
pub struct Upstream<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// `client_id`.
    pub client_id: &'a str,
    /// `client_secret`.
    pub client_secret: &'a str,
    /// `client_secret_basic` or `client_secret_post`.
    pub authentication: &'a str,
}

/// An administrator of one realm.
pub struct Admin {
    pub(super) http: Client,
    pub(super) keycloak: String,
    pub(super) realm: String,
}

impl Admin {
    /// Creates a realm whose users come from `upstream`.
    pub async fn create_realm(keycloak: &Keycloak, realm: &str, upstream: &Upstream<'_>) -> Self {
        let admin = Self {
            http: Client::builder().no_proxy().build().unwrap(),
            keycloak: keycloak.url.clone(),
            realm: realm.to_owned(),
        };
        let token = admin.token().await;
        let call = Call {
            admin: &admin,
            token: &token,
        };
        call.realm().await;
        call.user_profile().await;
        call.first_login().await;
        call.identity_provider(upstream).await;
        call.mappers().await;
        call.default_provider().await;
        admin
    }

    /// Registers an application.
    pub async fn register(&self, client_id: &str, secret: &str, redirect_uri: &str) {
        let client = json!({
            "clientId": client_id,
            "secret": secret,
            "publicClient": false,
            "redirectUris": [redirect_uri],
            "attributes": {"post.logout.redirect.uris": "+"},
        });
        self.call(&self.token().await, Method::POST, "clients", Some(client))
            .await;
    }

    /// All users of the realm.
    pub async fn users(&self) -> Vec<Value> {
        let users = self
            .call(&self.token().await, Method::GET, "users", None)
            .await;
        users.as_array().unwrap().clone()
    }

    /// The sessions of one user.
    pub async fn sessions(&self, user: &Value) -> Vec<Value> {
        let path = format!("users/{}/sessions", user["id"].as_str().unwrap());
        let token = self.token().await;
        let sessions = self.call(&token, Method::GET, &path, None).await;
        sessions.as_array().unwrap().clone()
    }

    /// The user called `username`.
    pub async fn user(&self, username: &str) -> Value {
        let users = self.users().await;
        let mut named = users.iter().filter(|user| user["username"] == username);
        let user = named.next();
        user.unwrap_or_else(|| panic!("no {username} in {users:?}"))
            .clone()
    }

    /// The configuration of the identity provider in Keycloak.
    pub async fn identity_provider(&self) -> Value {
        let path = format!("identity-provider/instances/{ALIAS}");
        self.call(&self.token().await, Method::GET, &path, None)
            .await
    }

    /// Changes one setting of the identity provider.
    pub async fn configure(&self, key: &str, value: &str) {
        let mut provider = self.identity_provider().await;
        provider["config"][key] = json!(value);
        self.update_identity_provider(provider).await;
    }

    /// Replaces the configuration of the identity provider.
    pub(super) async fn update_identity_provider(&self, provider: Value) {
        let path = format!("identity-provider/instances/{ALIAS}");
        self.call(&self.token().await, Method::PUT, &path, Some(provider))
            .await;
    }

    /// An access token of the administrator. It expires after a minute.
    pub(super) async fn token(&self) -> String {
        let url = format!(
            "{}/realms/master/protocol/openid-connect/token",
            self.keycloak
        );
        let (username, password) = ADMINISTRATOR;
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", username),
            ("password", password),
        ];
        let response = self.http.post(url).form(&form).send().await.unwrap();
        let response: Value = response.error_for_status().unwrap().json().await.unwrap();
        response["access_token"].as_str().unwrap().to_owned()
    }

    /// Calls `path` below the realm; an empty `path` is the list of realms.
    pub(super) async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Value {
        let realms = format!("{}/admin/realms", self.keycloak);
        let url = match path {
            "" => realms,
            path => format!("{realms}/{}/{path}", self.realm),
        };
        let mut request = self.http.request(method, &url).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{url}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }
}

/// Calls with one access token.
struct Call<'a> {
    admin: &'a Admin,
    token: &'a str,
}

impl Call<'_> {
    async fn get(&self, path: &str) -> Value {
        self.admin.call(self.token, Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let body = Some(body);
        self.admin.call(self.token, Method::POST, path, body).await
    }

    async fn put(&self, path: &str, body: Value) {
        let body = Some(body);
        self.admin.call(self.token, Method::PUT, path, body).await;
    }

    async fn realm(&self) {
        let realm = json!({"realm": self.admin.realm, "enabled": true, "sslRequired": "none"});
        self.post("", realm).await;
    }

    /// Adds the phone number to the user profile, because Keycloak drops attributes that the profile
    /// does not declare. The email address and both names stay required, as they are by default.
    async fn user_profile(&self) {
        let mut profile = self.get("users/profile").await;
        let attributes = profile["attributes"].as_array_mut().unwrap();
        for required in ["email", "firstName", "lastName"] {
            let mut all = attributes.iter();
            let attribute = all.find(|attribute| attribute["name"] == required).unwrap();
            assert!(attribute.get("required").is_some(), "{required}");
        }
        attributes.push(json!({
            "name": "phoneNumber",
            "permissions": {"view": ["admin", "user"], "edit": ["admin"]},
        }));
        self.put("users/profile", profile).await;
    }

    /// Turns off the "review profile" step of the first login. It stops users whose username has fewer
    /// than three characters, such as the first Panda IDs.
    async fn first_login(&self) {
        let copy = json!({"newName": FIRST_LOGIN});
        self.post("authentication/flows/first%20broker%20login/copy", copy)
            .await;
        let executions = format!(
            "authentication/flows/{}/executions",
            FIRST_LOGIN.replace(' ', "%20")
        );
        let mut review = self.execution(&executions, "idp-review-profile").await;
        review["requirement"] = json!("DISABLED");
        self.put(&executions, review).await;
    }

    async fn identity_provider(&self, upstream: &Upstream<'_>) {
        let discovery = format!("{}/.well-known/openid-configuration", upstream.issuer);
        let from = json!({"fromUrl": discovery, "providerId": "oidc"});
        let mut config = self.post("identity-provider/import-config", from).await;
        for (key, value) in [
            ("clientId", upstream.client_id),
            ("clientSecret", upstream.client_secret),
            ("clientAuthMethod", upstream.authentication),
            ("defaultScope", "openid profile email phone"),
            ("pkceEnabled", "true"),
            ("pkceMethod", "S256"),
            ("validateSignature", "true"),
            ("useJwksUrl", "true"),
            ("syncMode", "FORCE"),
            ("acceptsPromptNoneForwardFromClient", "true"),
            ("backchannelSupported", "true"),
        ] {
            config[key] = json!(value);
        }
        let provider = json!({
            "alias": ALIAS,
            "providerId": "oidc",
            "displayName": "熊猫智慧水务",
            "enabled": true,
            "trustEmail": false,
            "storeToken": false,
            "firstBrokerLoginFlowAlias": FIRST_LOGIN,
            "config": config,
        });
        self.post("identity-provider/instances", provider).await;
    }

    async fn mappers(&self) {
        let mapper = json!({
            "name": "phone",
            "identityProviderAlias": ALIAS,
            "identityProviderMapper": "oidc-user-attribute-idp-mapper",
            "config": {
                "syncMode": "INHERIT",
                "claim": "phone_number",
                "user.attribute": "phoneNumber",
            },
        });
        let mappers = format!("identity-provider/instances/{ALIAS}/mappers");
        self.post(&mappers, mapper).await;
    }

    /// Makes this identity provider the default, so that users never see a list of providers.
    async fn default_provider(&self) {
        let redirector = self
            .execution(
                "authentication/flows/browser/executions",
                "identity-provider-redirector",
            )
            .await;
        let id = redirector["id"].as_str().unwrap();
        let config = json!({"alias": ALIAS, "config": {"defaultProvider": ALIAS}});
        self.post(&format!("authentication/executions/{id}/config"), config)
            .await;
    }

    async fn execution(&self, executions: &str, provider: &str) -> Value {
        let all = self.get(executions).await;
        let mut all = all.as_array().unwrap().iter();
        let found = all.find(|execution| execution["providerId"] == provider);
        found.expect("the step of the flow").clone()
    }
}
