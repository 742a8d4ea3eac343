use encoding_rs::GB18030;
use panda_oidc_sdk::Subject;
use proptest::prelude::*;

use super::*;

const LIMIT: usize = 256 * 1024;

pub(super) fn body(bytes: impl Into<Vec<u8>>, charset: Option<&str>) -> Body {
    Body {
        bytes: bytes.into(),
        charset: charset.map(str::to_owned),
        limit: LIMIT,
    }
}

pub(super) fn read(bytes: impl Into<Vec<u8>>) -> Result<Identity, LoginError> {
    user(&body(bytes, None), &Ticket::new("t".to_owned()))
}

pub(super) fn data(data: &str) -> String {
    format!(r#"{{"code":0,"msg":"OK","data":{data}}}"#)
}

fn with_id(id: &str) -> String {
    data(&format!(
        r#"{{"id":{id},"userName":"陈涛","phone":"1822199904"}}"#
    ))
}

fn subject(id: &str) -> Option<String> {
    match read(with_id(id)) {
        Ok(identity) => Some(identity.subject.as_str().to_owned()),
        Err(LoginError::Unintelligible(_)) => None,
        Err(other) => panic!("{id}: {other:?}"),
    }
}

fn nonsense(bytes: impl Into<Vec<u8>>) -> InvalidResponse {
    match read(bytes) {
        Err(LoginError::Unintelligible(source)) => *source.downcast().expect("a Nonsense"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_documented_answer_yields_its_user() {
    let identity = read(with_id("1")).unwrap();
    assert_eq!(identity.subject, Subject::new("1").unwrap());
    assert_eq!(identity.name.as_deref(), Some("陈涛"));
    assert_eq!(identity.phone.as_deref(), Some("1822199904"));
}

#[test]
fn an_id_keeps_every_digit() {
    let longest = "9".repeat(255);
    for (id, expected) in [
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551617", "18446744073709551617"),
        (r#""007""#, "007"),
        (r#""\u0031\u0030""#, "10"),
        (longest.as_str(), longest.as_str()),
    ] {
        assert_eq!(subject(id).as_deref(), Some(expected));
    }
}

#[test]
fn an_unusable_id_is_refused() {
    let too_long = "1".repeat(256);
    for id in [
        "null",
        "0",
        "-0",
        "-1",
        "1.5",
        "1.0",
        "1e3",
        "1E3",
        "true",
        "false",
        "[]",
        "[1]",
        "{}",
        r#"{"id":1}"#,
        r#""""#,
        r#""0""#,
        r#""000""#,
        r#""-1""#,
        r#""+1""#,
        r#"" 1""#,
        r#""1 ""#,
        r#""1\n""#,
        r#""1\u0000""#,
        r#""1.0""#,
        r#""0x1""#,
        r#""１""#,
        r#""١""#,
        r#""../1""#,
        r#""a""#,
        r#""\ud800""#,
        too_long.as_str(),
    ] {
        assert_eq!(subject(id), None, "{id}");
    }
    assert!(matches!(
        nonsense(data(r#"{"userName":"陈涛"}"#)),
        InvalidResponse::NoId
    ));
}

#[test]
fn a_repeated_json_key_is_refused() {
    let twice = r#"{"id":1,"id":2}"#;
    assert!(matches!(nonsense(data(twice)), InvalidResponse::Json(_)));
    let twice = r#"{"code":1,"code":0,"data":{"id":1}}"#;
    assert!(matches!(nonsense(twice), InvalidResponse::Json(_)));
}

#[test]
fn an_unusable_name_or_phone_does_not_refuse_the_user() {
    for (user, name, phone) in [
        (r#"{"id":1}"#, None, None),
        (r#"{"id":1,"userName":null,"phone":null}"#, None, None),
        (r#"{"id":1,"userName":"","phone":""}"#, None, None),
        (
            r#"{"id":1,"userName":5,"phone":13800138000}"#,
            None,
            Some("13800138000"),
        ),
        (r#"{"id":1,"userName":["a"],"phone":1.5}"#, None, None),
        (r#"{"id":1,"userName":"\ud800","phone":{}}"#, None, None),
        (
            r#"{"id":1,"phone":"0571-8888 8888/+86 138"}"#,
            None,
            Some("0571-8888 8888/+86 138"),
        ),
        (
            "{\"id\":1,\"userName\":\"<script>\u{202e}😀\"}",
            Some("<script>😀"),
            None,
        ),
    ] {
        let identity = read(data(user)).unwrap();
        assert_eq!(identity.name.as_deref(), name, "{user}");
        assert_eq!(identity.phone.as_deref(), phone, "{user}");
    }
}

#[test]
fn a_code_is_a_number_or_a_numeric_string() {
    for code in ["0", r#""0""#, r#""00""#] {
        assert!(read(format!(r#"{{"code":{code},"data":{{"id":1}}}}"#)).is_ok());
    }
    for code in ["1", "-1", r#""500""#] {
        let answer = read(format!(r#"{{"code":{code},"msg":"no","data":{{"id":1}}}}"#));
        assert!(matches!(answer, Err(LoginError::Rejected(_))), "{answer:?}");
    }
    for code in [
        "null", "true", "0.0", "0e1", r#""""#, r#"" 0""#, r#""OK""#, "[0]", "{}",
    ] {
        let answer = format!(r#"{{"code":{code},"data":{{"id":1}}}}"#);
        assert!(
            matches!(nonsense(answer), InvalidResponse::NoCode),
            "{code}"
        );
    }
}

#[test]
fn a_rejection_repeats_the_reason_without_the_ticket() {
    let answer = r#"{"code":40001,"msg":"ticket [s3cret-9f8e7d] 无效","data":null}"#;
    let ticket = Ticket::new("s3cret-9f8e7d".to_owned());
    match user(&body(answer, None), &ticket) {
        Err(LoginError::Rejected(message)) => {
            assert_eq!(message, "ticket [[redacted]] 无效 (code 40001)");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rejection_needs_no_usable_message() {
    for answer in [
        r#"{"code":1}"#,
        r#"{"code":1,"msg":null}"#,
        r#"{"code":1,"msg":{"a":1}}"#,
    ] {
        let answer = read(answer);
        assert!(matches!(answer, Err(LoginError::Rejected(_))), "{answer:?}");
    }
}

#[test]
fn each_kind_of_nonsense_has_its_own_error() {
    assert!(matches!(nonsense(""), InvalidResponse::Json(_)));
    assert!(matches!(
        nonsense("\n<!doctype html>"),
        InvalidResponse::WebPage
    ));
    assert!(matches!(
        nonsense(r#"{"code":0,"data":{"id":1"#),
        InvalidResponse::Json(_)
    ));
    assert!(matches!(
        nonsense(r#"{"code":0,"data":{"id":1}}x"#),
        InvalidResponse::Json(_)
    ));
    assert!(matches!(
        nonsense(r#"[0,"OK",{"id":1}]"#),
        InvalidResponse::NoEnvelope
    ));
    assert!(matches!(nonsense(r#""OK""#), InvalidResponse::NoEnvelope));
    assert!(matches!(nonsense(r#"{"id":1}"#), InvalidResponse::NoCode));
    assert!(matches!(nonsense(r#"{"code":0}"#), InvalidResponse::NoData));
    for wrong in ["null", "[]", "[1]", r#"[{"id":1}]"#, "1", r#""1""#, "true"] {
        assert!(
            matches!(nonsense(data(wrong)), InvalidResponse::NoData),
            "{wrong}"
        );
    }
    assert!(matches!(nonsense([0xff; 3]), InvalidResponse::Undecodable));
    assert!(matches!(
        nonsense(vec![b' '; LIMIT + 1]),
        InvalidResponse::TooLarge { limit: LIMIT }
    ));
}

#[test]
fn whitespace_around_an_answer_is_ignored() {
    assert!(read(format!(" \r\n{}\n", with_id("1"))).is_ok());
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    for open in ["[", r#"{"a":"#] {
        let deep = open.repeat(LIMIT / open.len() - 10);
        assert!(matches!(nonsense(deep.clone()), InvalidResponse::Json(_)));
        assert!(matches!(
            nonsense(format!(r#"{{"data":{deep}"#)),
            InvalidResponse::Json(_)
        ));
    }
    let closed = format!("{}{}", "[".repeat(90_000), "]".repeat(90_000));
    let user = format!(r#"{{"id":1,"userName":{closed}}}"#);
    assert_eq!(read(data(&user)).unwrap().name, None);
}

#[test]
fn every_supported_charset_is_decoded() {
    let json = with_id("1");
    let gb = GB18030.encode(&json).0.into_owned();
    let (low, high): (Vec<u8>, Vec<u8>) = (
        json.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        [0xfe, 0xff]
            .into_iter()
            .chain(json.encode_utf16().flat_map(u16::to_be_bytes))
            .collect(),
    );
    for (bytes, charset) in [
        (json.clone().into_bytes(), None),
        (json.clone().into_bytes(), Some("utf-8")),
        (json.clone().into_bytes(), Some("UTF8")),
        (json.clone().into_bytes(), Some("no-such-charset")),
        (format!("\u{feff}{json}").into_bytes(), None),
        (format!("\u{feff}{json}").into_bytes(), Some("gbk")),
        (gb.clone(), None),
        (gb.clone(), Some("gb2312")),
        (gb.clone(), Some("GBK")),
        (gb.clone(), Some("gb18030")),
        (gb, Some("utf-8")),
        // Labels that lie.
        (json.clone().into_bytes(), Some("gb2312")),
        (json.clone().into_bytes(), Some("GBK")),
        (json.clone().into_bytes(), Some("gb18030")),
        (json.clone().into_bytes(), Some("iso-8859-1")),
        (json.clone().into_bytes(), Some("big5")),
        (json.clone().into_bytes(), Some("utf-16")),
        (format!("\u{feff}{json}").into_bytes(), Some("utf-16")),
        (high.clone(), Some("utf-8")),
        (high.clone(), Some("gbk")),
        (low, Some("utf-16le")),
        (high, None),
    ] {
        let identity = user(&body(bytes, charset), &Ticket::new("t".to_owned()));
        assert_eq!(
            identity.unwrap().name.as_deref(),
            Some("陈涛"),
            "{charset:?}"
        );
    }
}

#[test]
fn a_page_lists_the_users_with_a_usable_id() {
    let list = r#"{"count":3661,"data":[{"id":1,"userName":"陈涛","phone":"1822199904"},
        {"id":0},{"userName":"黑龙江"},null,7,[2],{"id":3,"userName":"新耀分公司","phone":""}]}"#;
    let page = page(&body(data(list), None)).unwrap();
    assert_eq!(page.count, 3661);
    assert_eq!(page.unusable, 5);
    let subjects: Vec<_> = page.people.iter().map(|p| p.subject.as_str()).collect();
    assert_eq!(subjects, ["1", "3"]);
    assert_eq!(page.people[1].phone, None);
}

#[test]
fn a_page_without_count_or_list_is_an_error() {
    for (list, usable) in [
        (r#"{"count":"0","data":[]}"#, true),
        (r#"{"count":0,"data":[]}"#, true),
        (r#"{"count":-1,"data":[]}"#, false),
        (r#"{"count":null,"data":[]}"#, false),
        (r#"{"data":[]}"#, false),
        (r#"{"count":0}"#, false),
        (r#"{"count":0,"data":null}"#, false),
        (r#"{"count":0,"data":{}}"#, false),
        (r"[0,[]]", false),
    ] {
        let page = page(&body(data(list), None));
        assert_eq!(page.is_ok(), usable, "{list}: {page:?}");
    }
}

fn is_not_all_zeros(id: &str) -> bool {
    id.bytes().any(|digit| digit != b'0')
}

proptest! {
    #[test]
    fn any_id_survives_as_a_string(id in "[0-9]{1,255}") {
        prop_assume!(is_not_all_zeros(&id));
        prop_assert_eq!(subject(&format!("{id:?}")), Some(id));
    }

    #[test]
    fn any_id_survives_as_a_number(id in "[1-9][0-9]{0,254}") {
        prop_assert_eq!(subject(&id), Some(id));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, charset in "(utf-8|gbk|utf-16|big5|x)?") {
        let body = body(bytes, Some(&charset));
        let _ = user(&body, &Ticket::new("t".to_owned()));
        let _ = page(&body);
    }

    #[test]
    fn a_damaged_answer_is_read_without_a_panic(at in 0_usize..60, byte: u8) {
        let mut bytes = with_id("12").into_bytes();
        bytes[at] = byte;
        let _ = read(bytes.clone());
        let _ = page(&body(bytes, None));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_page_is_read_whole_or_not_at_all(
        ids in prop::collection::vec(prop_oneof!["[1-9][0-9]{0,9}", "null", "\"\"", "-1"], 0..20),
        name in "\\PC{0,6}",
        cut in any::<prop::sample::Index>(),
        noise in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let name = serde_json::json!(name);
        let entries: Vec<_> = ids.iter().map(|id| format!(r#"{{"id":{id},"userName":{name}}}"#)).collect();
        let json = format!(r#"{{"code":0,"data":{{"count":{},"data":[{}]}}}}"#, ids.len(), entries.join(","));
        let whole = page(&body(json.as_bytes(), None)).unwrap();
        prop_assert_eq!(whole.people.len() + whole.unusable, ids.len());
        let named = ids.iter().filter(|id| id.starts_with(|c: char| c.is_ascii_digit()));
        prop_assert_eq!(whole.people.len(), named.count());

        let cut = cut.index(json.len());
        prop_assert!(page(&body(&json.as_bytes()[..cut], None)).is_err());
        let mut spoilt = json.into_bytes();
        spoilt.splice(cut..cut, noise.iter().copied());
        if let Ok(page) = page(&body(spoilt, None)) {
            prop_assert!(page.people.len() + page.unusable <= ids.len() + noise.len());
        }
        let _ = page(&body(noise, None));
    }
}
