//! Two clinics and their patients, all set up through the API itself.

use clinic_api::chain::Signed;
use clinic_api::chain::epoch::EpochChain;
use clinic_api::id::{SpaceId, StatementHash};
use clinic_api::message::{Pull, Pulled};
use clinic_api::space::SpaceKind;
use clinic_api::wire;
use clinic_server::app::Config;

use super::clinic::Clinic;
use super::keys::Device;
use super::patient::Patient;
use super::site::Site;
use super::space::{epoch, hash, parties};

pub struct World {
    pub site: Site,
    pub clinic: Clinic,
    pub other: Clinic,
    /// Of `clinic`, admitted, with the two devices below.
    pub patient: Patient,
    pub second: Device,
    pub removed: Device,
    /// Of `clinic`, admitted.
    pub neighbour: Patient,
    /// Of `other`, admitted.
    pub foreigner: Patient,
    /// In no chain.
    pub stranger: Device,
}

impl World {
    pub async fn new() -> Self {
        Self::configured(|_| ()).await
    }

    /// On a server with something set otherwise.
    pub async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let (clinic, other) = (Clinic::new(10), Clinic::new(20));
        let site = Site::configured(&[&clinic, &other], change);
        site.found(&clinic).await;
        site.found(&other).await;
        let mut patient = Patient::of(&clinic, 50);
        let neighbour = Patient::of(&clinic, 60);
        let foreigner = Patient::of(&other, 70);
        site.enrolled(&clinic, &patient, 1).await;
        site.enrolled(&clinic, &neighbour, 2).await;
        site.enrolled(&other, &foreigner, 3).await;
        let (second, removed) = (Device::new(51), Device::new(52));
        for device in [&second, &removed] {
            let added = patient.state(patient.adding(device));
            let chain = patient.id();
            site.append(&patient.device, chain, &added)
                .await
                .expect(201);
        }
        let gone = patient.state(Patient::removing(removed.id()));
        site.append(&patient.device, patient.id(), &gone)
            .await
            .expect(201);
        Self {
            site,
            clinic,
            other,
            patient,
            second,
            removed,
            neighbour,
            foreigner,
            stranger: Device::new(99),
        }
    }

    /// A space of the patient or of the clinic.
    pub fn space(&self, kind: SpaceKind) -> SpaceId {
        if kind.of_patient() {
            self.patient.space(kind)
        } else {
            self.clinic.space(kind)
        }
    }

    /// The first epoch of a space, stored: its hash.
    pub async fn epoch(&self, kind: SpaceKind) -> StatementHash {
        let signer = if kind.of_patient() {
            &self.patient.device
        } else {
            &self.clinic.clinician
        };
        let statement = self.next_epoch(kind, &EpochChain::default(), signer);
        self.site
            .append(signer, self.space(kind), &statement)
            .await
            .expect(201);
        hash(&statement)
    }

    /// The epoch that follows, for whoever is a member now.
    pub fn next_epoch(&self, kind: SpaceKind, chain: &EpochChain, signer: &Device) -> Vec<u8> {
        epoch(chain, self.parties(kind), signer)
    }

    pub fn parties(&self, kind: SpaceKind) -> clinic_api::chain::epoch::Parties<'_> {
        parties(kind, Some(&self.patient), Some(&self.clinic))
    }

    /// A chain of these epochs.
    pub fn epochs(&self, kind: SpaceKind, statements: &[Vec<u8>]) -> EpochChain {
        let mut chain = EpochChain::default();
        for statement in statements {
            let signed = Signed::from_bytes(statement).unwrap();
            chain.append(self.parties(kind), &signed).unwrap();
        }
        chain
    }

    /// All runs of a space, as a device pulls them.
    pub async fn pulled(&self, device: &Device, space: SpaceId) -> Vec<Vec<u8>> {
        let body = wire::encode(&Pull { have: Vec::new() });
        let path = format!("/v1/spaces/{space}/pull");
        let answer = self.site.post(device, &path, &body).await.expect(200);
        let pulled: Pulled = answer.read();
        pulled.runs.into_iter().map(Into::into).collect()
    }
}
