use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::base::{Error, Result};

/// The machine's certificate authorities, read once per process: reading them takes tens of milliseconds.
fn native_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "a certificate authority of this machine could not be read");
        }
        let mut roots = RootCertStore::empty();
        let (added, ignored) = roots.add_parsable_certificates(found.certs);
        tracing::debug!(added, ignored, "certificate authorities read");
        roots
    })
}

/// TLS 1.2 and 1.3 on aws-lc-rs, trusting the machine's authorities and those in `extra_ca` (PEM).
pub(super) fn client_config(extra_ca: Option<&[u8]>) -> Result<ClientConfig> {
    let mut roots = native_roots().clone();
    if let Some(pem) = extra_ca {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|e| Error::internal(format!("extra_ca: {e}")))?;
            roots.add(certificate).map_err(|e| Error::internal(format!("extra_ca: {e}")))?;
        }
        if roots.len() == before {
            return Err(Error::internal("extra_ca holds no certificate"));
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::internal)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
