//! Whom to trust, for a connection to a broker over TLS.

use super::Tls;
use rumqttc::tokio_rustls::rustls::{
    ClientConfig, Error, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem, pem::PemObject},
};
use std::{path::PathBuf, sync::Arc};
use thiserror::Error as ErrorOf;

#[derive(Debug, ErrorOf)]
pub enum TrustError {
    #[error("{} cannot be used, it must hold certificates in PEM", file.display())]
    File {
        file: PathBuf,
        #[source]
        cause: pem::Error,
    },
    #[error("{} holds a certificate that cannot be trusted", file.display())]
    Certificate {
        file: PathBuf,
        #[source]
        cause: Error,
    },
    #[error("the operating system trusts nobody; set mqtt.ca_file")]
    Nobody,
    #[error("TLS cannot be used")]
    Tls(#[source] Error),
}

pub fn client_config(tls: &Tls) -> Result<Arc<ClientConfig>, TrustError> {
    let mut roots = RootCertStore::empty();
    match &tls.ca_file {
        Some(file) => {
            let unreadable = |cause| TrustError::File { file: file.clone(), cause };
            for certificate in CertificateDer::pem_file_iter(file).map_err(unreadable)? {
                let certificate = certificate.map_err(unreadable)?;
                roots.add(certificate).map_err(|cause| TrustError::Certificate { file: file.clone(), cause })?;
            }
            if roots.is_empty() {
                return Err(unreadable(pem::Error::NoItemsFound));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(TrustError::Nobody);
            }
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    Ok(Arc::new(builder.map_err(TrustError::Tls)?.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        for content in [None, Some(""), Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")] {
            if let Some(content) = content {
                std::fs::write(&file, content).unwrap();
            }
            let refused = client_config(&Tls { ca_file: Some(file.clone()) }).err().unwrap();
            assert!(refused.to_string().contains("ca.pem"), "{refused}");
        }
    }
}
