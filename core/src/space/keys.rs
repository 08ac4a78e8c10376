//! Secrets, kept as seeds that zeroize and print nothing.

use clinic_api::crypto::Signature;
use clinic_api::id::{DeviceId, MemberId};
use clinic_api::member::{DeviceKeys, KitKeys, root_id, team_id};
use ring::signature::{Ed25519KeyPair, KeyPair};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{SpaceError, wrap};
use crate::env::Env;

/// 32 secret bytes: the seed of a key pair, or a symmetric key.
///
/// They stand in one place, which is wiped: moving a seed moves no bytes, so none stay on a
/// stack.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed(Box<[u8; 32]>);

impl Seed {
    /// Takes bytes as a secret.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Box::new(bytes))
    }

    /// A fresh random secret.
    pub fn random(env: &Env) -> Self {
        Self::filled(|bytes| env.fill(bytes))
    }

    /// A secret that is written where it stays.
    pub(crate) fn filled(fill: impl FnOnce(&mut [u8])) -> Self {
        let mut seed = Self(Box::new([0; 32]));
        fill(seed.0.as_mut_slice());
        seed
    }

    /// The bytes, for the call that needs them; never keep a copy.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl TryFrom<&[u8]> for Seed {
    type Error = SpaceError;
    fn try_from(bytes: &[u8]) -> Result<Self, SpaceError> {
        if bytes.len() == 32 {
            Ok(Self::filled(|to| to.copy_from_slice(bytes)))
        } else {
            Err(SpaceError::BadKey)
        }
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// An Ed25519 key (RFC 8032), as its seed.
#[derive(Clone, Debug)]
pub struct SigningSeed {
    seed: Seed,
    public: [u8; 32],
}

impl SigningSeed {
    /// The key of a seed.
    ///
    /// # Errors
    /// [`SpaceError::BadKey`]: never for 32 bytes; kept because the library may refuse.
    pub fn new(seed: Seed) -> Result<Self, SpaceError> {
        let mut public = [0; 32];
        public.copy_from_slice(pair(&seed)?.public_key().as_ref());
        Ok(Self { seed, public })
    }

    /// The public key.
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The seed.
    pub fn seed(&self) -> &Seed {
        &self.seed
    }

    /// Signs bytes.
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        let mut signature = [0; 64];
        // The seed made a pair in `new`, so it does again.
        if let Ok(pair) = pair(&self.seed) {
            signature.copy_from_slice(pair.sign(bytes).as_ref());
        }
        signature
    }
}

fn pair(seed: &Seed) -> Result<Ed25519KeyPair, SpaceError> {
    Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(|_| SpaceError::BadKey)
}

/// A device's or workstation's three secret keys.
#[derive(Clone, Debug)]
pub struct DeviceSecrets {
    log: SigningSeed,
    request: SigningSeed,
    kem: Seed,
    keys: DeviceKeys,
    id: DeviceId,
}

impl DeviceSecrets {
    /// A new device's keys.
    ///
    /// # Errors
    /// [`SpaceError::BadKey`] if the library refuses a random seed.
    pub fn generate(env: &Env) -> Result<Self, SpaceError> {
        Self::from_seeds(Seed::random(env), Seed::random(env), Seed::random(env))
    }

    /// The keys of three seeds, as the vault kept them.
    ///
    /// # Errors
    /// [`SpaceError::BadKey`] if they are none.
    pub fn from_seeds(log: Seed, request: Seed, kem: Seed) -> Result<Self, SpaceError> {
        let (log, request) = (SigningSeed::new(log)?, SigningSeed::new(request)?);
        let keys = DeviceKeys {
            log: *log.public(),
            request: *request.public(),
            kem: wrap::public_key(&kem)?,
        };
        let id = keys.id();
        Ok(Self {
            log,
            request,
            kem,
            keys,
            id,
        })
    }

    /// The device that these keys are.
    pub fn id(&self) -> DeviceId {
        self.id
    }

    /// The public keys.
    pub fn keys(&self) -> &DeviceKeys {
        &self.keys
    }

    /// Signs heads and statements.
    pub fn log(&self) -> &SigningSeed {
        &self.log
    }

    /// Signs requests.
    pub fn request(&self) -> &SigningSeed {
        &self.request
    }

    /// Opens what is wrapped to this device.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            id: self.id.into(),
            kem: &self.kem,
        }
    }

    /// The seeds of log, request and KEM key, to be kept in the vault and nowhere else.
    pub fn seeds(&self) -> [&Seed; 3] {
        [self.log.seed(), self.request.seed(), &self.kem]
    }
}

/// A recovery kit's secret: 256 bits, from which both its keys derive.
#[derive(Clone, Debug)]
pub struct KitSecret {
    sign: SigningSeed,
    kem: Seed,
    keys: KitKeys,
}

impl KitSecret {
    /// The kit of a secret.
    ///
    /// # Errors
    /// [`SpaceError::BadKey`] if the library refuses a derived seed.
    pub fn new(secret: &Seed) -> Result<Self, SpaceError> {
        let sign = SigningSeed::new(super::kdf::derive(secret.expose(), &[], "kit sign", &[]))?;
        let kem = super::kdf::derive(secret.expose(), &[], "kit kem", &[]);
        let keys = KitKeys {
            sign: *sign.public(),
            kem: wrap::public_key(&kem)?,
        };
        Ok(Self { sign, kem, keys })
    }

    /// The public keys.
    pub fn keys(&self) -> &KitKeys {
        &self.keys
    }

    /// Signs statements.
    pub fn sign(&self) -> &SigningSeed {
        &self.sign
    }

    /// Opens what is wrapped to the kit.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            id: self.keys.id(),
            kem: &self.kem,
        }
    }
}

/// A clinic's root key.
#[derive(Clone, Debug)]
pub struct RootSecret(SigningSeed);

impl RootSecret {
    /// The root of a seed.
    ///
    /// # Errors
    /// [`SpaceError::BadKey`] if the library refuses it.
    pub fn new(seed: Seed) -> Result<Self, SpaceError> {
        SigningSeed::new(seed).map(Self)
    }

    /// Signs the roster.
    pub fn sign(&self) -> &SigningSeed {
        &self.0
    }

    /// Its fingerprint.
    pub fn id(&self) -> MemberId {
        root_id(self.0.public())
    }
}

/// A team's secret key of one generation.
#[derive(Clone, Debug)]
pub struct TeamSecret {
    kem: Seed,
    public: Vec<u8>,
    id: MemberId,
}

impl TeamSecret {
    /// The team key of a seed.
    ///
    /// # Errors
    /// [`SpaceError::BadKey`] if the library refuses it.
    pub fn new(kem: Seed) -> Result<Self, SpaceError> {
        let public = wrap::public_key(&kem)?;
        let id = team_id(&public);
        Ok(Self { kem, public, id })
    }

    /// The public key.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// Who it is as a recipient.
    pub fn id(&self) -> MemberId {
        self.id
    }

    /// The seed.
    pub fn seed(&self) -> &Seed {
        &self.kem
    }

    /// Opens what is wrapped to the team.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            id: self.id,
            kem: &self.kem,
        }
    }
}

/// Somebody to whom keys are wrapped, with the secret that opens them.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// As whom wraps name it.
    pub id: MemberId,
    pub(super) kem: &'a Seed,
}
