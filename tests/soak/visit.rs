//! What a person does in one visit: a login, refreshes, calls of an app, a change of user, a logout.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use panda_oidc_panda::simulator::SimulatorHandle;
use reqwest::Method;

use crate::server::Server;
use crate::support::app::RelyingParty;
use crate::support::browser::{Answer, Browser};
use crate::support::{CHEN_TAO, HEI_LONG_JIANG};

/// How many different errors are shown.
const MAX_ERRORS: usize = 20;

/// Where people go: the program, its app and the portal. Many visits share it.
#[derive(Clone)]
pub struct Site {
    /// The app.
    pub app: RelyingParty,
    /// The portal.
    pub portal: Arc<SimulatorHandle>,
    counts: Arc<Mutex<Counts>>,
}

/// What was done.
#[derive(Default, Clone)]
pub struct Counts {
    /// The number of operations, by name.
    pub done: BTreeMap<&'static str, u64>,
    /// The unexpected responses and their numbers.
    pub errors: BTreeMap<String, u64>,
}

impl Counts {
    /// The number of unexpected responses.
    pub fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }
}

impl Site {
    /// The site of a server.
    pub fn of(server: &Server) -> Self {
        Self {
            app: server.program.client(),
            portal: Arc::clone(&server.portal),
            counts: Arc::default(),
        }
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one visit and counts what went wrong. Visits differ by their `number`.
    pub async fn visit(&self, number: u64) {
        if let Err(error) = self.try_visit(number).await {
            let mut counts = self.lock();
            let is_known = counts.errors.len() < MAX_ERRORS || counts.errors.contains_key(&error);
            let error = if is_known { error } else { "others".to_owned() };
            *counts.errors.entry(error).or_default() += 1;
        }
    }

    /// Runs one visit. Fails with what was not as expected.
    pub async fn try_visit(&self, number: u64) -> Result<(), String> {
        let mut browser = Browser::new();
        self.launch(&mut browser, CHEN_TAO).await?;
        let tokens = self.login(&mut browser).await?;
        let access = text(&tokens, "access_token")?;
        let mut refresh = text(&tokens, "refresh_token")?;
        for _ in 0..2 {
            refresh = self.refresh(&refresh).await?;
        }
        self.userinfo(&access, 200).await?;
        let form = [("token", &*access)];
        let known = self
            .post("introspection", "/introspect", &form, 200)
            .await?;
        if known.json()["active"] != true {
            return Err("introspection: the token is not active".to_owned());
        }
        self.bad_requests().await?;
        match number % 3 {
            0 => self.logout(&mut browser).await?,
            1 => self.launch(&mut browser, HEI_LONG_JIANG).await?,
            _ => return Ok(()),
        }
        self.userinfo(&access, 401).await
    }

    /// A click in the portal's menu, by this user.
    pub async fn launch(&self, browser: &mut Browser, user: u64) -> Result<(), String> {
        let ticket = self.portal.issue_ticket(user);
        let url = self.app.at(&format!("/launch/app?ticket={ticket}"));
        let referer = self.portal.url().as_str();
        let launch = browser.try_send(Method::GET, url, |request| {
            request.header("referer", referer)
        });
        self.expect("launch", launch.await, 303).map(drop)
    }

    /// An authorization request. Returns the code.
    pub async fn authorize(&self, browser: &mut Browser) -> Result<String, String> {
        let scope = "openid profile phone offline_access";
        let url = self.app.authorize_url(&[("scope", scope)]);
        let answer = browser.try_send(Method::GET, url, |request| request).await;
        let answer = self.expect("authorization", answer, 303)?;
        answer
            .parameter("code")
            .ok_or_else(|| "authorization: no code".to_owned())
    }

    /// Redeems a code.
    pub async fn redeem(&self, code: &str, status: u16) -> Result<Answer, String> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.app.redirect_uri),
            ("code_verifier", crate::support::app::VERIFIER),
        ];
        self.post("redemption", "/token", &form, status).await
    }

    /// A login with the session in `browser`. Returns the token response.
    pub async fn login(&self, browser: &mut Browser) -> Result<serde_json::Value, String> {
        let code = self.authorize(browser).await?;
        Ok(self.redeem(&code, 200).await?.json())
    }

    /// Uses a refresh token. Returns its successor.
    pub async fn refresh(&self, token: &str) -> Result<String, String> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let answer = self.post("refresh", "/token", &form, 200).await?;
        text(&answer.json(), "refresh_token")
    }

    /// Calls userinfo and expects this status.
    pub async fn userinfo(&self, access_token: &str, status: u16) -> Result<(), String> {
        let mut app = Browser::new();
        let url = self.app.at("/userinfo");
        let answer = app.try_send(Method::GET, url, |request| {
            request.bearer_auth(access_token)
        });
        self.expect("userinfo", answer.await, status).map(drop)
    }

    async fn logout(&self, browser: &mut Browser) -> Result<(), String> {
        let url = self.app.at("/logout");
        let page = browser.try_send(Method::GET, url, |request| request).await;
        let page = self.expect("logout", page, 200)?;
        if !page.body.contains("name=\"confirmation\"") {
            return Err("logout: nobody is signed in".to_owned());
        }
        let confirmation = page.field("confirmation");
        let url = self.app.at("/logout/confirm");
        let answer = browser.try_send(Method::POST, url, |request| {
            request.form(&[("confirmation", &confirmation)])
        });
        self.expect("logout", answer.await, 200).map(drop)
    }

    async fn bad_requests(&self) -> Result<(), String> {
        self.redeem("no-code", 400).await?;
        let mut stranger = Browser::new();
        for (path, status) in [("/nothing-here", 404), ("/authorize?client_id=nobody", 400)] {
            let url = self.app.at(path);
            let answer = stranger.try_send(Method::GET, url, |request| request).await;
            self.expect("bad request", answer, status)?;
        }
        Ok(())
    }

    async fn post(
        &self,
        what: &'static str,
        path: &str,
        form: &[(&str, &str)],
        status: u16,
    ) -> Result<Answer, String> {
        let mut form = form.to_vec();
        form.push(("client_id", &self.app.client_id));
        form.push(("client_secret", self.app.client_secret.as_deref().unwrap()));
        let mut app = Browser::new();
        let answer = app.try_send(Method::POST, self.app.at(path), |request| {
            request.form(&form)
        });
        self.expect(what, answer.await, status)
    }

    fn expect(
        &self,
        what: &'static str,
        answer: reqwest::Result<Answer>,
        status: u16,
    ) -> Result<Answer, String> {
        let answer = answer.map_err(|error| format!("{what}: no answer ({error:?})"))?;
        if answer.status != status {
            return Err(format!("{what}: {} instead of {status}", answer.status));
        }
        *self.lock().done.entry(what).or_default() += 1;
        Ok(answer)
    }
}

fn text(json: &serde_json::Value, name: &str) -> Result<String, String> {
    let text = json[name].as_str();
    text.map(str::to_owned)
        .ok_or_else(|| format!("no {name} in a token response"))
}
