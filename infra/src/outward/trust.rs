//! Whom to trust over TLS: whom the operating system trusts, checked by ring.

use rustls::{ClientConfig, Error, RootCertStore, crypto::ring};
use std::sync::Arc;

pub fn client_config() -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for cause in &found.errors {
        tracing::warn!(%cause, "some of whom the operating system trusts cannot be read: {cause}");
    }
    let (_taken, left_out) = roots.add_parsable_certificates(found.certs);
    if left_out > 0 {
        tracing::warn!(left_out, "{left_out} certificates of the operating system cannot be used");
    }
    if roots.is_empty() {
        // Plain http inside a plant works all the same.
        tracing::warn!("the operating system trusts nobody, so nothing is reached over https; install its certificates (ca-certificates)");
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
