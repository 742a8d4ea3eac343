//! The spelling of tickets: which spellings the portal may accept as the same ticket.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use panda_oidc_sdk::Ticket;
use serde::Deserialize;

/// Decodes with or without padding, and whatever the unused bits of the last character are.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What the portal's tickets are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TicketFormat {
    /// Text that the portal compares, and does not parse.
    #[default]
    Opaque,
    /// A GUID, in any of the usual spellings.
    Guid,
    /// Bytes in Base64 or base64url.
    Base64,
}

impl TicketFormat {
    /// `ticket` in the one spelling that stands for all that the portal may accept as the same; `None` if
    /// it is no ticket of this format.
    pub(crate) fn canonical(self, ticket: &Ticket) -> Option<Ticket> {
        let text = ticket.expose();
        match self {
            Self::Opaque => Some(ticket.clone()),
            Self::Guid => guid(text).map(Ticket::new),
            Self::Base64 => base64(text).map(Ticket::new),
        }
    }
}

/// The 32 hexadecimal digits of a GUID that is written with or without dashes, in braces or parentheses,
/// or as a URN. Other spellings that some parsers know are refused: no portal issues them.
fn guid(text: &str) -> Option<String> {
    let text = text.trim_ascii().to_ascii_lowercase();
    let enclosed = |open, close| text.strip_prefix(open)?.strip_suffix(close);
    let inner = enclosed('{', '}')
        .or_else(|| enclosed('(', ')'))
        .or_else(|| text.strip_prefix("urn:uuid:"))
        .unwrap_or(&text);
    let groups: Vec<&str> = inner.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let digits = groups.concat();
    let is_guid = matches!(lengths.as_slice(), [32] | [8, 4, 4, 4, 12])
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_guid.then_some(digits)
}

/// The bytes in plain Base64. A text with a blank is refused: some decoders skip it, and others take it for the
/// `+` that it was before a form was decoded.
fn base64(text: &str) -> Option<String> {
    let text: String = text
        .chars()
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    let bytes = LENIENT
        .decode(text)
        .ok()
        .filter(|bytes| !bytes.is_empty())?;
    Some(STANDARD_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(format: TicketFormat, text: &str) -> Option<String> {
        let ticket = format.canonical(&Ticket::new(text.to_owned()))?;
        Some(ticket.expose().to_owned())
    }

    #[test]
    fn spellings_of_a_guid_are_one_ticket() {
        let one = Some("6f9619ff8b86d011b42d00c04fc964ff".to_owned());
        for spelling in [
            "6F9619FF-8B86-D011-B42D-00C04FC964FF",
            "6f9619ff8b86d011b42d00c04fc964ff",
            "{6f9619ff-8b86-d011-b42d-00c04fc964ff}",
            "(6f9619ff-8b86-d011-b42d-00c04fc964ff)",
            "urn:uuid:6f9619ff-8b86-d011-b42d-00c04fc964ff",
            " 6f9619ff-8b86-d011-b42d-00c04fc964ff ",
        ] {
            assert_eq!(canonical(TicketFormat::Guid, spelling), one, "{spelling}");
        }
        for other in [
            "",
            "T",
            "{}",
            "6f9619ff-8b86-d011-b42d-00c04fc964f",
            "6f96-19ff-8b86-d011-b42d-00c04fc964ff",
            "6f9619ff-8b86-d011-b42d-00c04fc964f\u{ff26}",
            "{0x6f9619ff,0x8b86,0xd011,{0xb4,0x2d,0x00,0xc0,0x4f,0xc9,0x64,0xff}}",
        ] {
            assert_eq!(canonical(TicketFormat::Guid, other), None, "{other}");
        }
    }

    #[test]
    fn spellings_of_base64_are_one_ticket() {
        for spelling in ["+/8=", "+/8", "-_8=", "-_8", "+/9=", "+/+"] {
            let one = canonical(TicketFormat::Base64, spelling);
            assert_eq!(one.as_deref(), Some("+/8"), "{spelling}");
        }
        for other in ["", "=", "a", "a.b", "票据", " +/8=", "+/8=\n", "+ /8"] {
            assert_eq!(canonical(TicketFormat::Base64, other), None, "{other}");
        }
    }

    #[test]
    fn opaque_text_is_left_as_it_is() {
        let text = "{6F9619FF-8B86}=";
        assert_eq!(canonical(TicketFormat::Opaque, text).as_deref(), Some(text));
    }

    proptest! {
        #[test]
        fn tickets_of_other_bytes_stay_apart(one: Vec<u8>, other: Vec<u8>) {
            prop_assume!(one != other && !one.is_empty() && !other.is_empty());
            let canonical = |bytes: &[u8]| canonical(TicketFormat::Base64, &STANDARD_NO_PAD.encode(bytes));
            prop_assert_ne!(canonical(&one), canonical(&other));
        }
    }
}
