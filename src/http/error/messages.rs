//! What a person is told of each problem: a plain sentence and what to do next.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use panda_oidc_sdk::LoginError;

use super::page::PageProblem;
use crate::app::App;
use crate::http::page::language::{Language, Text};
use crate::http::page::login_required::portal;
use crate::http::page::{Link, Page};
use crate::limits::TooOften;
use crate::oauth::discovery::path;
use crate::people::{Contact, Denied};
use crate::service::access::AccessDenied;
use crate::service::sign_in::SignInError;

/// The page about `problem`.
#[must_use]
pub(crate) fn page(problem: &PageProblem, language: Language, app: &App) -> Response {
    let (title, body) = message(problem);
    let mut page = Page::new(problem.status(), title, body);
    page.detail = detail(problem);
    page.action = next_step(problem, app);
    page.choices.extend(contact_link(problem));
    let mut response = page.answer(language, app);
    if matches!(
        problem.status(),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    ) {
        response
            .headers_mut()
            .insert(RETRY_AFTER, retry_after(problem));
    }
    response
}

/// In how many seconds it may be better.
fn retry_after(problem: &PageProblem) -> HeaderValue {
    match problem {
        PageProblem::TooOften(too_often) => HeaderValue::from(too_often.wait),
        _ => HeaderValue::from_static("10"),
    }
}

fn next_step(problem: &PageProblem, app: &App) -> Option<Link> {
    match problem {
        PageProblem::GoingRound(client) => Some(Link {
            url: app.issuer.at(&format!("/launch/{client}?again")),
            label: Text::new("再试一次", "Try once more"),
        }),
        PageProblem::Request(_) | PageProblem::Method | PageProblem::TooLarge => None,
        PageProblem::AccessDenied(_) => Some(Link {
            url: app.issuer.at("/launch"),
            label: Text::new("打开其他应用", "Open another app"),
        }),
        // Who wants out gets out, whatever the app has sent.
        PageProblem::Logout(_) | PageProblem::NoLogout => Some(Link {
            url: app.issuer.at(path::LOGOUT),
            label: Text::new("退出登录", "Sign out"),
        }),
        _ => Some(portal(app)),
    }
}

fn contact_link(problem: &PageProblem) -> Option<Link> {
    let PageProblem::AccessDenied(denied) = problem else {
        return None;
    };
    let Contact { text, url } = denied.contact.as_ref()?;
    Some(Link {
        url: url.clone()?,
        label: Text::new(format!("联系 {text}"), format!("Contact {text}")),
    })
}

/// What a developer or an operator needs to see. Only registered codes and sentences of ours.
fn detail(problem: &PageProblem) -> Option<String> {
    match problem {
        PageProblem::Request(error) | PageProblem::Logout(error) => Some(error.to_string()),
        PageProblem::NoTarget(client, error) => Some(format!("{client}: {error}")),
        PageProblem::UnfitTicket(error) => Some(error.to_string()),
        _ => None,
    }
}

