//! A service without vault or network: made-up people, for tests and for looking at the pages.
//!
//! It keeps everything in memory and follows the contract of [`Service`], so
//! the pages cannot tell it from the real one.

mod people;
mod told;

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use companion_core::env::Env;
use companion_core::problem::{Kind, Problem};
use jiff::SignedDuration;
use zeroize::Zeroizing;

use crate::service::{
    Admission, Answer, Applicant, Founded, Invitation, InviteState, InviteView, NewClinic,
    PatientPage, PatientRow, Range, ReadTrace, ReviewState, ReviewView, Service, State, SyncView,
    TracedEntry,
};
use crate::words::Moment;

/// Opens the vault of [`Fake::with_clinic`].
pub const PASSPHRASE: &str = "heron lantern quiet seven";

/// The digits that a patient would read out.
pub const DIGITS: &str = "427190358146";

/// A made-up clinic.
pub struct Fake {
    env: Env,
    inner: Mutex<Inner>,
    released: Condvar,
}

struct Inner {
    clinic: Option<Clinic>,
    open: bool,
    invites: Vec<InviteView>,
    pages: Vec<PatientPage>,
    sync: SyncView,
    sync_fails: Option<Problem>,
    made: u32,
    held: bool,
    waiting: u32,
}

struct Clinic {
    name: String,
    person: String,
    passphrase: Zeroizing<String>,
}

impl Fake {
    /// A workstation on which no clinic was created yet.
    pub fn empty(env: Env) -> Self {
        let inner = Inner {
            clinic: None,
            open: false,
            invites: Vec::new(),
            pages: Vec::new(),
            sync: SyncView {
                last_ok: None,
                problem: None,
            },
            sync_fails: None,
            made: 0,
            held: false,
            waiting: 0,
        };
        Self {
            env,
            inner: Mutex::new(inner),
            released: Condvar::new(),
        }
    }

    /// A clinic with invites and patients, locked with [`PASSPHRASE`].
    pub fn with_clinic(env: Env) -> Self {
        let fake = Self::empty(env);
        {
            let now = fake.env.now();
            let zone = fake.env.zone();
            let mut inner = fake.inner();
            inner.clinic = Some(Clinic {
                name: "Lindenhof Clinic".into(),
                person: "Dr. Ana Sousa".into(),
                passphrase: Zeroizing::new(PASSPHRASE.into()),
            });
            inner.invites = people::invites(now);
            inner.pages = people::pages(now, &zone);
            inner.sync.last_ok = now.checked_sub(SignedDuration::from_mins(3)).ok();
        }
        fake
    }

    /// Adds a patient.
    pub fn add(&self, page: PatientPage) {
        self.inner().pages.push(page);
    }

    /// Adds an invite.
    pub fn add_invite(&self, invite: InviteView) {
        self.inner().invites.push(invite);
    }

    /// From now on every sync fails in this way, or succeeds again.
    pub fn sync_fails(&self, how: Option<Problem>) {
        self.inner().sync_fails = how;
    }

    /// While held, every change waits: for a test that needs two requests at once.
    pub fn hold(&self, held: bool) {
        self.inner().held = held;
        self.released.notify_all();
    }

    /// How many changes wait because they are held.
    pub fn waiting(&self) -> u32 {
        self.inner().waiting
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn to_change(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner();
        inner.waiting += 1;
        let mut inner = self
            .released
            .wait_while(inner, |inner| inner.held)
            .unwrap_or_else(PoisonError::into_inner);
        inner.waiting -= 1;
        inner
    }

    fn opened<'a>(&self, inner: MutexGuard<'a, Inner>) -> Answer<MutexGuard<'a, Inner>> {
        if inner.open {
            Ok(inner)
        } else {
            Err(Problem::new(
                Kind::Locked,
                "vault-locked",
                "The vault is locked. Unlock it first.",
            ))
        }
    }
}

fn no_such_invite() -> Problem {
    Problem::new(
        Kind::Conflict,
        "no-such-invite",
        "This invite does not exist any more.",
    )
}

impl Service for Fake {
    fn state(&self) -> State {
        let inner = self.inner();
        match &inner.clinic {
            None => State::NoClinic,
            Some(clinic) if inner.open => State::Open {
                clinic_name: clinic.name.clone(),
                person_name: clinic.person.clone(),
            },
            Some(_) => State::Locked,
        }
    }

    fn found(&self, new: &NewClinic) -> Answer<Founded> {
        let mut inner = self.to_change();
        if inner.clinic.is_some() {
            return Err(Problem::new(
                Kind::Conflict,
                "clinic-exists",
                "There is a clinic in this folder already. Unlock it, or start the console with another folder.",
            ));
        }
        inner.clinic = Some(Clinic {
            name: new.clinic_name.clone(),
            person: new.person_name.clone(),
            passphrase: new.passphrase.clone(),
        });
        inner.open = true;
        Ok(Founded {
            root_fingerprint: "7F3A 91C2 0B5E D864 2A17 E9F0 4C83 B6D1".into(),
        })
    }

    fn unlock(&self, passphrase: &str) -> Answer<()> {
        let mut inner = self.to_change();
        let fits = inner
            .clinic
            .as_ref()
            .is_some_and(|clinic| *clinic.passphrase == passphrase);
        if !fits {
            return Err(Problem::new(
                Kind::Locked,
                "wrong-passphrase",
                "This passphrase does not fit. Please try again; capital letters and spaces count.",
            ));
        }
        inner.open = true;
        Ok(())
    }

