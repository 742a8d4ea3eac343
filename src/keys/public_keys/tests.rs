//! Verification with the signatures that the RFCs publish.

use super::*;
use crate::keys::decoys::PUBLISHED;
use crate::keys::shared_key::SharedKey;
use proptest::prelude::*;
use serde_json::json;

/// RFC 7515 A.1.1, with the key of A.1.
const HS256: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const HS256_KEY: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
/// RFC 7515 A.3.1.
pub(in crate::keys) const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
/// RFC 8037 A.4.
pub(in crate::keys) const EDDSA: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
/// RFC 7515 A.2.1.
pub(in crate::keys) const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

fn published() -> Vec<Value> {
    let set: Value = serde_json::from_str(PUBLISHED).unwrap();
    set["keys"].as_array().unwrap().clone()
}

fn verified(keys: &[Value], jws: &str) -> bool {
    let keys = PublicKeys::strict(&json!({ "keys": keys })).unwrap();
    keys.verify(&UnverifiedJws::read(jws).unwrap())
}

#[test]
fn the_signatures_of_the_rfcs_verify() {
    let secret = BASE64_URL_SAFE_NO_PAD.decode(HS256_KEY).unwrap();
    assert!(SharedKey::new(&secret).verify(&UnverifiedJws::read(HS256).unwrap()));
    for jws in [RS256, ES256, EDDSA] {
        assert!(verified(&published(), jws), "{jws}");
        let (message, signature) = jws.rsplit_once('.').unwrap();
        let forged = format!("{message}.{}", signature.replace('g', "h"));
        assert!(!verified(&published(), &forged), "{forged}");
    }
}

#[test]
fn n31_a_public_key_is_not_used_as_a_secret_nor_a_secret_as_a_public_key() {
    let hs256 = UnverifiedJws::read(HS256).unwrap();
    let keys = PublicKeys::lenient(PUBLISHED.as_bytes()).unwrap();
    assert!(!keys.verify(&hs256));
    let oct = json!({ "keys": [{ "kty": "oct", "k": HS256_KEY }] });
    assert_eq!(
        PublicKeys::strict(&oct).unwrap_err(),
        InvalidJwks::Key(1, InvalidJwk::Type)
    );
    let shared = SharedKey::new(&[1; 64]);
    assert!(!shared.verify(&UnverifiedJws::read(ES256).unwrap()));
}

#[test]
fn a_kid_selects_keys_and_a_key_restricts_its_use() {
    let key = |member: &str, value: Value| {
        let mut key = published()[1].clone();
        key[member] = value;
        key
    };
    assert!(
        verified(&[key("kid", json!("a"))], ES256),
        "no kid is asked for"
    );
    assert!(verified(&[key("alg", json!("ES256"))], ES256));
    assert!(verified(&[key("use", json!("sig"))], ES256));
    for (member, value) in [
        ("use", json!("enc")),
        ("alg", json!("RS256")),
        ("alg", json!("ECDH-ES")),
        ("key_ops", json!(["sign"])),
    ] {
        let set = json!({ "keys": [key(member, value)] });
        let unfit = PublicKeys::strict(&set).unwrap_err();
        assert_eq!(unfit, InvalidJwks::Key(1, InvalidJwk::Purpose), "{member}");
    }
    let mut jws_with_kid_a = UnverifiedJws::read(ES256).unwrap();
    jws_with_kid_a.kid = Some("a".to_owned());
    for (kid, valid) in [("a", true), ("b", false), ("", false)] {
        let set = json!({ "keys": [key("kid", json!(kid))] });
        let keys = PublicKeys::strict(&set).unwrap();
        assert_eq!(keys.verify(&jws_with_kid_a), valid, "{kid}");
    }
}

#[test]
fn a_set_is_parsed_strictly_or_without_its_unusable_keys() {
    let mut keys = published();
    keys.push(json!({ "kty": "EC", "crv": "P-521", "x": "AA", "y": "AA" }));
    keys.push(json!({ "kty": "PQ" }));
    keys[2]["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
    let set = json!({ "keys": keys });
    assert_eq!(
        PublicKeys::strict(&set).unwrap_err(),
        InvalidJwks::Key(3, InvalidJwk::Private)
    );
    let fit = PublicKeys::lenient(set.to_string().as_bytes()).unwrap();
    assert!(fit.verify(&UnverifiedJws::read(ES256).unwrap()));
    assert!(
        !fit.verify(&UnverifiedJws::read(EDDSA).unwrap()),
        "its private half was given away"
    );
    for (document, why) in [
        ("[]", InvalidJwks::NoSet),
        ("<html>", InvalidJwks::NoSet),
        (r#"{"keys":[]}"#, InvalidJwks::Empty),
        (
            r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#,
            InvalidJwks::Key(1, InvalidJwk::Weak),
        ),
    ] {
        assert_eq!(PublicKeys::lenient(document.as_bytes()).unwrap_err(), why);
    }
    let many = json!({ "keys": vec![published()[1].clone(); MAX_KEYS + 1] });
    assert_eq!(PublicKeys::strict(&many).unwrap_err(), InvalidJwks::TooMany);
}

proptest! {
    #[test]
    fn any_document_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
        let _ = PublicKeys::lenient(&bytes);
    }

    #[test]
    fn any_members_are_read_or_refused(
        kty in "RSA|EC|OKP|oct|", crv in "P-256|Ed25519|X", n in "[A-Za-z0-9_=-]{0,400}",
        x in "[A-Za-z0-9_-]{43}|.*",
    ) {
        let key = json!({ "kty": kty, "crv": crv, "n": n, "e": "AQAB", "x": x, "y": x });
        if let Ok(keys) = PublicKeys::strict(&json!({ "keys": [key] })) {
            for jws in [RS256, ES256, EDDSA, HS256] {
                prop_assert!(!keys.verify(&UnverifiedJws::read(jws).unwrap()));
            }
        }
    }
}
