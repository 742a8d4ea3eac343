use encoding_rs::GB18030;
use panda_oidc_sdk::Ticket;

use super::tests::{body, data, read};
use super::{page, user};

#[test]
fn a_label_lies_about_a_page_of_the_list_as_well() {
    let list = data(r#"{"count":1,"data":[{"id":1,"userName":"陈涛"}]}"#);
    let page = page(&body(list, Some("gb2312"))).unwrap();
    assert_eq!(page.people[0].name.as_deref(), Some("陈涛"));
}

/// 模 in GBK is also ģ in UTF-8, and the label says GBK.
#[test]
fn a_short_name_in_gbk_is_not_mistaken_for_another_alphabet() {
    let json = data(r#"{"id":1,"userName":"模"}"#);
    let gb = GB18030.encode(&json).0.into_owned();
    assert!(std::str::from_utf8(&gb).is_ok());
    let ticket = Ticket::new("t".to_owned());
    for label in ["gb2312", "gbk"] {
        let identity = user(&body(gb.clone(), Some(label)), &ticket).unwrap();
        assert_eq!(identity.name.as_deref(), Some("模"), "{label}");
    }
    let latin = data(r#"{"id":1,"userName":"José"}"#);
    for label in [None, Some("utf-8")] {
        let identity = user(&body(latin.clone(), label), &ticket).unwrap();
        assert_eq!(identity.name.as_deref(), Some("José"), "{label:?}");
    }
}

#[test]
fn text_is_the_same_without_what_nobody_sees() {
    let padded = "陈涛          ";
    for (json, name) in [
        (format!(r#""{padded}""#), Some("陈涛")),
        (r#""陈涛\r\n""#.to_owned(), Some("陈涛")),
        (r#""\u0000陈\u0000涛\u0000""#.to_owned(), Some("陈涛")),
        (r#""陈\t涛""#.to_owned(), Some("陈 涛")),
        (r#""\u3000陈涛\u00a0""#.to_owned(), Some("陈涛")),
        (r#""   ""#.to_owned(), None),
        (r#""\u200b\ufeff""#.to_owned(), None),
    ] {
        let one = format!(r#"{{"id":1,"userName":{json},"phone":{json}}}"#);
        let identity = read(data(&one)).unwrap();
        assert_eq!(identity.name.as_deref(), name, "{json}");
        assert_eq!(identity.phone.as_deref(), name, "{json}");
        let list = data(&format!(r#"{{"count":1,"data":[{one}]}}"#));
        let page = page(&body(list, None)).unwrap();
        assert_eq!(page.people, [identity], "both calls say the same");
    }
}
