use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
    RSA_PKCS1_SHA256, UnparsedPublicKey,
};

use super::{base58, pem};
use crate::base::{Error, Result};

/// Multicodec prefix of an Ed25519 public key, as an unsigned varint.
const ED25519_PUB: [u8; 2] = [0xed, 0x01];
/// What an Ed25519 SubjectPublicKeyInfo begins with (RFC 8410 §4).
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The least bytes that a SubjectPublicKeyInfo of 2048 bits of RSA takes.
const RSA_2048_SPKI: usize = 290;
/// Object identifier 1.3.101.112 in DER.
const ED25519_OID: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];

/// A private key with its public half: RSA signs requests, Ed25519 signs objects.
pub enum KeyPair {
    /// RSA, 2048 to 8192 bits; signs by RSASSA-PKCS1-v1_5 with SHA-256.
    Rsa(Box<aws_lc_rs::rsa::KeyPair>),
    /// Ed25519 (RFC 8032).
    Ed25519(Box<Ed25519KeyPair>),
}

impl std::fmt::Debug for KeyPair {
    /// Names the kind and nothing of the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Rsa(_) => "KeyPair::Rsa(..)",
            Self::Ed25519(_) => "KeyPair::Ed25519(..)",
        })
    }
}

impl KeyPair {
    /// A new RSA key of 2048 bits. Takes about 100 ms of CPU: keep it off requests and off the async runtime.
    pub fn generate_rsa() -> Result<Self> {
        let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).map_err(|e| crypto("generate", e))?;
        Ok(Self::Rsa(Box::new(pair)))
    }

    /// A new Ed25519 key.
    pub fn generate_ed25519() -> Result<Self> {
        Ok(Self::Ed25519(Box::new(Ed25519KeyPair::generate().map_err(|e| crypto("generate", e))?)))
    }

    /// Reads PKCS#8 (RFC 5208) in DER, as [`KeyPair::to_pkcs8_der`] writes it.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self> {
        // The algorithm's identifier stands within the first bytes, before the key itself.
        let head = &der[..der.len().min(24)];
        if head.windows(ED25519_OID.len()).any(|w| w == ED25519_OID) {
            let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|e| crypto("read", e))?;
            return Ok(Self::Ed25519(Box::new(pair)));
        }
        let pair = aws_lc_rs::rsa::KeyPair::from_pkcs8(der).map_err(|e| crypto("read", e))?;
        Ok(Self::Rsa(Box::new(pair)))
    }

    /// Reads PKCS#8 in PEM (`BEGIN PRIVATE KEY`).
    pub fn from_pkcs8_pem(text: &str) -> Result<Self> {
        let (_, der) = pem::decode(text).ok_or_else(|| Error::internal("private key is not PEM"))?;
        Self::from_pkcs8_der(&der)
    }

    /// An Ed25519 key from its 32 bytes of secret.
    pub fn ed25519_from_seed(seed: &[u8; 32]) -> Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|e| crypto("read", e))?;
        Ok(Self::Ed25519(Box::new(pair)))
    }

    /// PKCS#8 in DER. Secret: encrypt it before it is stored.
    pub fn to_pkcs8_der(&self) -> Result<Vec<u8>> {
        match self {
            Self::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|e| crypto("write", e))?;
                Ok(der.as_ref().to_vec())
            }
            Self::Ed25519(pair) => Ok(pair.to_pkcs8v1().map_err(|e| crypto("write", e))?.as_ref().to_vec()),
        }
    }

    /// PKCS#8 in PEM. Secret.
    pub fn to_pkcs8_pem(&self) -> Result<String> {
        Ok(pem::encode("PRIVATE KEY", &self.to_pkcs8_der()?))
    }

    /// The public half as `publicKeyPem` carries it: SubjectPublicKeyInfo in PEM.
    pub fn public_pem(&self) -> Result<String> {
        Ok(pem::encode("PUBLIC KEY", &self.public_spki()?))
    }

    /// The public half, to verify with.
    pub fn public(&self) -> Result<PublicKey> {
        PublicKey::from_der(&self.public_spki()?).ok_or_else(|| Error::internal("own public key cannot be read"))
    }

    /// The public half as `publicKeyMultibase` of a Multikey (FEP-521a); Ed25519 only.
    pub fn public_multibase(&self) -> Option<String> {
        match self {
            Self::Rsa(_) => None,
            Self::Ed25519(pair) => Some(base58::encode(&[&ED25519_PUB[..], pair.public_key().as_ref()].concat())),
        }
    }

    /// Signs a message: RSASSA-PKCS1-v1_5 with SHA-256, or Ed25519.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .map_err(|e| crypto("sign", e))?;
                Ok(signature)
            }
            Self::Ed25519(pair) => Ok(pair.try_sign(message).map_err(|e| crypto("sign", e))?.as_ref().to_vec()),
        }
    }

    fn public_spki(&self) -> Result<Vec<u8>> {
        match self {
            Self::Rsa(pair) => {
                let der: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|e| crypto("write", e))?;
                Ok(der.as_ref().to_vec())
            }
            Self::Ed25519(pair) => Ok([&ED25519_SPKI[..], pair.public_key().as_ref()].concat()),
        }
    }
}

