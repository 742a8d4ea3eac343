//! Valid assertions, and invalid ones that differ from them in one point.

use super::*;

#[test]
fn an_assertion_is_two_parameters_of_one_known_type() {
    let good = ec(&claims("keyed"));
    assert_eq!(authenticated(None, &good), Ok("→keyed".to_owned()));
    assert_eq!(
        authenticated(None, &format!("{good}&client_id=keyed")),
        Ok("→keyed".to_owned())
    );
    let (typ, jwt) = good.split_once('&').unwrap();
    for half in [typ, jwt] {
        assert_eq!(
            authenticated(None, half),
            Err(ErrorCode::InvalidRequest),
            "{half}"
        );
    }
    let saml = good.replace("jwt-bearer", "saml2-bearer");
    assert_eq!(authenticated(None, &saml), Err(ErrorCode::InvalidClient));
}

#[test]
fn each_kind_of_key_authenticates_only_its_own_client() {
    let ed = |claims: &Value| signed(&Header::new(Algorithm::EdDSA), &KEY_PAIRS.ed, claims);
    let refused = Err(ErrorCode::InvalidClient);
    for (id, with_ec, with_ed, with_secret) in [
        ("keyed", true, true, false),
        ("pinned", false, true, false),
        ("shared", false, false, true),
        ("app", false, false, false),
        ("spa", false, false, false),
        ("nobody", false, false, false),
    ] {
        let expect = |authenticated| {
            if authenticated {
                Ok(format!("→{id}"))
            } else {
                refused.clone()
            }
        };
        let claims = claims(id);
        assert_eq!(authenticated(None, &ec(&claims)), expect(with_ec), "{id}");
        assert_eq!(authenticated(None, &ed(&claims)), expect(with_ed), "{id}");
        assert_eq!(
            authenticated(None, &hs(&claims)),
            expect(with_secret),
            "{id}"
        );
    }
}

#[test]
fn keys_at_a_jwks_uri_are_fetched_to_verify_the_assertion() {
    let form = ec(&claims("elsewhere"));
    let form = Params::parse(form.as_bytes()).unwrap();
    let request = ClientCredentials {
        header: None,
        form: &form,
        audience: &["https://op".to_owned()],
        now: now(),
    };
    let Ok(ClientProof::AwaitsKeys(pending)) = authenticate(&request, &clients()) else {
        panic!("it has to wait for the keys");
    };
    let keys = PublicKeys::strict(&KEY_PAIRS.jwks).unwrap();
    let unspent = pending.verify(&keys).unwrap();
    assert_eq!(unspent.client.id.as_str(), "elsewhere");
    let mut other = KEY_PAIRS.jwks.clone();
    other["keys"].as_array_mut().unwrap().remove(0);
    let other = PublicKeys::strict(&other).unwrap();
    assert!(pending.verify(&other).is_none());
    // No public key is fetched for an HMAC assertion: it must never be the HMAC secret (algorithm
    // confusion; N31, docs/security.md).
    let refused = authenticated(None, &hs(&claims("elsewhere")));
    assert_eq!(refused, Err(ErrorCode::InvalidClient));
}

#[test]
fn n32_the_kid_selects_a_registered_key() {
    let sign = |change: fn(&mut Header)| {
        let mut header = Header::new(Algorithm::ES256);
        change(&mut header);
        authenticated(None, &signed(&header, &KEY_PAIRS.ec, &claims("keyed")))
    };
    assert_eq!(
        sign(|header| header.kid = Some("ec".to_owned())),
        Ok("→keyed".to_owned())
    );
    assert_eq!(
        sign(|header| header.typ = Some("client-authentication+jwt".to_owned())),
        Ok("→keyed".to_owned())
    );
    for change in [
        (|header| header.kid = Some("ed".to_owned())) as fn(&mut Header),
        |header| header.kid = Some("../ec".to_owned()),
        |header| header.typ = Some("logout+jwt".to_owned()),
        |header| header.typ = Some("dpop+jwt".to_owned()),
    ] {
        assert_eq!(sign(change), Err(ErrorCode::InvalidClient));
    }
}

#[test]
fn n41_an_assertion_is_remembered_by_client_and_jti_until_it_expires() {
    let replay_key_and_expiry = |claims: &Value| {
        let form = ec(claims);
        let form = Params::parse(form.as_bytes()).unwrap();
        let request = ClientCredentials {
            header: None,
            form: &form,
            audience: &["https://op".to_owned()],
            now: now(),
        };
        match authenticate(&request, &clients()) {
            Ok(ClientProof::Unspent(unspent)) => (unspent.replay_key, unspent.expires_at),
            other => panic!("{other:?}"),
        }
    };
    let first = replay_key_and_expiry(&claims("keyed"));
    assert_eq!(first.1, now() + TimeDelta::seconds(90));
    let mut same = claims("keyed");
    same["exp"] = json!(now().timestamp() + 100);
    assert_eq!(
        replay_key_and_expiry(&same).0,
        first.0,
        "whatever else it says"
    );
    let mut other = claims("keyed");
    other["jti"] = json!("2");
    assert_ne!(replay_key_and_expiry(&other).0, first.0);
}

