//! The encryption of push messages (RFC 8291, and draft 4 of it for older apps) and the proof of who sends (RFC 8292).

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::base::{Error, Result, Time};

/// The one record of a message: a message is far smaller.
const RECORD: u32 = 4096;

/// The key with which this instance says who it is.
pub struct Vapid(EcdsaKeyPair);

impl Vapid {
    /// A new private key, PKCS #8.
    pub fn generate() -> Result<Vec<u8>> {
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Ok(made.map_err(Error::internal)?.as_ref().to_vec())
    }

    /// Reads a private key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Self).map_err(Error::internal)
    }

    /// The public key, base64url: what apps and push services know this instance by.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key().as_ref())
    }

    /// A signed token for one push service (ES256).
    pub fn proof(&self, audience: &str, subject: &str, until: Time) -> Result<String> {
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({ "aud": audience, "exp": until.seconds(), "sub": subject });
        let signed = format!("{}.{}", part(json!({ "typ": "JWT", "alg": "ES256" })), part(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).map_err(Error::internal)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref())))
    }
}

/// Who a message is for: the app's public key (65 bytes) and its secret (16 bytes).
#[derive(Clone, Copy)]
pub struct Receiver<'a> {
    /// Uncompressed point on P-256.
    pub key: &'a [u8],
    /// The authentication secret.
    pub auth: &'a [u8],
}

/// A message that only its receiver reads.
pub struct Encrypted {
    /// What is sent.
    pub body: Vec<u8>,
    /// The salt.
    pub salt: Vec<u8>,
    /// The public key made for this message.
    pub key: Vec<u8>,
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(prk: &Prk, info: &[u8]) -> Result<[u8; N]> {
    let mut out = [0; N];
    let info = [info];
    let okm = prk.expand(&info, Length(N)).map_err(Error::internal)?;
    okm.fill(&mut out).map_err(Error::internal)?;
    Ok(out)
}

/// A fresh key pair and the secret it shares with the receiver.
fn share(receiver: Receiver<'_>) -> Result<(Vec<u8>, Vec<u8>)> {
    let private = PrivateKey::generate(&ECDH_P256).map_err(Error::internal)?;
    let public = private.compute_public_key().map_err(Error::internal)?.as_ref().to_vec();
    let theirs = UnparsedPublicKey::new(&ECDH_P256, receiver.key);
    let unusable = Error::internal("the key of a push subscription is no point of the curve");
    let secret = agree(&private, theirs, unusable, |secret| Ok(secret.to_vec()))?;
    Ok((public, secret))
}

fn seal(key: &[u8; 16], nonce: [u8; 12], mut plain: Vec<u8>) -> Result<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).map_err(Error::internal)?);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut plain)
        .map_err(Error::internal)?;
    Ok(plain)
}

/// RFC 8291: one record of `aes128gcm` (RFC 8188), with our key in its header.
pub fn encrypt(receiver: Receiver<'_>, message: &[u8], salt: &[u8; 16]) -> Result<Encrypted> {
    let (public, secret) = share(receiver)?;
    let info = [b"WebPush: info\0", receiver.key, &public].concat();
    let material: [u8; 32] = expand(&Salt::new(HKDF_SHA256, receiver.auth).extract(&secret), &info)?;
    let prk = Salt::new(HKDF_SHA256, salt).extract(&material);
    let key: [u8; 16] = expand(&prk, b"Content-Encoding: aes128gcm\0")?;
    let nonce: [u8; 12] = expand(&prk, b"Content-Encoding: nonce\0")?;
    // 2 marks the last record.
    let sealed = seal(&key, nonce, [message, &[2]].concat())?;
    let length = u8::try_from(public.len()).map_err(Error::internal)?;
    let body = [&salt[..], &RECORD.to_be_bytes(), &[length], &public, &sealed].concat();
    Ok(Encrypted { body, salt: salt.to_vec(), key: public })
}

/// Draft 4 (`aesgcm`): salt and key travel in headers.
pub fn encrypt_draft(receiver: Receiver<'_>, message: &[u8], salt: &[u8; 16]) -> Result<Encrypted> {
    let (public, secret) = share(receiver)?;
    let auth = Salt::new(HKDF_SHA256, receiver.auth).extract(&secret);
    let material: [u8; 32] = expand(&auth, b"Content-Encoding: auth\0")?;
    let context = [&b"P-256\0\0\x41"[..], receiver.key, &[0, 0x41], &public].concat();
    let prk = Salt::new(HKDF_SHA256, salt).extract(&material);
    let key: [u8; 16] = expand(&prk, &[&b"Content-Encoding: aesgcm\0"[..], &context].concat())?;
    let nonce: [u8; 12] = expand(&prk, &[&b"Content-Encoding: nonce\0"[..], &context].concat())?;
    // Two bytes tell how much padding there is: none.
    let body = seal(&key, nonce, [&[0, 0], message].concat())?;
    Ok(Encrypted { body, salt: salt.to_vec(), key: public })
}
