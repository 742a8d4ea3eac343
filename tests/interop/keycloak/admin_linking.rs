//! A realm with existing accounts: the calls of `docs/clients/keycloak.md` that link users to their
//! accounts.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::admin::{ALIAS, Admin};

const LINKING_FLOW: &str = "panda joins accounts";

/// A user attribute of the realm.
pub const DEPARTMENT: &str = "department";

impl Admin {
    /// Configures the first login: it links the user to the account with the same username, or creates
    /// a new account. It asks the user nothing.
    pub async fn link_existing_accounts(&self) {
        let flow = json!({
            "alias": LINKING_FLOW,
            "providerId": "basic-flow",
            "topLevel": true,
            "builtIn": false,
        });
        self.post("authentication/flows", flow).await;
        let executions = format!(
            "authentication/flows/{}/executions",
            LINKING_FLOW.replace(' ', "%20")
        );
        for step in ["idp-create-user-if-unique", "idp-auto-link"] {
            let step = json!({"provider": step});
            self.post(&format!("{executions}/execution"), step).await;
        }
        let steps = self.get(&executions).await;
        for step in steps.as_array().unwrap() {
            let mut step = step.clone();
            step["requirement"] = json!("ALTERNATIVE");
            let token = self.token().await;
            self.call(&token, Method::PUT, &executions, Some(step))
                .await;
        }
        let mut provider = self.identity_provider().await;
        provider["firstBrokerLoginFlowAlias"] = json!(LINKING_FLOW);
        self.update_identity_provider(provider).await;
        let mut profile = self.get("users/profile").await;
        let attributes = profile["attributes"].as_array_mut().unwrap();
        let email = attributes
            .iter_mut()
            .find(|attribute| attribute["name"] == "email");
        // The first login also matches by email. A user who could set the address of another user would
        // receive the first login of that user.
        email.unwrap()["permissions"]["edit"] = json!(["admin"]);
        attributes.push(json!({
            "name": DEPARTMENT,
            "permissions": {"view": ["admin", "user"], "edit": ["admin"]},
        }));
        let token = self.token().await;
        self.call(&token, Method::PUT, "users/profile", Some(profile))
            .await;
        let mapper = json!({
            "name": "username",
            "identityProviderAlias": ALIAS,
            "identityProviderMapper": "oidc-username-idp-mapper",
            "config": {
                "syncMode": "IMPORT",
                "template": "${CLAIM.preferred_username}",
                "target": "LOCAL",
            },
        });
        let mappers = format!("identity-provider/instances/{ALIAS}/mappers");
        self.post(&mappers, mapper).await;
    }

    /// Creates an account as an administrator does, and returns its id.
    pub async fn create_user(&self, username: &str, email: &str) -> String {
        let user = json!({
            "username": username,
            "email": email,
            "emailVerified": true,
            "firstName": "名",
            "lastName": "姓",
            "enabled": true,
            "attributes": {DEPARTMENT: ["调度中心"]},
        });
        self.post("users", user).await;
        let user = self.user(username).await;
        user["id"].as_str().unwrap().to_owned()
    }

    /// The Panda IDs that the account is linked to.
    pub async fn linked_user_ids(&self, id: &str) -> Vec<String> {
        let identities = self.get(&format!("users/{id}/federated-identity")).await;
        let identities = identities.as_array().unwrap().iter();
        let ids = identities.map(|identity| identity["userId"].as_str().unwrap().to_owned());
        ids.collect()
    }

    /// Removes the link between the account and the Panda user.
    pub async fn unlink(&self, id: &str) {
        let token = self.token().await;
        let path = format!("users/{id}/federated-identity/{ALIAS}");
        self.call(&token, Method::DELETE, &path, None).await;
    }

    /// Changes the email address of the user with this access token. Returns status and body.
    pub async fn change_email(&self, access_token: &str, email: &str) -> (StatusCode, String) {
        let account = format!("{}/realms/{}/account", self.keycloak, self.realm);
        let call = |method| {
            let request = self.http.request(method, &account);
            request
                .bearer_auth(access_token)
                .header("accept", "application/json")
        };
        let response = call(Method::GET).send().await.unwrap();
        let response = response.error_for_status().unwrap();
        let mut person: Value = response.json().await.unwrap();
        person["email"] = json!(email);
        let response = call(Method::POST).json(&person).send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let token = self.token().await;
        self.call(&token, Method::GET, path, None).await
    }

    async fn post(&self, path: &str, body: Value) {
        let token = self.token().await;
        self.call(&token, Method::POST, path, Some(body)).await;
    }
}
