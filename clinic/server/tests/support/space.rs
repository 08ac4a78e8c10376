//! Epochs and logs of a space. Ciphertext is any bytes: the server can't tell.

use clinic_api::chain::epoch::{EpochChain, EpochStep, Parties};
use clinic_api::chain::{Body, ChainKind, Signed};
use clinic_api::id::{HeaderHash, LogId, SpaceId, StatementHash};
use clinic_api::log::{Cites, Head, Header, Item, LogTip, Run, log_id};
use clinic_api::message::Push;
use clinic_api::space::SpaceKind;
use clinic_api::wire::{self, SUITE, VERSION};

use super::clinic::Clinic;
use super::keys::{Device, wrap};
use super::patient::Patient;

pub fn parties<'a>(
    kind: SpaceKind,
    patient: Option<&'a Patient>,
    clinic: Option<&'a Clinic>,
) -> Parties<'a> {
    Parties {
        kind,
        patient: patient.filter(|_| kind.of_patient()).map(|p| &p.chain),
        roster: clinic.filter(|_| kind.team().is_some()).map(|c| &c.roster),
    }
}

/// The epoch after those of `chain`, for whoever is a member now.
pub fn epoch(chain: &EpochChain, parties: Parties<'_>, signer: &Device) -> Vec<u8> {
    let patient = parties.patient.map(|p| p.tip());
    let roster = parties.roster.map(|r| r.tip());
    let recipients = parties
        .recipients(patient.map(|t| t.number), roster.map(|t| t.number))
        .unwrap();
    let step = EpochStep {
        space: parties.space().unwrap(),
        kind: parties.kind,
        patient: patient.map(|t| t.hash),
        roster: roster.map(|t| t.hash),
        commitment: [3; 32],
        wraps: recipients.into_iter().map(|(id, _)| wrap(id)).collect(),
        previous_key: chain.last().map(|_| vec![4; 48].into()),
        closed: Vec::new(),
    };
    let body = Body::following(ChainKind::Epoch, chain.tip(), 0, signer.id().into(), step);
    Signed::new(&body, |bytes| signer.log.sign(bytes)).to_bytes()
}

/// The name of a statement.
pub fn hash(statement: &[u8]) -> StatementHash {
    Signed::from_bytes(statement).unwrap().hash()
}

/// One device's log in one space.
pub struct Log<'a> {
    pub device: &'a Device,
    pub space: SpaceId,
    pub nonce: [u8; 16],
    pub cites: Cites,
    pub tip: Option<LogTip>,
}

impl<'a> Log<'a> {
    pub fn new(device: &'a Device, space: SpaceId, nonce: u8, epoch: StatementHash) -> Self {
        Self {
            device,
            space,
            nonce: [nonce; 16],
            cites: Cites {
                epoch,
                patient: StatementHash::NONE,
                roster: StatementHash::NONE,
            },
            tip: None,
        }
    }

    pub fn id(&self) -> LogId {
        log_id(self.space, self.device.id(), &self.nonce)
    }

    /// The next run, whose bodies are filled with `fill`; the log goes on after it.
    pub fn run(&mut self, lengths: &[usize], fill: u8) -> Vec<u8> {
        let (bytes, tip) = self.next(lengths, fill);
        self.tip = Some(tip);
        bytes
    }

    /// The next run, and where the log would end with it.
    pub fn next(&self, lengths: &[usize], fill: u8) -> (Vec<u8>, LogTip) {
        let (beat, previous, mut number, mut header) =
            self.tip.map_or((0, None, 0, HeaderHash::NONE), |t| {
                (t.beat, Some(t.head), t.number, t.header)
            });
        let bodies: Vec<Vec<u8>> = lengths.iter().map(|n| vec![fill; *n]).collect();
        for body in &bodies {
            number += 1;
            let content = Header::content_of(body);
            header = Header::new(self.id(), number, header, &self.cites, content).hash(self.space);
        }
        let head = Head {
            version: VERSION,
            suite: SUITE,
            space: self.space,
            device: self.device.id(),
            nonce: self.nonce,
            beat: beat + 1,
            previous,
            number,
            header,
            seen: Vec::new(),
            patient: self.cites.patient,
            roster: self.cites.roster,
            at: 0,
            epoch: self.cites.epoch,
            bulletin: None,
        };
        let items = bodies.into_iter().map(Item::Body).collect();
        let run = Run::new(items, &head, |bytes| self.device.log.sign(bytes));
        let tip = LogTip {
            log: self.id(),
            beat: head.beat,
            head: run.head_hash(),
            number,
            header,
        };
        (run.to_bytes(), tip)
    }
}

/// The body of a push.
pub fn push(runs: &[Vec<u8>]) -> Vec<u8> {
    wire::encode(&Push {
        runs: runs.iter().cloned().map(Into::into).collect(),
    })
}
