//! Epochs: under which key a space is sealed, and to whom that key was given.

use minicbor::{Decode, Encode};

use super::patient::{LastHead, PatientChain};
use super::roster::Roster;
use super::{Body, ChainError, ChainKind, Signed, Tip};
use crate::id::{DeviceId, HeadHash, LogId, MemberId, SpaceId, StatementHash};
use crate::member::{SEALED_KEY, Wrap};
use crate::space::SpaceKind;
use crate::wire::bytes_array;

/// A new key for a space.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EpochStep {
    /// The space.
    #[n(0)]
    pub space: SpaceId,
    /// Its kind.
    #[n(1)]
    pub kind: SpaceKind,
    /// The patient chain as its writer saw it; none in a clinic's own spaces.
    #[n(2)]
    pub patient: Option<StatementHash>,
    /// The roster as its writer saw it; none where no clinic reads.
    #[n(3)]
    pub roster: Option<StatementHash>,
    /// Commits to the key.
    #[n(4)]
    #[cbor(with = "bytes_array")]
    pub commitment: [u8; 32],
    /// The key, wrapped to exactly those whom the cited statements give.
    #[n(5)]
    pub wraps: Vec<Wrap>,
    /// The key of the epoch before, sealed under this one. None for the first,
    /// and where the writer could not open the one before.
    #[n(6)]
    pub previous_key: Option<minicbor::bytes::ByteVec>,
    /// The last head that counts of each log by a workstation that left the space's
    /// team since the epoch before, as far as its writer had seen.
    #[n(7)]
    pub closed: Vec<LastHead>,
}

/// Who is party to a space: the chains that its epochs cite.
#[derive(Debug, Clone, Copy)]
pub struct Parties<'a> {
    /// The kind of space.
    pub kind: SpaceKind,
    /// The patient's chain, for a patient's space.
    pub patient: Option<&'a PatientChain>,
    /// The clinic's roster, where a clinic reads.
    pub roster: Option<&'a Roster>,
}

/// An epoch that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochRecord {
    /// What names it.
    pub hash: StatementHash,
    /// Its place in the space's chain.
    pub number: u64,
    /// The hash of the epoch before.
    pub previous: Option<StatementHash>,
    /// The place in the patient chain that it cites.
    pub patient: Option<u64>,
    /// The place in the roster that it cites.
    pub roster: Option<u64>,
    /// What it says.
    pub step: EpochStep,
}

/// A verified chain of epochs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EpochChain {
    epochs: Vec<EpochRecord>,
}

impl<'a> Parties<'a> {
    /// The space.
    ///
    /// None where the chain that names it is missing.
    pub fn space(&self) -> Option<SpaceId> {
        if self.kind.of_patient() {
            self.patient.map(|p| p.space(self.kind))
        } else {
            self.roster.map(|r| r.space(self.kind))
        }
    }

    /// Who is to hold the key of an epoch that cites these places, with their KEM keys.
    ///
    /// # Errors
    /// [`ChainError::Rule`] where the cited chains can't give a list: no clinic
    /// was joined, or a team key is still to be issued.
    pub fn recipients(
        &self,
        patient: Option<u64>,
        roster: Option<u64>,
    ) -> Result<Vec<(MemberId, &'a [u8])>, ChainError> {
        let mut all = Vec::new();
        if self.kind.of_patient() {
            let (chain, number) = self.patient.zip(patient).ok_or(ChainError::Rule(
                "a patient's space cites the patient chain",
            ))?;
            all.extend(chain.recipients_at(number));
        }
        if let Some(team) = self.kind.team() {
            let (chain, number) = self.roster.zip(roster).ok_or(ChainError::Rule(
                "a space that a clinic reads cites its roster",
            ))?;
            let key = chain
                .team_key_at(team, number)
                .ok_or(ChainError::Rule("the team's key is still to be issued"))?;
            all.push((key.id, key.kem.as_slice()));
        }
        Ok(all)
    }

    /// The key that `signer` signs with, if it is a member at the cited places.
    pub fn signing_key(
        &self,
        signer: MemberId,
        patient: Option<u64>,
        roster: Option<u64>,
    ) -> Option<[u8; 32]> {
        let of_patient = || self.patient?.signing_key(signer, patient?);
        let of_team = || {
            let (team, roster_chain, number) = (self.kind.team()?, self.roster?, roster?);
            let device = DeviceId(signer.0);
            let role = roster_chain.workstation_role(device, number)?;
            team.includes(role)
                .then(|| roster_chain.workstation(device).map(|w| w.keys.log))?
        };
        of_patient().or_else(of_team)
    }

