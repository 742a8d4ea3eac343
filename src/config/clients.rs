//! `[[clients]]`: RFC 7591 client metadata, and what this provider adds to it.

mod access;
mod audience;
mod check;
mod claims;
mod client;
mod credentials;
mod launch;
mod logout;
mod products;
mod refresh;
mod section;

pub(super) use self::access::contact;
use self::check::Check;
pub(super) use self::section::ClientSection;
use super::findings::Findings;
use super::presets;
use crate::oauth::client::Client;
use crate::oauth::clients::Clients;
use crate::people::Contact;

/// Checks the clients of the provider `issuer`. `contact` is the default for clients without a contact
/// of their own.
pub(super) fn check(
    sections: &[ClientSection],
    issuer: &str,
    contact: Option<&Contact>,
    insecure: bool,
    findings: &mut Findings<'_>,
) -> Clients {
    let ids: Vec<_> = sections
        .iter()
        .map(|section| section.client_id.as_str())
        .collect();
    let mut clients = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        presets::check(index, section.preset.as_deref(), findings);
        let mut check = Check {
            index,
            issuer,
            ids: &ids,
            insecure,
            findings,
        };
        if ids[..index].contains(&ids[index]) {
            check.fail(
                "client_id",
                format!("`{}` is there twice", section.client_id),
                "give each client a name of its own",
            );
        }
        check.product(section);
        let client = check.client(section);
        clients.extend(client.map(|client| Client {
            contact: client.contact.or_else(|| contact.cloned()),
            ..client
        }));
    }
    warn_about_contact(sections, contact, findings);
    clients.into_iter().collect()
}

/// A `contact` for everybody that is written below a client is that client's alone, without an error.
fn warn_about_contact(
    sections: &[ClientSection],
    contact: Option<&Contact>,
    findings: &mut Findings<'_>,
) {
    let mut with_contact = (0..)
        .zip(sections)
        .filter(|(_, section)| section.contact.is_some());
    let (Some((index, section)), None) = (with_contact.next(), with_contact.next()) else {
        return;
    };
    if contact.is_none() && sections.len() > 1 {
        findings.warn(
            &format!("clients[{index}].contact"),
            format!(
                "people who cannot use the other apps get no contact, only those of `{}` do",
                section.client_id
            ),
            "a contact for all apps belongs to the top, before any [section]",
        );
    }
}
