//! A program that knows some people, and a client that reads them.

use chrono::DateTime;
use panda_oidc::crypto::handle::Digest;
use panda_oidc::directory::Change as Listed;
use panda_oidc::links::{Edit, LinkChange, LinkKey};
use panda_oidc::session::LogoutNotice;
use panda_oidc::store::{
    DirectoryLease, DirectoryReadings as _, Links as _, Maintenance as _, SqliteStore,
};
use panda_oidc_sdk::{Clock as _, Identity, Subject, SystemClock};
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::support::program::Program;

/// A token for everything.
pub const HR: &str = "hr-0123456789abcdef0123456789abcdef";
/// One for groups alone.
pub const WIKI: &str = "wiki-0123456789abcdef0123456789abcdef";

/// The program, and who reads it.
pub struct Reader {
    pub program: Program,
    http: reqwest::Client,
}

/// An answer.
#[derive(Debug)]
pub struct Told {
    pub status: u16,
    pub kind: String,
    pub tag: String,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Told {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A resource or a list.
    #[track_caller]
    pub fn well(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.kind, "application/scim+json");
        self.json()
    }

    /// An error: its keyword, and what it says.
    #[track_caller]
    pub fn error(&self, status: u16) -> (Value, String) {
        assert_eq!(
            (self.status, self.kind.as_str()),
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

impl Reader {
    /// 陈涛 (1, linked), 张伟 (2, left), 新耀分公司 (10), and 60 more; two tokens, some groups.
    pub async fn open() -> Self {
        Self::open_with("").await
    }

    /// The same, with `more` in the configuration.
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
        let reader = Self::of(&program);
        reader.listed().await;
        program.restart().await;
        Self { program, ..reader }
    }

    /// Whoever reads `program`, which is not started again.
    pub fn of(program: &Program) -> Self {
        Self {
            program: program.twin(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// The database as another process sees it.
    fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.program.data().join("panda-oidc.db")).unwrap()
    }

    async fn listed(&self) {
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
        self.reading(people.collect()).await;
        self.reading(vec![Listed::Left(Subject::new("2").unwrap())])
            .await;
        self.link("1", Some("chentao"), Some("chen@w.cn")).await;
    }

    /// A reading of the directory that finds `changes`.
    pub async fn reading(&self, changes: Vec<Listed>) {
        let store = self.store();
        let now = SystemClock.now();
        let lease = DirectoryLease {
            holder: Digest::of(b"test").into(),
            until: now + chrono::TimeDelta::minutes(1),
        };
        let farewell = LogoutNotice {
            listeners: [].into(),
            leased_until: now,
            deferred: None,
            expires_at: now,
        };
        assert!(store.lease_directory(lease, now).await.unwrap());
        assert!(store.stage(lease, changes).await.unwrap());
        assert!(store.accept(lease, now).await.unwrap());
        while store
            .apply_accepted(lease, 100, &farewell)
            .await
            .unwrap()
            .unwrap()
            .changes
            > 0
        {}
        store.release_directory(&lease.holder).await.unwrap();
        store.close().await.unwrap();
    }

    /// Links an account for all clients.
    pub async fn link(&self, id: &str, username: Option<&str>, email: Option<&str>) {
        let store = self.store();
        let place = LinkKey {
            subject: Subject::new(id).unwrap(),
            client: None,
        };
        let edit = Edit {
            username: username.map(str::to_owned),
            email: email.map(str::to_owned),
            ..Edit::default()
        };
        let joined = store.apply(
            [LinkChange {
                link_key: place,
                edit,
            }]
            .into(),
            DateTime::UNIX_EPOCH,
        );
        joined.await.unwrap();
        store.close().await.unwrap();
    }

    /// Any request.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/scim/v2{path}", self.program.admin);
        self.http.request(method, url)
    }

    pub async fn send(request: RequestBuilder) -> Told {
        let answer = request.send().await.unwrap();
        let header = |name| {
            let value = answer.headers().get(name);
            value
                .map(|value| value.to_str().unwrap().to_owned())
                .unwrap_or_default()
        };
        Told {
            status: answer.status().as_u16(),
            kind: header(reqwest::header::CONTENT_TYPE),
            tag: header(ETAG),
            headers: answer.headers().clone(),
            body: answer.text().await.unwrap(),
        }
    }

    /// `GET`, with the token for everything.
    pub async fn get(&self, path: &str) -> Told {
        Self::send(self.request(Method::GET, path).bearer_auth(HR)).await
    }

    /// The same, unless it is what `tag` names.
    pub async fn get_unless(&self, path: &str, tag: &str) -> Told {
        let request = self.request(Method::GET, path).bearer_auth(HR);
        Self::send(request.header(IF_NONE_MATCH, tag)).await
    }

    /// `GET` with a filter.
    pub async fn filtered(&self, endpoint: &str, filter: &str) -> Told {
        let request = self.request(Method::GET, endpoint).bearer_auth(HR);
        Self::send(request.query(&[("filter", filter)])).await
    }
}

/// The `id`s of a list.
#[track_caller]
pub fn ids(list: &Value) -> Vec<&str> {
    let resources = list["Resources"].as_array().unwrap();
    resources
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect()
}
