//! How the command line reaches the program that runs here: over TLS where it speaks TLS, and then only if it shows the configured certificate.

use crate::settings::Settings;
use anyhow::{Context, Result};
use reqwest::{Certificate, Client};
use std::{fs, time::Duration};

/// A client and what paths are put behind.
pub fn reach(settings: &Settings, patience: Duration) -> Result<(Client, String)> {
    let http = &settings.http;
    let mut client = Client::builder().timeout(patience);
    if let Some([certificate, _]) = http.tls() {
        let pem = fs::read(certificate).with_context(|| format!("could not read {}, which `http.tls_certificate` names", certificate.display()))?;
        let chain = Certificate::from_pem_bundle(&pem).with_context(|| format!("{} is no certificate in PEM", certificate.display()))?;
        client = chain.into_iter().fold(client, reqwest::ClientBuilder::add_root_certificate);
        client = client.resolve(http.name(), http.listen);
    }
    Ok((client.build().context("could not make an HTTP client")?, http.url(http.listen)))
}
