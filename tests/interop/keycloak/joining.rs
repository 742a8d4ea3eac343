//! A realm whose people were there before: the calls of `docs/clients/keycloak.md` that let them meet
//! their accounts.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::admin::{ALIAS, Admin};

const JOINING: &str = "panda joins accounts";

/// An attribute the realm keeps of its people.
pub const DEPARTMENT: &str = "department";

impl Admin {
    /// Whoever logs in for the first time gets the account of their user name, or a new one, and is
    /// asked nothing.
    pub async fn join_accounts(&self) {
        let flow = json!({
            "alias": JOINING,
            "providerId": "basic-flow",
            "topLevel": true,
            "builtIn": false,
        });
        self.post("authentication/flows", flow).await;
        let executions = format!(
            "authentication/flows/{}/executions",
            JOINING.replace(' ', "%20")
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
        provider["firstBrokerLoginFlowAlias"] = json!(JOINING);
        self.change_identity_provider(provider).await;
        let mut profile = self.get("users/profile").await;
        let attributes = profile["attributes"].as_array_mut().unwrap();
        let email = attributes.iter_mut().find(|one| one["name"] == "email");
        // Whoever could take another's address would be given their first login.
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

    /// Makes an account as an administrator does, and gives its id.
    pub async fn make_user(&self, username: &str, email: &str) -> String {
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

    /// Whom the account is joined to.
    pub async fn joined_to(&self, id: &str) -> Vec<String> {
        let identities = self.get(&format!("users/{id}/federated-identity")).await;
        let identities = identities.as_array().unwrap().iter();
        let ids = identities.map(|one| one["userId"].as_str().unwrap().to_owned());
        ids.collect()
    }

    /// Takes the account from whom it is joined to.
    pub async fn part(&self, id: &str) {
        let token = self.token().await;
        let path = format!("users/{id}/federated-identity/{ALIAS}");
        self.call(&token, Method::DELETE, &path, None).await;
    }

    /// Has a person, by their access token, take another address. Says what came of it.
    pub async fn take_address(&self, access_token: &str, email: &str) -> (StatusCode, String) {
        let account = format!("{}/realms/{}/account", self.keycloak, self.realm);
        let call = |method| {
            let request = self.http.request(method, &account);
            request
                .bearer_auth(access_token)
                .header("accept", "application/json")
        };
        let answer = call(Method::GET).send().await.unwrap();
        let answer = answer.error_for_status().unwrap();
        let mut person: Value = answer.json().await.unwrap();
        person["email"] = json!(email);
        let answer = call(Method::POST).json(&person).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
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
