//! The patient chain: a person's devices, recovery kit and clinic.

use minicbor::{Decode, Encode};

use super::{Body, ChainError, ChainKind, Signed, Tip};
use crate::crypto::{self, Signature};
use crate::id::{ChainId, DeviceId, HeadHash, LogId, MemberId, SpaceId, StatementHash};
use crate::limits;
use crate::member::{DeviceKeys, KitKeys, kem_well_formed};
use crate::space::SpaceKind;
use crate::wire::bytes_array;

/// The clinic that a patient is with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ClinicRef {
    /// The clinic's roster.
    #[n(0)]
    pub roster: ChainId,
    /// The fingerprint of its root key.
    #[n(1)]
    pub root: MemberId,
}

/// The last head that counts of a log whose device is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LastHead {
    /// The space of the log.
    #[n(0)]
    pub space: SpaceId,
    /// The log.
    #[n(1)]
    pub log: LogId,
    /// The number of the head.
    #[n(2)]
    pub beat: u64,
    /// The head.
    #[n(3)]
    pub head: HeadHash,
}

impl LastHead {
    /// Whether a head of a log is this one or before it.
    ///
    /// A head of this number with another hash is not: it is of another branch.
    /// The space is not compared; a log is of one.
    pub fn covers(&self, log: LogId, beat: u64, head: HeadHash) -> bool {
        self.log == log && (beat < self.beat || (beat == self.beat && head == self.head))
    }
}

/// What a statement of the patient chain changes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum PatientStep {
    /// The first statement: the first device, by itself.
    #[n(0)]
    Founded {
        /// The first device.
        #[n(0)]
        device: DeviceKeys,
        /// 16 random bytes: two chains never have one first hash.
        #[n(1)]
        #[cbor(with = "bytes_array")]
        nonce: [u8; 16],
    },
    /// The patient is with this clinic from here on.
    #[n(1)]
    ClinicJoined {
        /// The clinic.
        #[n(0)]
        clinic: ClinicRef,
    },
    /// Another device of the patient.
    #[n(2)]
    DeviceAdded {
        /// The new device.
        #[n(0)]
        device: DeviceKeys,
        /// By the new device's log key, over chain and statement before: it wants to be here.
        #[n(1)]
        #[cbor(with = "bytes_array")]
        consent: Signature,
    },
    /// A device is out; what it wrote beyond these heads does not count. Never the
    /// last of all devices and kits.
    #[n(3)]
    DeviceRemoved {
        /// The device.
        #[n(0)]
        device: DeviceId,
        /// The last head that counts of each of its logs; of a log that is not
        /// named, nothing counts.
        #[n(1)]
        heads: Vec<LastHead>,
    },
    /// A recovery kit is in place; it replaces an earlier one.
    #[n(4)]
    KitAdopted {
        /// The kit.
        #[n(0)]
        kit: KitKeys,
        /// By the kit, over chain and statement before.
        #[n(1)]
        #[cbor(with = "bytes_array")]
        consent: Signature,
    },
    /// The kit is shut out of new epochs; refused while no device is in.
    #[n(5)]
    KitRetired {
        /// The kit.
        #[n(0)]
        kit: MemberId,
    },
}

/// The label of a new device's or kit's consent; parts: chain, previous statement, its id.
pub const CONSENT: &str = "patient consent";

/// A device, and when it was in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRecord {
    /// Its name.
    pub id: DeviceId,
    /// Its keys.
    pub keys: DeviceKeys,
    /// The statement that brought it in.
    pub added: u64,
    /// The statement that removed it, with the heads that still count.
    pub removed: Option<(u64, Vec<LastHead>)>,
}

/// A recovery kit that is or was in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitRecord {
    /// Its name.
    pub id: MemberId,
    /// Its keys.
    pub keys: KitKeys,
    /// By which statement it was adopted.
    pub adopted: u64,
    /// By which statement it was retired, or another one took its place.
    pub retired: Option<u64>,
}

/// A verified patient chain. Made only by verifying statements from the first on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientChain {
    hashes: Vec<StatementHash>,
    stated: Vec<i64>,
    devices: Vec<DeviceRecord>,
    kits: Vec<KitRecord>,
    clinics: Vec<(u64, ClinicRef)>,
}

