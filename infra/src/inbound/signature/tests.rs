//! The vendors' own examples of signatures, and what must not pass for one.

use super::*;
use crate::inbound::testing::post;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_secs(1_614_265_330);
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &str = "{\"test\": 2432232314}";

fn secrets(texts: &[&str]) -> Vec<Secret> {
    texts.iter().map(|text| Secret::new(*text)).collect()
}
fn signed(id: &str, timestamp: &str, signature: &str, body: &str) -> Knock {
    post("tickets", &[("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature)], body)
}

#[test]
fn githubs_example_is_what_githubs_documentation_says() {
    let hex = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let both = secrets(&["the new one", "It's a Secret to Everybody"]);
    assert!(is_sha256_hex(&both, &[b"Hello, World!"], hex));
    assert!(is_sha256_hex(&both, &[b"Hello, ", b"World!"], &hex.to_uppercase()));
    assert!(!is_sha256_hex(&both[..1], &[b"Hello, World!"], hex));
    for wrong in ["", "75", &hex[..62], &format!("{hex}00"), &hex.replace('7', "6"), "zz", "é"] {
        assert!(!is_sha256_hex(&both, &[b"Hello, World!"], wrong), "{wrong}");
    }
    assert!(!is_sha256_hex(&[], &[b"Hello, World!"], hex));
}

#[test]
fn trellos_signature_is_over_body_and_address() {
    let (body, url) = (&br#"{"hello":"world"}"#[..], &b"https://example.com/webhooks"[..]);
    let secret = secrets(&["secret"]);
    assert!(is_sha1_base64(&secret, &[body, url], "FwPAcuGe9EP/+SbXFWjnEVTa0zw="));
    assert!(!is_sha1_base64(&secret, &[body, b"https://example.com/webhooks/"], "FwPAcuGe9EP/+SbXFWjnEVTa0zw="));
    assert!(!is_sha1_base64(&secret, &[body, url], "FwPAcuGe9EP/+SbXFWjnEVTa0zw"));
}

#[test]
fn the_example_of_standard_webhooks_is_signed_and_verified() {
    let made = sign(&secrets(&[KEY]), ID, NOW, BODY.as_bytes()).unwrap();
    assert_eq!(made.signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_eq!(made.timestamp, "1614265330");
    let knock = signed(ID, "1614265330", &format!("v1a,xyz v1,AAAA {}", made.signature), BODY);
    assert_eq!(signed_id(&knock, &secrets(&[KEY]), NOW), Ok(ID));
}

#[test]
fn either_secret_is_taken_while_they_are_changed() {
    let (old, new) = (KEY, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let by_both = sign(&secrets(&[new, old]), ID, NOW, BODY.as_bytes()).unwrap();
    assert_eq!(by_both.signature.split(' ').count(), 2);
    for known in [&[old][..], &[new], &[new, old]] {
        assert_eq!(signed_id(&signed(ID, &by_both.timestamp, &by_both.signature, BODY), &secrets(known), NOW), Ok(ID));
    }
}

#[test]
fn what_is_old_or_from_the_future_or_touched_is_refused() {
    let Signed { timestamp, signature, .. } = sign(&secrets(&[KEY]), ID, NOW, BODY.as_bytes()).unwrap();
    let heard = |knock: &Knock, seconds: i64| signed_id(knock, &secrets(&[KEY]), Timestamp::from_secs(1_614_265_330 + seconds)).map(str::to_string);
    let right = signed(ID, &timestamp, &signature, BODY);
    assert!(heard(&right, 300).is_ok() && heard(&right, -300).is_ok());
    assert_eq!(heard(&right, 301), Err(KnockRefused::Stale("301 s".into())));
    assert_eq!(heard(&right, -301), Err(KnockRefused::Stale("-301 s".into())));
    for touched in [
        signed("msg_other", &timestamp, &signature, BODY),
        signed(ID, "1614265331", &signature, BODY),
        signed(ID, &timestamp, &signature, "{\"test\": 2432232315}"),
        signed(ID, &timestamp, &signature[3..], BODY),
        signed(ID, &timestamp, "", BODY),
        signed("", &timestamp, &signature, BODY),
        post("tickets", &[("webhook-id", ID), ("webhook-timestamp", &timestamp)], BODY),
    ] {
        assert_eq!(heard(&touched, 0), Err(KnockRefused::BadSignature), "{touched:?}");
    }
}

#[test]
fn the_dots_between_the_signed_parts_cannot_be_moved() {
    let body = r#"x.1614265330.{"type":"ticket.closed"}"#;
    let Signed { timestamp, signature, .. } = sign(&secrets(&[KEY]), "a", NOW, format!("{{{body}").as_bytes()).unwrap();
    let moved = signed(&format!("a.{timestamp}.{{x"), "1614265330", &signature, r#"{"type":"ticket.closed"}"#);
    assert_eq!(signed_id(&moved, &secrets(&[KEY]), NOW), Err(KnockRefused::BadSignature));
}

#[test]
fn a_key_of_another_form_is_ours_to_mend() {
    for bad in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_%%", "whsec_AAAA", "whsec_"] {
        assert_eq!(sign(&secrets(&[bad]), ID, NOW, b""), Err(BadKey::Form), "{bad}");
        let refused = signed_id(&signed(ID, "1614265330", "v1,AAAA", ""), &secrets(&[bad]), NOW).unwrap_err();
        assert!(matches!(&refused, KnockRefused::CannotVerify(why) if !why.contains("MfKQ")), "{refused}");
    }
    assert_eq!(sign(&[], ID, NOW, b""), Err(BadKey::None));
}

#[test]
fn a_secret_is_shown_as_a_bearer_token_or_as_a_password() {
    let both = secrets(&["new", "old"]);
    let shows = |value: &str| is_authorized(&both, &post("alertmanager", &[("authorization", value)], ""));
    let basic = |pair: &str| format!("Basic {}", BASE64_STANDARD.encode(pair));
    for right in ["Bearer new", "bearer old", "Bearer  new ", &basic("anybody:new"), &basic(":old")] {
        assert!(shows(right), "{right}");
    }
    for wrong in
        ["", "new", "Bearer", "Bearer ", "Bearer newer", "Bearer ne", "Digest new", &basic("new"), &basic("new:"), "Basic new", "Basic \u{fc}"]
    {
        assert!(!shows(wrong), "{wrong}");
    }
    assert!(!is_authorized(&both, &post("alertmanager", &[], "")));
    assert!(!is_one_of(&both, "new\0"));
}

proptest! {
    #[test]
    fn what_is_signed_is_verified_and_no_other_secret_does(id in "[a-z0-9_]{1,40}", body in prop::collection::vec(any::<u8>(), 0..200), key in prop::array::uniform32(any::<u8>())) {
        let ours = Secret::new(format!("whsec_{}", BASE64_STANDARD.encode(key)));
        let made = sign(std::slice::from_ref(&ours), &id, NOW, &body).unwrap();
        let knock = post("tickets", &made.headers(), body);
        prop_assert_eq!(signed_id(&knock, &[ours], NOW), Ok(id.as_str()));
        prop_assert_eq!(signed_id(&knock, &secrets(&[KEY]), NOW), Err(KnockRefused::BadSignature));
    }

    #[test]
    fn no_header_field_breaks_the_reading_of_signatures(value in ".{0,100}", body in prop::collection::vec(any::<u8>(), 0..50)) {
        let knock = post("tickets", &[("webhook-id", &value), ("webhook-timestamp", &value), ("webhook-signature", &value), ("authorization", &value)], body.clone());
        prop_assert!(signed_id(&knock, &secrets(&[KEY]), NOW).is_err());
        is_authorized(&secrets(&[KEY]), &knock);
        prop_assert!(!is_sha256_hex(&secrets(&[KEY]), &[&body], &value));
        prop_assert!(!is_sha1_base64(&secrets(&[KEY]), &[&body], &value));
    }
}