fn crypto(what: &str, error: impl std::fmt::Display) -> Error {
    Error::internal(format!("could not {what} a key: {error}"))
}

/// Somebody's public key, parsed once. Cheap to clone: keep it in a cache.
#[derive(Clone)]
pub struct PublicKey {
    kind: KeyKind,
    key: Arc<ParsedPublicKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyKind {
    Rsa,
    Ed25519,
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey::{:?}(..)", self.kind)
    }
}

impl PublicKey {
    /// Reads `publicKeyPem`: SubjectPublicKeyInfo (`BEGIN PUBLIC KEY`) of RSA or Ed25519, or PKCS#1
    /// (`BEGIN RSA PUBLIC KEY`, as Mobilizon sends). Nothing if it is none of these, or RSA of less than 2048 bits.
    pub fn from_pem(text: &str) -> Option<Self> {
        let (label, der) = pem::decode(text)?;
        // Some servers write the one label and mean the other, so the bytes decide.
        matches!(label.as_str(), "PUBLIC KEY" | "RSA PUBLIC KEY").then(|| Self::from_der(&der))?
    }

    /// Reads the bytes of a key: SubjectPublicKeyInfo, or PKCS#1 for RSA.
    pub fn from_der(der: &[u8]) -> Option<Self> {
        if let Some(raw) = der.strip_prefix(&ED25519_SPKI) {
            return Self::from_ed25519(raw);
        }
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).ok()?;
        // Verifying refuses shorter keys; better to say so when the key is read.
        let spki: PublicKeyX509Der<'_> = key.as_der().ok()?;
        (spki.as_ref().len() >= RSA_2048_SPKI).then_some(())?;
        Some(Self { kind: KeyKind::Rsa, key: Arc::new(key) })
    }

    /// Reads `publicKeyMultibase` of a Multikey: base58btc of an Ed25519 key.
    pub fn from_multibase(text: &str) -> Option<Self> {
        Self::from_ed25519(base58::decode(text)?.strip_prefix(&ED25519_PUB)?)
    }

    fn from_ed25519(raw: &[u8]) -> Option<Self> {
        let raw: &[u8; 32] = raw.try_into().ok()?;
        let key = ParsedPublicKey::new(&ED25519, raw).ok()?;
        Some(Self { kind: KeyKind::Ed25519, key: Arc::new(key) })
    }

    /// The key as SubjectPublicKeyInfo in PEM, for the store.
    pub fn to_pem(&self) -> Result<String> {
        let der: PublicKeyX509Der<'_> = self.key.as_der().map_err(|e| crypto("write", e))?;
        Ok(pem::encode("PUBLIC KEY", der.as_ref()))
    }

    /// Whether this is an Ed25519 key, the kind that object proofs need.
    pub fn is_ed25519(&self) -> bool {
        self.kind == KeyKind::Ed25519
    }

    /// Whether the signature is of this message by this key: PKCS#1 v1.5 with SHA-256, or Ed25519.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }

    /// As [`PublicKey::verifies`] with SHA-512, which `hs2019` may mean too. Never true for Ed25519.
    pub(super) fn verifies_sha512(&self, message: &[u8], signature: &[u8]) -> bool {
        self.kind == KeyKind::Rsa
            && UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA512, self.key.as_ref().as_ref())
                .verify(message, signature)
                .is_ok()
    }
}
