//! The pages of the simulated portal: no script, no external resources, everything escaped.

use std::fmt::Write as _;

use axum::http::header;
use axum::response::{Html, IntoResponse};

use super::{MenuEntry, Person};

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#12303f;--soft:#5b7684;--line:#cfe0e8;--card:#fff;--ground:#eef5f8;--brand:#0a6c94}
@media(prefers-color-scheme:dark){:root{--ink:#e2eef4;--soft:#93aebc;--line:#27424f;--card:#142833;--ground:#0c1a22;--brand:#4fb6df}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.6 system-ui,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif}
header{background:#0a4f6e;color:#fff;padding:1rem 0}
header div,main{max-width:46rem;margin:0 auto;padding:0 1.25rem}
header div{display:flex;flex-wrap:wrap;gap:0 .75rem;align-items:baseline}
header strong{font-size:1.2rem}header small{color:inherit;opacity:.85}
main{margin:2rem auto}
h1{font-size:1.5rem;line-height:1.35;margin:0}h1 small{font-size:1rem;display:inline-block}
small{color:var(--soft);font-weight:400}
p{margin:.4rem 0}p small{display:block}.hint{margin-bottom:1.4rem}
ul{list-style:none;margin:0 0 1.2rem;padding:0;display:grid;gap:.8rem;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr))}
li a{display:flex;gap:.9rem;align-items:center;padding:1rem;background:var(--card);border:1px solid var(--line);border-radius:.6rem;color:inherit;text-decoration:none;overflow-wrap:anywhere}
li a:hover,li a:focus{border-color:var(--brand);outline:2px solid var(--brand);outline-offset:-1px}
li a>span{flex:1;min-width:0}li small{display:block}
li i{flex:none;width:2.4rem;height:2.4rem;border-radius:50%;display:grid;place-items:center;background:var(--ground);color:var(--brand);font-style:normal;font-weight:600}
li a.entry{border-left:4px solid var(--brand)}li a.entry::after{content:'→';color:var(--brand);font-size:1.3rem}
form{margin:0 0 1.2rem;display:flex;gap:.5rem;max-width:28rem}
input,button{font:inherit;padding:.45rem .8rem;border:1px solid var(--line);border-radius:.4rem;background:var(--card);color:inherit}
input{flex:1;min-width:0}button{flex:none}
p a{color:var(--brand)}
";

/// The page on which a visitor chooses a user.
pub(super) fn people(keyword: &str, count: usize, people: &[&Person]) -> impl IntoResponse + use<> {
    let mut list = String::new();
    for person in people {
        let _ = write!(
            list,
            r#"<li><a href="/?user={id}"><i aria-hidden="true">{initial}</i><span><bdi>{name}</bdi><small>ID {id}</small></span></a></li>"#,
            id = person.id,
            initial = escaped(&person.name.chars().take(1).collect::<String>()),
            name = escaped(&person.name),
        );
    }
    let shown = people.len();
    page(
        "选择用户 · Choose a user",
        &format!(
            r#"<h1>您想以谁的身份进入？ <small lang="en">Who would you like to be?</small></h1>
<p class="hint">这是一个模拟门户：点一个名字，就等于这个人登录了门户，不需要密码。<small lang="en">This portal is simulated: click a name and that person is signed in to it, without a password.</small></p>
<form><input name="keyword" value="{keyword}" aria-label="姓名或电话 · name or phone" placeholder="姓名 · name"><button>搜索 <span lang="en">Search</span></button></form>
<ul>{list}</ul>
<p><small>显示 {shown} / {count} 人 · <span lang="en">{shown} of {count} people shown</span></small></p>"#,
            keyword = escaped(keyword),
        ),
    )
}

/// The menu page of `person`.
pub(super) fn menu(person: &Person, entries: &[MenuEntry]) -> impl IntoResponse + use<> {
    let mut list = String::new();
    for (number, entry) in entries.iter().enumerate() {
        let _ = write!(
            list,
            r#"<li><a href="/open/{number}?user={user}"{target} class="entry"><span>{zh}{en}</span></a></li>"#,
            user = person.id,
            target = if entry.new_tab {
                r#" target="_blank""#
            } else {
                ""
            },
            zh = escaped(&entry.title_zh),
            en = if entry.title_en == entry.title_zh {
                String::new()
            } else {
                format!(r#"<small lang="en">{}</small>"#, escaped(&entry.title_en))
            },
        );
    }
    if entries.is_empty() {
        list.push_str(r#"<li>菜单为空 <small lang="en">The menu is empty</small></li>"#);
    }
    page(
        "首页 · Home",
        &format!(
            r#"<h1>您好，<bdi>{name}</bdi> <small lang="en">Hello · ID {id}</small></h1>
<p class="hint">门户的菜单：点击一个应用，直接进入，不用再登录。<small lang="en">The portal's menu: click an app and you are in, without another login.</small></p>
<ul>{list}</ul>
<p><a href="/">换一位用户 · <span lang="en">Be somebody else</span></a></p>"#,
            name = escaped(&person.name),
            id = person.id,
        ),
    )
}

/// The login page.
pub(super) fn login() -> impl IntoResponse {
    page(
        "登录 · Log in",
        "<h1>请登录 <small lang=\"en\">Please log in</small></h1>",
    )
}

/// The error page for an HTTP status.
pub(super) fn failed(status: u16) -> impl IntoResponse {
    page(
        "错误 · Error",
        &format!("<h1>出错了 <small lang=\"en\">HTTP {status}</small></h1>"),
    )
}

/// The page for an unknown menu entry or user.
pub(super) fn nothing_here() -> impl IntoResponse {
    page(
        "找不到 · Not found",
        r#"<h1>没有这个菜单或用户 <small lang="en">No such menu entry or user</small></h1>
<p><a href="/">返回首页 · <span lang="en">Back to the start</span></a></p>"#,
    )
}

fn page(title: &str, main: &str) -> impl IntoResponse + use<> {
    let headers = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let html = format!(
        r#"<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title} · 熊猫智慧水务（模拟）</title><style>{STYLE}</style></head>
<body><header><div><strong>熊猫智慧水务</strong><small>模拟门户 · <span lang="en">simulated portal</span></small></div></header>
<main>{main}</main></body></html>
"#
    );
    (headers, Html(html))
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}
