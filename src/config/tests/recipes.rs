//! The clients that the guide to connecting an app registers.

use super::*;

const PAGES: [&str; 2] = [
    include_str!("../../../docs/clients.md"),
    include_str!("../../../docs/clients.zh.md"),
];

#[test]
fn every_registration_in_the_guide_is_accepted_as_written() {
    let (provider, _) = GOOD.split_once("[[clients]]").unwrap();
    for page in PAGES {
        let blocks = page.split("```toml\n").skip(1);
        let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
        // The public key of one example is cut short.
        let registrations: Vec<_> = blocks
            .filter(|block| block.starts_with("[[clients]]") && !block.contains("jwks ="))
            .collect();
        assert!(registrations.len() >= 12, "{}", registrations.len());
        for registration in registrations {
            let secret = "0123456789abcdef0123456789abcdef";
            let filled = registration
                .replace('…', secret)
                .replace("CLIENT-SECRET", secret);
            let problems = problems(&format!("{provider}{filled}"));
            assert_eq!(problems, [""; 0], "{registration}");
        }
    }
}
