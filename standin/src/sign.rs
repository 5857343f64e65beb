//! Signatures as the services make and check them.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// GitHub and Meta: `sha256=<hex>` over the body.
pub fn sha256_hex(secret: &str, body: &[u8]) -> String {
    let digest = sha256(secret.as_bytes(), body);
    format!("sha256={}", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Trello: base64 over the body and the address that it was sent to.
pub fn sha1_base64(secret: &str, body: &[u8], callback_url: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap_or_else(|_any_length_does| unreachable!());
    mac.update(body);
    mac.update(callback_url.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

/// Standard Webhooks: `v1,<base64>` over `<id>.<timestamp>.<body>`; `None` for a secret that is none.
pub fn standard(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> Option<String> {
    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    Some(format!("v1,{}", BASE64_STANDARD.encode(sha256(&key, &signed))))
}

fn sha256(key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_any_length_does| unreachable!());
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_own_examples_come_out() {
        assert_eq!(
            sha256_hex("It's a Secret to Everybody", b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
        assert_eq!(sha1_base64("secret", br#"{"hello":"world"}"#, "https://example.com/webhooks"), "FwPAcuGe9EP/+SbXFWjnEVTa0zw=");
        let signed = standard("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", br#"{"test": 2432232314}"#);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }
}