fn message(problem: &PageProblem) -> (Text, Text) {
    match problem {
        PageProblem::Request(_) => (
            Text::new(
                "应用发来的登录请求有误",
                "The app sent a login request that cannot be answered",
            ),
            Text::new(
                "为了您的安全，登录已停止。请把本页上的技术信息告诉应用的管理员。",
                "The login was stopped for your safety. Please pass the technical line on this page to whoever runs the app.",
            ),
        ),
        PageProblem::NoSuchClient(_) => (
            Text::new("没有登记这个应用", "This app is not registered"),
            Text::new(
                "门户菜单指向的应用没有在这里登记。请联系管理员核对菜单地址。",
                "The portal's menu points to an app that is not registered here. Please ask your administrator to check the address of the menu entry.",
            ),
        ),
        PageProblem::NoTarget(..) => (
            Text::new(
                "这个入口无法打开应用",
                "This entry does not lead to the app",
            ),
            Text::new(
                "这个菜单地址没有对应的页面。请联系管理员核对菜单地址。",
                "There is no page behind this menu entry. Please ask your administrator to check its address.",
            ),
        ),
        PageProblem::UnfitTicket(_) => (
            Text::new("登录票据无法识别", "The login ticket cannot be read"),
            Text::new(
                "打开的地址里票据不完整或有多余内容。请回到门户，重新点击应用。",
                "The address that was opened holds a damaged ticket. Please go back to the portal and click the app again.",
            ),
        ),
        PageProblem::SignIn(error) => nobody_signed_in(error),
        PageProblem::NothingWaits => (
            Text::new("没有等待中的登录", "No login is waiting here"),
            Text::new(
                "这次登录已经完成，或等待太久，或不是在这个浏览器里开始的。请重新打开应用，或从门户进入。",
                "This login is finished, waited too long, or was begun in another browser. Please open the app again, or enter from the portal.",
            ),
        ),
        PageProblem::NoSwitch => (
            Text::new(
                "没有需要确认的切换",
                "There is no change of user to confirm",
            ),
            Text::new(
                "确认已经完成，或等待太久。请重新从门户进入。",
                "It was confirmed already, or waited too long. Please enter from the portal again.",
            ),
        ),
        PageProblem::Logout(_) => logout_refused(),
        PageProblem::NoLogout => no_logout(),
        PageProblem::GoingRound(_) => going_round(),
        PageProblem::AccessDenied(denied) => not_open(denied),
        PageProblem::TooOften(too_often) => too_often_message(too_often),
        PageProblem::Store(_) | PageProblem::Broken => broken(),
        PageProblem::NotFound => (
            Text::new("没有这个页面", "There is no such page"),
            Text::new(
                "请从熊猫智慧水务门户进入应用。",
                "Please enter your apps from the Panda Smart Water portal.",
            ),
        ),
        PageProblem::Method => (
            Text::new(
                "不能这样打开这个页面",
                "This page cannot be opened like that",
            ),
            Text::new(
                "请从熊猫智慧水务门户进入应用。",
                "Please enter your apps from the Panda Smart Water portal.",
            ),
        ),
        PageProblem::TooLarge => (
            Text::new("请求太大", "The request is too large"),
            Text::new("请联系应用的管理员。", "Please tell whoever runs the app."),
        ),
    }
}

fn not_open(denied: &AccessDenied) -> (Text, Text) {
    let AccessDenied { client, person, .. } = denied;
    let (why, because) = match &denied.denied {
        Denied::Unlinked => (
            format!("“{client}”里没有与您对应的账号。"),
            format!("“{client}” has no account that belongs to you."),
        ),
        Denied::Listed | Denied::NotListed | Denied::Rule(_) => (
            format!("“{client}”没有对您开放。"),
            format!("“{client}” is not open to you."),
        ),
    };
    let contact = denied.contact.as_ref().map(|contact| &contact.text);
    let (ask, whom) = match contact {
        Some(contact) => (
            format!("如果您需要使用它，请联系：{contact}"),
            format!("If you need it, please ask: {contact}"),
        ),
        None => (
            "如果您需要使用它，请联系管理员。".to_owned(),
            "If you need it, please ask your administrator.".to_owned(),
        ),
    };
    (
        Text::new("您不能使用这个应用", "You cannot use this app"),
        Text::new(
            format!("您以“{person}”的身份登录。{why}{ask}"),
            format!("You are signed in as “{person}”. {because} {whom}"),
        ),
    )
}

fn too_often_message(too_often: &TooOften) -> (Text, Text) {
    let wait = too_often.wait;
    (
        Text::new("登录请求太多", "Too many logins at once"),
        Text::new(
            format!(
                "短时间内从您的网络或到这个应用的登录太多。请等 {wait} 秒，然后刷新本页。如果经常这样，请联系管理员。"
            ),
            format!(
                "There were too many logins from your network, or to this app, within a short time. Please wait {wait} s, then reload this page. Tell your administrator if it happens often."
            ),
        ),
    )
}