    fn cited(
        &self,
        step: &EpochStep,
        last: Option<&EpochRecord>,
    ) -> Result<(Option<u64>, Option<u64>), ChainError> {
        let unknown = ChainError::Rule("cites a statement that is not in the chain");
        let patient = match (self.kind.of_patient(), step.patient, self.patient) {
            (true, Some(hash), Some(chain)) => Some(chain.number_of(hash).ok_or(unknown)?),
            (false, None, _) => None,
            (true | false, ..) => {
                return Err(ChainError::Rule("cites just the chains of its space"));
            }
        };
        let roster = match (self.kind.team(), step.roster, self.roster) {
            (Some(_), Some(hash), Some(chain)) => Some(chain.number_of(hash).ok_or(unknown)?),
            (None, None, _) => None,
            (Some(_) | None, ..) => {
                return Err(ChainError::Rule("cites just the chains of its space"));
            }
        };
        if let (Some(chain), Some(n)) = (self.patient, patient)
            && roster.is_some()
            && chain.clinic_at(n).map(|c| (c.roster, c.root))
                != self.roster.map(|r| (r.id(), r.root_id()))
        {
            return Err(ChainError::Rule("cites the roster of the patient's clinic"));
        }
        let back = |now: Option<u64>, then: Option<u64>| now < then;
        if let Some(last) = last
            && (back(patient, last.patient) || back(roster, last.roster))
        {
            return Err(ChainError::Rule(
                "cites no earlier statement than the epoch before",
            ));
        }
        Ok((patient, roster))
    }
}

impl EpochChain {
    /// Verifies the next epoch and takes it in.
    ///
    /// # Errors
    /// [`ChainError`]: refuse it; the chain is as before.
    pub fn append(&mut self, parties: Parties<'_>, next: &Signed) -> Result<(), ChainError> {
        let body: Body<EpochStep> = next.body_after(ChainKind::Epoch, self.tip())?;
        let step = body.step;
        if Some(step.space) != parties.space() || step.kind != parties.kind {
            return Err(ChainError::Rule("an epoch of another space"));
        }
        let (patient, roster) = parties.cited(&step, self.last())?;
        let key = parties
            .signing_key(body.signer, patient, roster)
            .ok_or(ChainError::NotAllowed)?;
        if !next.signed_by(ChainKind::Epoch, &key) {
            return Err(ChainError::BadSignature);
        }
        let due: Vec<MemberId> = parties
            .recipients(patient, roster)?
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        let given: Vec<MemberId> = step.wraps.iter().map(|w| w.recipient).collect();
        if given != due || !step.wraps.iter().all(Wrap::well_formed) {
            return Err(ChainError::Rule("wraps for just the members of the space"));
        }
        if step.closed.iter().any(|head| head.space != step.space) {
            return Err(ChainError::Rule("closes logs of its own space only"));
        }
        let mut logs: Vec<LogId> = step.closed.iter().map(|h| h.log).collect();
        logs.sort_unstable();
        logs.dedup();
        if logs.len() != step.closed.len() {
            return Err(ChainError::Rule("one last head for a log"));
        }
        if self.epochs.is_empty() && step.previous_key.is_some() {
            return Err(ChainError::Rule("the first epoch has none before"));
        }
        if step
            .previous_key
            .as_ref()
            .is_some_and(|k| k.len() != SEALED_KEY)
        {
            return Err(ChainError::Rule("a sealed key of the wrong length"));
        }
        self.epochs.push(EpochRecord {
            hash: next.hash(),
            number: body.number,
            previous: body.previous,
            patient,
            roster,
            step,
        });
        Ok(())
    }

    /// Where it ends; none before the first epoch.
    pub fn tip(&self) -> Option<Tip> {
        self.last().map(|e| Tip {
            number: e.number,
            hash: e.hash,
        })
    }

    /// The epoch in force.
    pub fn last(&self) -> Option<&EpochRecord> {
        self.epochs.last()
    }

    /// The epoch with that hash.
    pub fn get(&self, hash: StatementHash) -> Option<&EpochRecord> {
        self.epochs.iter().find(|e| e.hash == hash)
    }

    /// Every epoch, oldest first.
    pub fn all(&self) -> &[EpochRecord] {
        &self.epochs
    }

    /// Whether a head of a workstation still counts that left the space's team by
    /// statement `left` of the roster: see [`Roster::left_team`].
    ///
    /// The first epoch after it left says so; before there is one, it does.
    pub fn counts(&self, left: u64, log: LogId, beat: u64, head: HeadHash) -> bool {
        let closing = self
            .epochs
            .iter()
            .find(|e| e.roster.is_some_and(|n| n >= left));
        let within = |last: &LastHead| last.covers(log, beat, head);
        closing.is_none_or(|e| e.step.closed.iter().any(within))
    }

    /// Whether the epoch in force gives the key to just those who are members now.
    ///
    /// When not, whoever is a member writes the next before sealing anything.
    pub fn is_current(&self, parties: Parties<'_>) -> bool {
        let patient = parties.patient.map(|p| p.tip().number);
        let roster = parties.roster.map(|r| r.tip().number);
        let Ok(due) = parties.recipients(patient, roster) else {
            return false;
        };
        self.last().is_some_and(|e| {
            let given = e.step.wraps.iter().map(|w| w.recipient);
            given.eq(due.into_iter().map(|(id, _)| id))
        })
    }

    /// Whether everybody to whom an epoch gave its key is still a member.
    ///
    /// When not, nothing new may be sealed under it: who has left could read it. Somebody who
    /// came since does no harm here.
    pub fn all_remain(&self, epoch: StatementHash, parties: Parties<'_>) -> bool {
        let patient = parties.patient.map(|p| p.tip().number);
        let roster = parties.roster.map(|r| r.tip().number);
        let Some((record, due)) = self
            .get(epoch)
            .zip(parties.recipients(patient, roster).ok())
        else {
            return false;
        };
        let remains = |id: MemberId| due.iter().any(|(now, _)| *now == id);
        record.step.wraps.iter().all(|w| remains(w.recipient))
    }
}
