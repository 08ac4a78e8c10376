//! A patient: a chain with one device, joined to a clinic.

use clinic_api::chain::patient::{CONSENT, ClinicRef, PatientChain, PatientStep};
use clinic_api::chain::{Body, ChainKind, Signed};
use clinic_api::id::{ChainId, DeviceId, SpaceId};
use clinic_api::message::Claim;
use clinic_api::space::SpaceKind;
use clinic_api::wire;

use super::clinic::Clinic;
use super::keys::{Device, Kit};

pub struct Patient {
    pub device: Device,
    pub chain: PatientChain,
    pub statements: Vec<Vec<u8>>,
}

impl Patient {
    /// One with a device, and no clinic yet.
    pub fn alone(seed: u8) -> Self {
        let device = Device::new(seed);
        let step = PatientStep::Founded {
            device: device.keys.clone(),
            nonce: [seed; 16],
        };
        let body = Body::following(ChainKind::Patient, None, 0, device.id().into(), step);
        let first = Signed::new(&body, |bytes| device.log.sign(bytes));
        Self {
            chain: PatientChain::found(&first).unwrap(),
            statements: vec![first.to_bytes()],
            device,
        }
    }

    /// One that joined a clinic, with a recovery kit.
    pub fn of(clinic: &Clinic, seed: u8) -> Self {
        let mut patient = Self::alone(seed);
        patient.join(clinic);
        patient.adopt(&Kit::new(seed));
        patient
    }

    pub fn id(&self) -> ChainId {
        self.chain.id()
    }

    pub fn space(&self, kind: SpaceKind) -> SpaceId {
        self.chain.space(kind)
    }

    /// The next statement by the first device, not taken in.
    pub fn next(&self, step: PatientStep) -> Vec<u8> {
        let (tip, signer) = (Some(self.chain.tip()), self.device.id().into());
        let body = Body::following(ChainKind::Patient, tip, 0, signer, step);
        Signed::new(&body, |bytes| self.device.log.sign(bytes)).to_bytes()
    }

    /// The next statement by the first device, taken in.
    pub fn state(&mut self, step: PatientStep) -> Vec<u8> {
        let next = self.next(step);
        self.chain
            .append(&Signed::from_bytes(&next).unwrap())
            .unwrap();
        self.statements.push(next.clone());
        next
    }

    pub fn join(&mut self, clinic: &Clinic) -> Vec<u8> {
        let clinic = ClinicRef {
            roster: clinic.id(),
            root: clinic.root_id(),
        };
        self.state(PatientStep::ClinicJoined { clinic })
    }

    pub fn adding(&self, device: &Device) -> PatientStep {
        let tip = self.chain.tip();
        let parts: [&[u8]; 3] = [&self.id().0, &tip.hash.0, &device.id().0];
        PatientStep::DeviceAdded {
            device: device.keys.clone(),
            consent: device.log.consent(CONSENT, &parts),
        }
    }

    pub fn adopt(&mut self, kit: &Kit) -> Vec<u8> {
        let tip = self.chain.tip();
        let parts: [&[u8]; 3] = [&self.id().0, &tip.hash.0, &kit.keys.id().0];
        self.state(PatientStep::KitAdopted {
            kit: kit.keys.clone(),
            consent: kit.sign.consent(CONSENT, &parts),
        })
    }

    pub fn removing(device: DeviceId) -> PatientStep {
        PatientStep::DeviceRemoved {
            device,
            heads: Vec::new(),
        }
    }

    pub fn claim(&self) -> Vec<u8> {
        wire::encode(&Claim {
            statements: self.statements.iter().cloned().map(Into::into).collect(),
            mac: [5; 32],
        })
    }
}
