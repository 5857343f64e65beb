//! Whom to trust and who we are, for a connection to a broker over TLS. The provider is ring, as everywhere in the program.

use super::broker::{Tls, read};
use crate::protocol::CannotConnect;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{fmt::Display, path::Path, sync::Arc};

pub(super) async fn client_config(tls: &Tls) -> Result<Arc<ClientConfig>, CannotConnect> {
    let roots = match &tls.ca_file {
        Some(file) => roots_in(file).await?,
        None => roots_of_the_system()?,
    };
    let unusable = |cause: rustls::Error| CannotConnect(format!("TLS cannot be used: {cause}"));
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let builder = builder.map_err(unusable)?.with_root_certificates(roots);
    let config = match (&tls.certificate_file, &tls.key_file) {
        (Some(certificates), Some(key)) => {
            let chain = certificates_in("tls.certificate_file", certificates).await?;
            let secret = read("tls.key_file", key).await?;
            let secret = PrivateKeyDer::from_pem_slice(&secret).map_err(|cause| no_pem("tls.key_file", key, &cause))?;
            builder.with_client_auth_cert(chain, secret).map_err(unusable)?
        }
        _ => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

async fn roots_in(file: &Path) -> Result<RootCertStore, CannotConnect> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates_in("tls.ca_file", file).await? {
        roots.add(certificate).map_err(|cause| no_pem("tls.ca_file", file, &cause))?;
    }
    Ok(roots)
}

fn roots_of_the_system() -> Result<RootCertStore, CannotConnect> {
    let mut roots = RootCertStore::empty();
    let (added, _not_understood) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        return Err(CannotConnect("the operating system trusts nobody; name a tls.ca_file".into()));
    }
    Ok(roots)
}

async fn certificates_in(key: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, CannotConnect> {
    let bytes = read(key, file).await?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let certificates = certificates.map_err(|cause| no_pem(key, file, &cause))?;
    if certificates.is_empty() {
        return Err(no_pem(key, file, &"there is no certificate in it"));
    }
    Ok(certificates)
}

fn no_pem(key: &str, file: &Path, cause: &dyn Display) -> CannotConnect {
    CannotConnect(format!("{key} {} cannot be used, it must be PEM: {cause}", file.display()))
}
