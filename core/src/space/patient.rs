//! Writing the patient chain.

use clinic_api::chain::patient::{CONSENT, ClinicRef, LastHead, PatientChain, PatientStep};
use clinic_api::chain::{Body, ChainKind, Signed, Tip};
use clinic_api::crypto;
use clinic_api::id::{DeviceId, MemberId};
use clinic_api::member::DeviceKeys;

use super::keys::{DeviceSecrets, KitSecret};
use crate::env::Env;

/// The first statement: a new patient chain with this device.
pub fn found(env: &Env, device: &DeviceSecrets) -> Signed {
    let step = PatientStep::Founded {
        device: device.keys().clone(),
        nonce: env.random(),
    };
    signed(env, None, device, step)
}

/// The patient is with this clinic from here on.
pub fn join_clinic(env: &Env, tip: Tip, device: &DeviceSecrets, clinic: ClinicRef) -> Signed {
    signed(env, Some(tip), device, PatientStep::ClinicJoined { clinic })
}

/// Takes in another device, which must be at hand to consent.
pub fn add_device(
    env: &Env,
    chain: &PatientChain,
    device: &DeviceSecrets,
    new: &DeviceSecrets,
) -> Signed {
    let consent = consent(chain, MemberId::from(new.id()), |b| new.log().sign(b));
    add_consenting(env, chain, device, new.keys().clone(), consent)
}

/// Takes in another device that consented elsewhere.
pub fn add_consenting(
    env: &Env,
    chain: &PatientChain,
    device: &DeviceSecrets,
    new: DeviceKeys,
    consent: crypto::Signature,
) -> Signed {
    let step = PatientStep::DeviceAdded {
        device: new,
        consent,
    };
    signed(env, Some(chain.tip()), device, step)
}

/// A new device is taken in by the recovery kit.
pub fn add_device_by_kit(
    env: &Env,
    chain: &PatientChain,
    kit: &KitSecret,
    new: &DeviceSecrets,
) -> Signed {
    let consent = consent(chain, MemberId::from(new.id()), |b| new.log().sign(b));
    let step = PatientStep::DeviceAdded {
        device: new.keys().clone(),
        consent,
    };
    let at = env.now().as_millisecond();
    let signer = kit.keys().id();
    let body = Body::following(ChainKind::Patient, Some(chain.tip()), at, signer, step);
    Signed::new(&body, |bytes| kit.sign().sign(bytes))
}

/// Shuts a lost recovery kit out.
pub fn retire_kit(
    env: &Env,
    chain: &PatientChain,
    device: &DeviceSecrets,
    kit: MemberId,
) -> Signed {
    signed(
        env,
        Some(chain.tip()),
        device,
        PatientStep::KitRetired { kit },
    )
}

/// Puts a device out; what it wrote beyond `heads` does not count.
pub fn remove_device(
    env: &Env,
    chain: &PatientChain,
    device: &DeviceSecrets,
    out: DeviceId,
    heads: Vec<LastHead>,
) -> Signed {
    let step = PatientStep::DeviceRemoved { device: out, heads };
    signed(env, Some(chain.tip()), device, step)
}

/// Takes a recovery kit in; it replaces an earlier one.
pub fn adopt_kit(
    env: &Env,
    chain: &PatientChain,
    device: &DeviceSecrets,
    kit: &KitSecret,
) -> Signed {
    let consent = consent(chain, kit.keys().id(), |b| kit.sign().sign(b));
    let step = PatientStep::KitAdopted {
        kit: kit.keys().clone(),
        consent,
    };
    signed(env, Some(chain.tip()), device, step)
}

fn consent(
    chain: &PatientChain,
    id: MemberId,
    sign: impl FnOnce(&[u8]) -> crypto::Signature,
) -> crypto::Signature {
    sign(&crypto::to_sign(
        CONSENT,
        &[&chain.id().0, &chain.tip().hash.0, &id.0],
    ))
}

fn signed(env: &Env, tip: Option<Tip>, device: &DeviceSecrets, step: PatientStep) -> Signed {
    let at = env.now().as_millisecond();
    let body = Body::following(ChainKind::Patient, tip, at, device.id().into(), step);
    Signed::new(&body, |bytes| device.log().sign(bytes))
}