impl PatientChain {
    /// Verifies a first statement.
    ///
    /// # Errors
    /// [`ChainError`]: there is no such chain.
    pub fn found(first: &Signed) -> Result<Self, ChainError> {
        let body: Body<PatientStep> = first.body_after(ChainKind::Patient, None)?;
        let PatientStep::Founded { device, .. } = body.step else {
            return Err(ChainError::Rule("the first statement founds the chain"));
        };
        let id = checked_device(&device)?;
        if body.signer != id.into() {
            return Err(ChainError::NotAllowed);
        }
        if !first.signed_by(ChainKind::Patient, &device.log) {
            return Err(ChainError::BadSignature);
        }
        Ok(Self {
            hashes: vec![first.hash()],
            stated: vec![body.at],
            devices: vec![DeviceRecord {
                id,
                keys: device,
                added: 0,
                removed: None,
            }],
            kits: Vec::new(),
            clinics: Vec::new(),
        })
    }

    /// Verifies the next statement and takes it in.
    ///
    /// # Errors
    /// [`ChainError`]: refuse it; the chain is as before.
    pub fn append(&mut self, next: &Signed) -> Result<(), ChainError> {
        let tip = self.tip();
        let body: Body<PatientStep> = next.body_after(ChainKind::Patient, Some(tip))?;
        let key = self
            .signing_key(body.signer, tip.number)
            .ok_or(ChainError::NotAllowed)?;
        if !next.signed_by(ChainKind::Patient, &key) {
            return Err(ChainError::BadSignature);
        }
        let number = body.number;
        let consented = |key: &[u8; 32], id: &[u8], consent: &Signature| {
            if crypto::verify(key, CONSENT, &[&self.id().0, &tip.hash.0, id], consent) {
                Ok(())
            } else {
                Err(ChainError::Rule("the new member did not consent"))
            }
        };
        match body.step {
            PatientStep::Founded { .. } => {
                return Err(ChainError::Rule("a chain is founded once"));
            }
            PatientStep::ClinicJoined { clinic } => self.clinics.push((number, clinic)),
            PatientStep::DeviceAdded { device, consent } => {
                let id = checked_device(&device)?;
                if self.devices.iter().any(|d| d.id == id) {
                    return Err(ChainError::Rule("a device joins once"));
                }
                let tip = tip.number;
                let present = self.devices.iter().filter(|d| d.present(tip)).count();
                if present >= limits::DEVICES || self.devices.len() >= limits::DEVICES_EVER {
                    return Err(ChainError::Rule("more devices than a person has"));
                }
                consented(&device.log, &id.0, &consent)?;
                self.devices.push(DeviceRecord {
                    id,
                    keys: device,
                    added: number,
                    removed: None,
                });
            }
            PatientStep::DeviceRemoved { device, heads } => {
                self.check_last_heads(&heads)?;
                self.check_not_last(device.into(), tip.number)?;
                let record = self
                    .devices
                    .iter_mut()
                    .find(|d| d.id == device && d.removed.is_none())
                    .ok_or(ChainError::Rule("no such device is in"))?;
                record.removed = Some((number, heads));
            }
            PatientStep::KitAdopted { kit, consent } => {
                if !kem_well_formed(&kit.kem) {
                    return Err(ChainError::Rule("kit keys of the wrong shape"));
                }
                let id = kit.id();
                if self.kits.iter().any(|k| k.id == id) {
                    return Err(ChainError::Rule("a kit is adopted once"));
                }
                consented(&kit.sign, &id.0, &consent)?;
                for old in self.kits.iter_mut().filter(|k| k.retired.is_none()) {
                    old.retired = Some(number);
                }
                self.kits.push(KitRecord {
                    id,
                    keys: kit,
                    adopted: number,
                    retired: None,
                });
            }
            PatientStep::KitRetired { kit } => {
                self.check_not_last(kit, tip.number)?;
                let record = self
                    .kits
                    .iter_mut()
                    .find(|k| k.id == kit && k.retired.is_none())
                    .ok_or(ChainError::Rule("no such kit is in"))?;
                record.retired = Some(number);
            }
        }
        self.hashes.push(next.hash());
        self.stated.push(body.at);
        Ok(())
    }

    /// A chain without members could never say anything again, nor its spaces have an epoch.
    fn check_not_last(&self, out: MemberId, number: u64) -> Result<(), ChainError> {
        if self.recipients_at(number).iter().any(|(id, _)| *id != out) {
            Ok(())
        } else {
            Err(ChainError::Rule("a chain keeps a device or a kit"))
        }
    }

    fn check_last_heads(&self, heads: &[LastHead]) -> Result<(), ChainError> {
        let spaces = SpaceKind::OF_PATIENT.map(|kind| self.space(kind));
        if !heads.iter().all(|h| spaces.contains(&h.space)) {
            return Err(ChainError::Rule("last heads of the patient's own spaces"));
        }
        let mut logs: Vec<LogId> = heads.iter().map(|h| h.log).collect();
        logs.sort_unstable();
        logs.dedup();
        if logs.len() == heads.len() {
            Ok(())
        } else {
            Err(ChainError::Rule("one last head for a log"))
        }
    }

