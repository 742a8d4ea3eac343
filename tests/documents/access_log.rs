//! The access log that the guide sets up for nginx holds no ticket, wherever the portal put it.

use crate::guide::Guide;

/// Joints that portals are known to use, and those that the program reads a ticket behind.
const JOINTS: [&str; 12] = [
    "?",
    "&",
    ";",
    ",",
    "/",
    "/?",
    "/&",
    "%3F",
    "%26",
    "&amp;",
    "?a=1?",
    "?a=1&amp;",
];
const PATHS: [&str; 8] = [
    "/launch",
    "/launch/",
    "/launch/grafana",
    "/launch/grafana/",
    "/launch/grafana/d/abc",
    "/authorize",
    "/logout",
    "/",
];

/// The members of a class of a regular expression, such as `A-Za-z0-9._~-`.
fn class(text: &str) -> Vec<char> {
    let mut members = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(first) = rest.next() {
        if rest.peek() == Some(&'-') {
            rest.next();
            match rest.next() {
                Some(last) => members.extend(first..=last),
                None => members.extend([first, '-']),
            }
        } else {
            members.push(first);
        }
    }
    members
}

/// What nginx logs of `uri`: the first pattern of the guide's map that matches, each the beginning of a
/// path and a class of characters behind it.
fn logged(map: &str, uri: &str) -> String {
    for pattern in map.lines().filter_map(|line| line.split('"').nth(1)) {
        let (_, pattern) = pattern.split_once("~^(?<").unwrap();
        let (_, pattern) = pattern.split_once('>').unwrap();
        let (start, pattern) = pattern.split_once('[').unwrap();
        let (members, times) = pattern.rsplit_once(']').unwrap();
        assert!(!members.starts_with('^'), "it lists what is left out");
        let Some(rest) = uri.strip_prefix(start) else {
            continue;
        };
        let members = class(members);
        let rest: String = rest.chars().take_while(|c| members.contains(c)).collect();
        if times == "*)" || !rest.is_empty() {
            return format!("{start}{rest}");
        }
    }
    String::new()
}

#[test]
fn the_access_log_of_the_guide_holds_no_ticket() {
    let mut maps = 0;
    for guide in Guide::all() {
        for block in guide.blocks() {
            if block.language != "nginx" {
                continue;
            }
            let (_, map) = block.text.split_once("map $request_uri").unwrap();
            let (_, map) = map.split_once('\n').unwrap();
            let map = map.split('}').next().unwrap();
            for path in PATHS {
                for joint in JOINTS {
                    for equals in ["=", "%3D"] {
                        let uri = format!("{path}{joint}ticket{equals}SECRET");
                        let logged = logged(map, &uri);
                        assert!(!logged.contains("SECRET"), "{uri} is logged as {logged}");
                    }
                }
            }
            assert_eq!(logged(map, "/launch/grafana/d/1?a"), "/launch/grafana");
            assert_eq!(logged(map, "/token"), "/token");
            maps += 1;
        }
    }
    assert_eq!(maps, 2);
}