#[test]
fn n33_n41_every_claim_is_checked() {
    let at = |seconds: i64| json!(now().timestamp() + seconds);
    let with = |name: &str, value: Value| {
        let mut claims = claims("keyed");
        claims[name] = value;
        authenticated(None, &ec(&claims))
    };
    for (name, value) in [
        ("aud", json!("https://op/token")),
        ("aud", json!(["https://op", "https://op/token"])),
        ("exp", at(-29)),
        ("exp", at(3660)),
        ("exp", json!(1_800_000_000.5)),
        ("nbf", at(60)),
        ("nbf", at(-999_999)),
        ("iat", at(60)),
        ("jti", json!("x".repeat(1000))),
        ("anything", json!({ "else": 1 })),
    ] {
        assert_eq!(
            with(name, value.clone()),
            Ok("→keyed".to_owned()),
            "{name}: {value}"
        );
    }
    for (name, value) in [
        ("iss", json!("app")),
        ("iss", json!("https://op")),
        ("iss", json!(["keyed"])),
        ("sub", json!("app")),
        ("sub", json!(1)),
        ("sub", Value::Null),
        ("aud", json!("https://op/")),
        ("aud", json!("https://evil")),
        ("aud", json!("HTTPS://OP")),
        ("aud", json!("https://op/authorize")),
        ("aud", json!([])),
        ("aud", json!(["https://op", "https://evil"])),
        ("aud", json!([["https://op"]])),
        ("aud", json!({ "https://op": 1 })),
        ("aud", json!("keyed")),
        ("exp", at(-30)),
        ("exp", at(3661)),
        ("exp", json!("1800000060")),
        ("exp", json!(1e300)),
        ("exp", json!(-1)),
        ("exp", json!(u64::MAX)),
        ("exp", json!(true)),
        ("exp", json!([1_800_000_060])),
        ("exp", Value::Null),
        ("nbf", at(61)),
        ("nbf", json!("1")),
        ("nbf", Value::Null),
        ("iat", at(61)),
        ("iat", json!("1")),
        ("jti", json!("")),
        ("jti", json!(1)),
        ("jti", Value::Null),
    ] {
        assert_eq!(
            with(name, value.clone()),
            Err(ErrorCode::InvalidClient),
            "{name}: {value}"
        );
    }
    for name in ["iss", "sub", "aud", "exp", "jti"] {
        let mut claims = claims("keyed");
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(
            authenticated(None, &ec(&claims)),
            Err(ErrorCode::InvalidClient),
            "no {name}"
        );
    }
    for claims in [json!([]), json!("keyed"), json!(null)] {
        assert_eq!(
            authenticated(None, &ec(&claims)),
            Err(ErrorCode::InvalidClient)
        );
    }
}

proptest! {
    #[test]
    fn no_altered_assertion_authenticates_a_client(position in 0_usize..2000, byte in any::<u8>()) {
        let good = ec(&claims("keyed"));
        let (front, jwt) = good.rsplit_once('=').unwrap();
        let mut changed = jwt.as_bytes().to_vec();
        let position = position % changed.len();
        prop_assume!(changed[position] != byte);
        changed[position] = byte;
        let encoded: String = url::form_urlencoded::byte_serialize(&changed).collect();
        let form = format!("{front}={encoded}");
        prop_assert!(authenticated(None, &form).is_err());
    }

    #[test]
    fn no_arbitrary_text_authenticates_a_client(
        text in any::<String>(), head in any::<String>(), body in any::<String>(),
    ) {
        let jwts = [text, format!("{}.{}.{}", BASE64.encode(head), BASE64.encode(body), "AAAA")];
        for jwt in jwts {
            let encoded: String = url::form_urlencoded::byte_serialize(jwt.as_bytes()).collect();
            let form = format!("client_assertion_type={TYPE}&client_assertion={encoded}");
            prop_assert!(authenticated(None, &form).is_err());
        }
    }

    #[test]
    fn any_claims_are_read_or_refused(
        name in "iss|sub|aud|exp|nbf|iat|jti", number in any::<f64>(), text in any::<String>(),
    ) {
        for value in [json!(number), json!(text), json!([text])] {
            let mut claims = claims("keyed");
            claims[&name] = value;
            let _ = authenticated(None, &ec(&claims));
        }
    }
}