    /// The chain's name: the hash of its first statement.
    pub fn id(&self) -> ChainId {
        self.hashes.first().map_or(ChainId([0; 32]), |&h| h.into())
    }

    /// Where it ends.
    pub fn tip(&self) -> Tip {
        super::statement::tip_of(&self.hashes)
    }

    /// The number of the statement with that hash, if it is in this chain.
    pub fn number_of(&self, hash: StatementHash) -> Option<u64> {
        super::statement::number_of(&self.hashes, hash)
    }

    /// One of the patient's spaces.
    pub fn space(&self, kind: SpaceKind) -> SpaceId {
        kind.id(self.id())
    }

    /// The clinic that the patient was with after statement `number`.
    pub fn clinic_at(&self, number: u64) -> Option<ClinicRef> {
        self.clinics
            .iter()
            .rev()
            .find(|(n, _)| *n <= number)
            .map(|(_, c)| *c)
    }

    /// When a statement was made, by its signer's clock, in milliseconds since 1970.
    pub fn stated_ms(&self, number: u64) -> Option<i64> {
        self.stated.get(usize::try_from(number).ok()?).copied()
    }

    /// Every recovery kit that ever was in, in the order of adoption.
    pub fn kits(&self) -> &[KitRecord] {
        &self.kits
    }

    /// The recovery kit that is in; none before the first, and after one was retired.
    pub fn kit(&self) -> Option<&KitRecord> {
        self.kits.iter().find(|k| k.retired.is_none())
    }

    /// Every device and every kit that ever was in.
    pub fn members(&self) -> impl Iterator<Item = MemberId> {
        let devices = self.devices.iter().map(|d| MemberId::from(d.id));
        devices.chain(self.kits.iter().map(|k| k.id))
    }

    /// Every device that ever was in, in the order of joining.
    pub fn devices(&self) -> &[DeviceRecord] {
        &self.devices
    }

    /// A device, whether still in or not.
    pub fn device(&self, id: DeviceId) -> Option<&DeviceRecord> {
        self.devices.iter().find(|d| d.id == id)
    }

    /// Whether a head of a device's log counts: one that is in, or not beyond the
    /// last head that its removal named.
    pub fn counts(&self, device: DeviceId, log: LogId, beat: u64, head: HeadHash) -> bool {
        let removed = self.device(device).and_then(|d| d.removed.as_ref());
        let within = |last: &LastHead| last.covers(log, beat, head);
        removed.is_none_or(|(_, heads)| heads.iter().any(within))
    }

    /// Whether a device was in after statement `number`.
    pub fn device_in(&self, id: DeviceId, number: u64) -> bool {
        self.device(id).is_some_and(|d| d.present(number))
    }

    /// Who is to receive the key of an epoch that cites statement `number`:
    /// devices and kit, each with its KEM key.
    pub fn recipients_at(&self, number: u64) -> Vec<(MemberId, &[u8])> {
        let devices = self
            .devices
            .iter()
            .filter(|d| d.present(number))
            .map(|d| (MemberId::from(d.id), d.keys.kem.as_slice()));
        let kits = self
            .kits
            .iter()
            .filter(|k| k.present(number))
            .map(|k| (k.id, k.keys.kem.as_slice()));
        devices.chain(kits).collect()
    }

    /// The key that a device or kit signs with, if it was in after statement `number`.
    pub fn signing_key(&self, signer: MemberId, number: u64) -> Option<[u8; 32]> {
        let device = self
            .devices
            .iter()
            .find(|d| MemberId::from(d.id) == signer && d.present(number))
            .map(|d| d.keys.log);
        device.or_else(|| {
            self.kits
                .iter()
                .find(|k| k.id == signer && k.present(number))
                .map(|k| k.keys.sign)
        })
    }
}

impl DeviceRecord {
    fn present(&self, number: u64) -> bool {
        self.added <= number && self.removed.as_ref().is_none_or(|(n, _)| *n > number)
    }
}

impl KitRecord {
    fn present(&self, number: u64) -> bool {
        self.adopted <= number && self.retired.is_none_or(|n| n > number)
    }
}

fn checked_device(device: &DeviceKeys) -> Result<DeviceId, ChainError> {
    if device.well_formed() {
        Ok(device.id())
    } else {
        Err(ChainError::Rule("device keys of the wrong shape"))
    }
}
