//! The contact that is shown to users without access.

use url::Url;

/// A contact: a sentence, a web page, an e-mail address or a telephone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The text that is displayed.
    pub text: String,
    /// The target of the link, if the text is displayed as a link.
    pub url: Option<String>,
}

impl Contact {
    /// Parses what the operator wrote.
    #[must_use]
    pub fn new(written: &str) -> Self {
        let written = written.trim();
        let scheme = Url::parse(written).ok().map(|url| url.scheme().to_owned());
        let (text, url) = match scheme.as_deref() {
            Some("http" | "https") => (written, Some(written.to_owned())),
            Some(scheme @ ("mailto" | "tel")) => {
                (&written[scheme.len() + 1..], Some(written.to_owned()))
            }
            _ if is_mail(written) => (written, Some(format!("mailto:{written}"))),
            _ => (written, number(written).map(|it| format!("tel:{it}"))),
        };
        Self {
            text: text.to_owned(),
            url,
        }
    }
}

fn is_mail(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_+@".contains(c);
    let parts = text.split_once('@');
    parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
        && text.chars().all(plain)
}

/// The digits to dial, if the text is a telephone number and nothing else.
fn number(text: &str) -> Option<String> {
    let number = text
        .chars()
        .all(|c| c.is_ascii_digit() || "+-() ".contains(c));
    let dialled: String = text
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == '+')
        .collect();
    (number && dialled.len() >= 3).then_some(dialled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_mail_and_telephone_contacts_become_links() {
        for (written, text, url) in [
            ("信息中心 8001", "信息中心 8001", None),
            (
                "https://help.example.com/x",
                "https://help.example.com/x",
                Some("https://help.example.com/x"),
            ),
            ("mailto:it@w.cn", "it@w.cn", Some("mailto:it@w.cn")),
            ("it@w.cn", "it@w.cn", Some("mailto:it@w.cn")),
            (
                " 0571-8888 0000 ",
                "0571-8888 0000",
                Some("tel:057188880000"),
            ),
            ("tel:8001", "8001", Some("tel:8001")),
            ("javascript:alert(1)", "javascript:alert(1)", None),
            ("data:text/html,x@y.z", "data:text/html,x@y.z", None),
            ("@", "@", None),
        ] {
            let contact = Contact::new(written);
            assert_eq!((contact.text.as_str(), contact.url.as_deref()), (text, url));
        }
    }
}