fn logout_refused() -> (Text, Text) {
    (
        Text::new(
            "应用发来的退出请求有误",
            "The app sent a logout request that cannot be answered",
        ),
        Text::new(
            "您还没有退出登录。可以在这里退出；也请把本页上的技术信息告诉应用的管理员。",
            "You are not signed out yet. You can sign out here; please also pass the technical line on this page to whoever runs the app.",
        ),
    )
}

fn no_logout() -> (Text, Text) {
    (
        Text::new("没有需要确认的退出", "There is no sign-out to confirm"),
        Text::new(
            "确认等待太久，或者这个浏览器里已经换了用户。您没有退出登录。",
            "It waited too long, or another person has signed in here since. You are not signed out.",
        ),
    )
}

fn going_round() -> (Text, Text) {
    (
        Text::new("应用反复要求登录", "The app keeps asking for a login"),
        Text::new(
            "您的登录成功了，但应用一直没有接受它，浏览器在两者之间来回跳转，所以在这里停下。请联系应用的管理员；常见原因是应用要求邮箱，或拒绝了这个用户。",
            "Your login worked, but the app did not accept it and sent the browser back again and again, so it was stopped here. Please tell whoever runs the app; often it demands an e-mail address, or does not admit this user.",
        ),
    )
}

fn left() -> (Text, Text) {
    (
        Text::new("您的账号已停用", "Your account is not in use any more"),
        Text::new(
            "熊猫智慧水务的在用用户名单里没有您的账号，所以没有为您登录。如果账号刚刚恢复，请几分钟后重新从门户进入；否则请联系管理员。",
            "The portal's list of users does not name you any more, so you were not signed in. If your account was restored just now, enter from the portal again in a few minutes; else ask your administrator.",
        ),
    )
}

fn nobody_signed_in(error: &SignInError) -> (Text, Text) {
    match error {
        SignInError::TicketRefused => ticket_refused(),
        SignInError::Left(_) => left(),
        SignInError::Login(error) => nobody_proven(error),
        SignInError::Store(_) => broken(),
    }
}

fn broken() -> (Text, Text) {
    (
        Text::new("登录服务出了问题", "The login service has a problem"),
        Text::new(
            "没有为您登录，也没有丢失任何东西。请稍后重新从门户进入；如果一直这样，请联系管理员。",
            "You were not signed in, and nothing was lost. Please enter from the portal again in a little while, and tell your administrator if it stays like this.",
        ),
    )
}

fn ticket_refused() -> (Text, Text) {
    (
        Text::new("这个登录链接已经用过", "This login link was used before"),
        Text::new(
            "每个登录链接只属于第一次打开它的浏览器，退出后也不能再用。请重新从门户进入。",
            "A login link belongs to the browser that opened it first, and ends when you sign out. Please enter from the portal again.",
        ),
    )
}

fn nobody_proven(error: &LoginError) -> (Text, Text) {
    match error {
        LoginError::Rejected(_) => (
            Text::new(
                "登录已过期，请重新从门户进入",
                "Your login has expired, please enter from the portal again",
            ),
            Text::new(
                "门户不再认可这个登录链接。请回到熊猫智慧水务门户，重新点击应用。",
                "The portal no longer accepts this login link. Please go back to the Panda Smart Water portal and click the app again.",
            ),
        ),
        LoginError::Unreachable(_) => (
            Text::new(
                "门户暂时没有响应",
                "The portal is not answering at the moment",
            ),
            Text::new(
                "暂时无法向熊猫智慧水务确认您的身份。已经登录的应用不受影响。请稍后重新从门户进入。",
                "Your identity cannot be confirmed with Panda Smart Water right now. Apps you are already signed in to keep working. Please enter from the portal again in a little while.",
            ),
        ),
        LoginError::Unintelligible(_) => (
            Text::new("门户的回答无法识别", "The portal's answer makes no sense"),
            Text::new(
                "熊猫智慧水务返回了无法识别的内容，因此没有为您登录。请稍后再试；如果一直这样，请联系管理员。",
                "Panda Smart Water answered something that proves nobody's identity, so you were not signed in. Please try again later, and tell your administrator if it stays like this.",
            ),
        ),
    }
}
