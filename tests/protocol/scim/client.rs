//! The built program with a few users, and a SCIM client that reads them.

use chrono::DateTime;
use panda_oidc::crypto::identifiers::LeaseHolder;
use panda_oidc::directory::Change as Listed;
use panda_oidc::links::{Edit, LinkChange, LinkKey};
use panda_oidc::session::LogoutNotice;
use panda_oidc::store::{
    DirectoryLease, DirectoryReadings as _, Links as _, Maintenance as _, SqliteStore, WriteTimeout,
};
use panda_oidc_sdk::{Clock as _, Identity, Subject, SystemClock};
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::support::program::Program;

/// A token with the scope `scim`.
pub const HR: &str = "hr-0123456789abcdef0123456789abcdef";
/// A token with the scope `scim:groups`.
pub const WIKI: &str = "wiki-0123456789abcdef0123456789abcdef";

/// The program, and an HTTP client for its SCIM endpoints.
pub struct ScimClient {
    pub program: Program,
    http: reqwest::Client,
}

/// A response of a SCIM endpoint.
#[derive(Debug)]
pub struct ScimResponse {
    pub status: u16,
    pub content_type: String,
    pub etag: String,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl ScimResponse {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts success, and returns the resource or the list.
    #[track_caller]
    pub fn expect_ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.content_type, "application/scim+json");
        self.json()
    }

    /// Asserts an error with `status`, and returns its `scimType` and its `detail`.
    #[track_caller]
    pub fn expect_error(&self, status: u16) -> (Value, String) {
        assert_eq!(
            (self.status, self.content_type.as_str()),
            (status, "application/scim+json"),
            "{self:?}"
        );
        let body = self.json();
        assert_eq!(
            body["schemas"],
            serde_json::json!(["urn:ietf:params:scim:api:messages:2.0:Error"])
        );
        assert_eq!(body["status"], status.to_string(), "a text");
        let detail = body["detail"].as_str().unwrap().to_owned();
        (body["scimType"].clone(), detail)
    }
}

impl ScimClient {
    /// Starts the program with 陈涛 (1, linked), 张伟 (2, who has left), 新耀分公司 (10) and 60 more users,
    /// two tokens and three groups.
    pub async fn open() -> Self {
        Self::open_with("").await
    }

    /// As [`ScimClient::open`], with `more` appended to the configuration.
    pub async fn open_with(more: &str) -> Self {
        let more = format!(
            "[directory]\nsync = 'off'\n\
             [groups.dispatch]\nmembers = ['1', '2', '999']\nroles = ['Editor']\n\
             [groups.branch]\nwhen = 'user.name is endingwith \"分公司\"'\n\
             [groups.'空/组']\n\
             [[admin.tokens]]\nname = 'hr'\ntoken = '{HR}'\nscopes = ['scim']\n\
             [[admin.tokens]]\nname = 'wiki'\ntoken = '{WIKI}'\nscopes = ['scim:groups']\n{more}"
        );
        let mut program = Program::prepare("http://127.0.0.1:9", "", &more);
        let reader = Self::for_program(&program);
        reader.store_users().await;
        program.restart().await;
        Self { program, ..reader }
    }

    /// A client of `program`; does not restart it.
    pub fn for_program(program: &Program) -> Self {
        Self {
            program: program.twin(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// A second connection to the database of the program.
    fn store(&self) -> SqliteStore {
        SqliteStore::open(
            &self.program.data().join("panda-oidc.db"),
            WriteTimeout::Command,
        )
        .unwrap()
    }

    /// Stores the users of [`ScimClient::open`].
    async fn store_users(&self) {
        let mut people = vec![
            ("1".to_owned(), "陈涛", "1822199904"),
            ("2".to_owned(), "张伟", "138 0013 8000"),
            ("10".to_owned(), "新耀分公司", ""),
        ];
        people.extend((100..160).map(|id| (id.to_string(), "用户", "13900139000")));
        let people = people.into_iter().map(|(id, name, phone)| {
            Listed::Listed(Identity {
                subject: Subject::new(id).unwrap(),
                name: Some(name.to_owned()),
                phone: Some(phone.to_owned()).filter(|phone| !phone.is_empty()),
            })
        });
        self.sync_directory(people.collect()).await;
        self.sync_directory(vec![Listed::Left(Subject::new("2").unwrap())])
            .await;
        self.link("1", Some("chentao"), Some("chen@w.cn")).await;
    }

    /// Applies `changes` as a directory synchronisation does.
    pub async fn sync_directory(&self, changes: Vec<Listed>) {
        let store = self.store();
        let now = SystemClock.now();
        let lease = DirectoryLease {
            holder: LeaseHolder::from([1; 32]),
            until: now + chrono::TimeDelta::minutes(1),
        };
        let notice = LogoutNotice {
            listeners: [].into(),
            leased_until: now,
            deferred: None,
            expires_at: now,
        };
        assert!(store.lease_directory(lease, now).await.unwrap());
        assert!(store.stage(lease, changes).await.unwrap());
        assert!(store.accept(lease, now).await.unwrap());
        while store
            .apply_accepted(lease, 100, &notice)
            .await
            .unwrap()
            .unwrap()
            .changes
            > 0
        {}
        store.release_directory(&lease.holder).await.unwrap();
        store.close().await.unwrap();
    }

    /// Links the user `id` to an account for all clients.
    pub async fn link(&self, id: &str, username: Option<&str>, email: Option<&str>) {
        let store = self.store();
        let link_key = LinkKey {
            subject: Subject::new(id).unwrap(),
            client: None,
        };
        let edit = Edit {
            username: username.map(str::to_owned),
            email: email.map(str::to_owned),
            ..Edit::default()
        };
        let applied = store.apply([LinkChange { link_key, edit }].into(), DateTime::UNIX_EPOCH);
        applied.await.unwrap();
        store.close().await.unwrap();
    }

    /// A request without a token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/scim/v2{path}", self.program.admin);
        self.http.request(method, url)
    }

    pub async fn send(request: RequestBuilder) -> ScimResponse {
        let answer = request.send().await.unwrap();
        let header = |name| {
            let value = answer.headers().get(name);
            value
                .map(|value| value.to_str().unwrap().to_owned())
                .unwrap_or_default()
        };
        ScimResponse {
            status: answer.status().as_u16(),
            content_type: header(reqwest::header::CONTENT_TYPE),
            etag: header(ETAG),
            headers: answer.headers().clone(),
            body: answer.text().await.unwrap(),
        }
    }

    /// `GET` with the token [`HR`].
    pub async fn get(&self, path: &str) -> ScimResponse {
        Self::send(self.request(Method::GET, path).bearer_auth(HR)).await
    }

    /// `GET` with `etag` in `If-None-Match`.
    pub async fn get_if_none_match(&self, path: &str, etag: &str) -> ScimResponse {
        let request = self.request(Method::GET, path).bearer_auth(HR);
        Self::send(request.header(IF_NONE_MATCH, etag)).await
    }

    /// `GET` with a filter and the token [`HR`].
    pub async fn filtered(&self, endpoint: &str, filter: &str) -> ScimResponse {
        let request = self.request(Method::GET, endpoint).bearer_auth(HR);
        Self::send(request.query(&[("filter", filter)])).await
    }
}

/// The `id`s of the resources in a list.
#[track_caller]
pub fn ids(list: &Value) -> Vec<&str> {
    let resources = list["Resources"].as_array().unwrap();
    resources
        .iter()
        .map(|resource| resource["id"].as_str().unwrap())
        .collect()
}