    fn lock(&self) {
        self.inner().open = false;
    }

    fn invites(&self) -> Answer<Vec<InviteView>> {
        let mut invites = self.opened(self.inner())?.invites.clone();
        invites.sort_by_key(|invite| std::cmp::Reverse(invite.created));
        Ok(invites)
    }

    fn invite(&self, applicant: &Applicant) -> Answer<Invitation> {
        const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let mut inner = self.opened(self.to_change())?;
        inner.made += 1;
        let now = self.env.now();
        let id = format!("new-{}", inner.made);
        let expires = now
            .checked_add(SignedDuration::from_hours(7 * 24))
            .unwrap_or(now);
        inner.invites.push(InviteView {
            id: id.clone(),
            applicant: Some(applicant.clone()),
            created: now,
            expires,
            state: InviteState::Waiting,
        });
        let letter = |byte: u8| {
            LETTERS
                .get(usize::from(byte % 32))
                .map_or('A', |l| char::from(*l))
        };
        let code: String = self.env.random::<28>().into_iter().map(letter).collect();
        Ok(Invitation {
            id,
            qr_payload: Zeroizing::new(format!("CLINIC1:{code}:7F3A91C20B5ED8642A17E9F04C83B6D1")),
            code_text: Zeroizing::new(code),
            expires,
        })
    }

    fn admit(&self, invite: &str, digits: &str, applicant: &Applicant) -> Answer<Admission> {
        let mut inner = self.opened(self.to_change())?;
        let now = self.env.now();
        let found = inner
            .invites
            .iter_mut()
            .find(|known| known.id == invite)
            .ok_or_else(no_such_invite)?;
        if digits != DIGITS {
            found.state = InviteState::Expired;
            return Ok(Admission::DigitsDiffer);
        }
        found.state = InviteState::Admitted;
        let id = format!("p-{invite}");
        inner.pages.push(people::newcomer(id, applicant, now));
        Ok(Admission::Admitted)
    }

    fn withdraw(&self, invite: &str) -> Answer<()> {
        let mut inner = self.opened(self.to_change())?;
        let found = inner
            .invites
            .iter_mut()
            .find(|known| known.id == invite)
            .ok_or_else(no_such_invite)?;
        found.state = InviteState::Expired;
        Ok(())
    }

    fn patients(&self) -> Answer<Vec<PatientRow>> {
        let inner = self.opened(self.inner())?;
        let mut rows: Vec<PatientRow> = inner.pages.iter().map(row).collect();
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(rows)
    }

    fn patient(&self, id: &str, range: &Range) -> Answer<Option<PatientPage>> {
        let mut inner = self.opened(self.inner())?;
        let person = inner.clinic.as_ref().map(|clinic| clinic.person.clone());
        let Some(page) = inner.pages.iter_mut().find(|page| page.row.id == id) else {
            return Ok(None);
        };
        let from = |moment: &Moment| range.from.is_none_or(|from| from <= moment.at);
        let until = |moment: &Moment| moment.at < range.to;
        let mut shown = page.clone();
        shown.row = row(page);
        shown.trend.retain(|p| from(&p.felt) && until(&p.felt));
        shown.infusions.retain(|at| from(at) && until(at));
        shown.entries.retain(|entry| from(&entry.felt));
        if !shown.entries.is_empty() {
            let read = shown.entries.iter().rev().map(|entry| TracedEntry {
                id: entry.id.clone(),
                felt: entry.felt,
            });
            let trace = ReadTrace {
                who: person.unwrap_or_default(),
                at: self.env.now(),
                entries: read.collect(),
            };
            page.trail.insert(0, trace);
        }
        Ok(Some(shown))
    }

    fn mark_reviewed(&self, patient: &str, entries: &[String]) -> Answer<()> {
        let mut inner = self.opened(self.to_change())?;
        let person = inner.clinic.as_ref().map(|clinic| clinic.person.clone());
        let review = ReviewView {
            by: person.unwrap_or_default(),
            at: self.env.now(),
            state: ReviewState::Reviewed,
            outdated: false,
        };
        let page = inner.pages.iter_mut().find(|page| page.row.id == patient);
        for entry in page.into_iter().flat_map(|page| &mut page.entries) {
            if entries.contains(&entry.id) {
                entry.review = Some(review.clone());
            }
        }
        Ok(())
    }

    fn sync(&self) -> SyncView {
        self.inner().sync.clone()
    }

    fn sync_now(&self) -> Answer<()> {
        let mut inner = self.opened(self.to_change())?;
        inner.sync.problem = inner.sync_fails.clone();
        match inner.sync_fails.clone() {
            Some(problem) => Err(problem),
            None => {
                inner.sync.last_ok = Some(self.env.now());
                Ok(())
            }
        }
    }
}

fn row(page: &PatientPage) -> PatientRow {
    let waiting = page.entries.iter().filter(|entry| entry.awaits_review());
    PatientRow {
        unreviewed: u32::try_from(waiting.count()).unwrap_or(u32::MAX),
        last_entry: page.entries.first().map(|entry| entry.felt),
        ..page.row.clone()
    }
}
