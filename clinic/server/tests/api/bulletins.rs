//! What a clinic says to all its patients: who may, in which order, with whose signature.

use clinic_api::bulletin::{self, Body, Bulletin, BulletinPage, Draft, Kind, Last};
use clinic_api::chain::roster::RosterStep;
use clinic_api::chain::{ChainError, Signed};
use clinic_api::http::problem::Code;
use clinic_api::id::{BulletinHash, PersonId, StatementHash};
use clinic_api::member::Role;

use crate::support::clinic::Clinic;
use crate::support::keys::Device;
use crate::support::site::{Site, refusal};
use crate::support::world::World;

fn draft(kind: Kind) -> Draft {
    Draft {
        kind,
        topic: "line".to_owned(),
        content: b"what it says".to_vec(),
        expires: None,
    }
}

fn body(clinic: &Clinic, last: Option<&Last>, kind: Kind) -> Body {
    let tip = clinic.roster.tip().hash;
    Body::following(clinic.id(), last, 1_000, tip, draft(kind))
}

fn sign(body: &Body, by: &[&Device]) -> Bulletin {
    by.iter().fold(Bulletin::unsigned(body), |b, device| {
        b.signed(device.id(), |bytes| device.log.sign(bytes))
    })
}

fn judge(clinic: &Clinic, last: Option<&Last>, b: &Bulletin) -> Result<Last, ChainError> {
    bulletin::verify(&clinic.roster, last, b).map(|v| v.last())
}

/// By hand: SHA-256 and the bytes signed are over `companion/1 bulletin`, a zero byte, the body.
#[test]
fn hash_and_signature_are_over_the_body_under_a_label_of_their_own() {
    let clinic = Clinic::new(10);
    let one = sign(&body(&clinic, None, Kind::Text), &[&clinic.clinician]);
    let over = [b"companion/1 bulletin\0".as_slice(), &one.body].concat();
    let digest = ring::digest::digest(&ring::digest::SHA256, &over);
    assert_eq!(one.hash().as_ref(), digest.as_ref());
    assert_eq!(one.signers[0].signature, clinic.clinician.log.sign(&over));
}

#[test]
fn texts_take_one_signer_and_crisis_numbers_two_people() {
    let mut clinic = Clinic::new(10);
    let (one, two) = (&clinic.clinician, &clinic.administrator);
    let text = body(&clinic, None, Kind::Text);
    judge(&clinic, None, &sign(&text, &[one])).unwrap();
    judge(&clinic, None, &sign(&text, &[two])).unwrap();
    let desk = sign(&text, &[&clinic.desk]);
    assert_eq!(judge(&clinic, None, &desk), Err(ChainError::NotAllowed));
    let both = sign(&text, &[one, &clinic.desk]);
    assert_eq!(judge(&clinic, None, &both), Err(ChainError::NotAllowed));
    let numbers = body(&clinic, None, Kind::CrisisNumbers);
    judge(&clinic, None, &sign(&numbers, &[one, two])).unwrap();
    judge(&clinic, None, &sign(&numbers, &[two, one])).unwrap();
    for too_few_or_many in [
        sign(&numbers, &[]),
        sign(&numbers, &[one]),
        sign(&numbers, &[one, one]),
        sign(&numbers, &[one, two, one]),
    ] {
        let answer = judge(&clinic, None, &too_few_or_many);
        assert!(matches!(answer, Err(ChainError::Rule(_))), "{answer:?}");
    }
    // A second workstation of the same person is no second person.
    let spare = Device::new(90);
    clinic.add_workstation(1, &spare);
    let numbers = body(&clinic, None, Kind::CrisisNumbers);
    let same = sign(&numbers, &[&clinic.clinician, &spare]);
    let answer = judge(&clinic, None, &same);
    assert!(matches!(answer, Err(ChainError::Rule(_))), "{answer:?}");
    // Who is alone signs alone.
    clinic.remove_workstation(clinic.administrator.id());
    let numbers = body(&clinic, None, Kind::CrisisNumbers);
    judge(&clinic, None, &sign(&numbers, &[&clinic.clinician])).unwrap();
}

#[test]
fn what_is_forged_misplaced_or_out_of_date_is_refused() {
    let mut clinic = Clinic::new(10);
    let one = Device::new(10);
    let first = body(&clinic, None, Kind::Text);
    let last = judge(&clinic, None, &sign(&first, &[&one])).unwrap();
    let next = body(&clinic, Some(&last), Kind::Text);
    judge(&clinic, Some(&last), &sign(&next, &[&one])).unwrap();
    let refused = |body: Body| judge(&clinic, Some(&last), &sign(&body, &[&one])).unwrap_err();
    assert_eq!(refused(first.clone()), ChainError::NotNext);
    let number = Body {
        number: 3,
        ..next.clone()
    };
    assert_eq!(refused(number), ChainError::NotNext);
    let previous = Some(BulletinHash([1; 32]));
    let fork = Body {
        previous,
        ..next.clone()
    };
    assert_eq!(refused(fork), ChainError::NotNext);
    let roster = Clinic::new(30).id();
    let foreign = Body {
        roster,
        ..next.clone()
    };
    assert_eq!(refused(foreign), ChainError::WrongKind);
    let newer = Body {
        version: 2,
        ..next.clone()
    };
    assert!(matches!(refused(newer), ChainError::Wire(_)));
    for rule in [
        Body {
            cites: StatementHash([9; 32]),
            ..next.clone()
        },
        Body {
            expires: Some(1_000),
            ..next.clone()
        },
        Body {
            topic: String::new(),
            ..next.clone()
        },
        Body {
            topic: "x".repeat(65),
            ..next.clone()
        },
        Body {
            topic: "Line".to_owned(),
            ..next.clone()
        },
    ] {
        assert!(matches!(refused(rule), ChainError::Rule(_)));
    }
    let mut forged = sign(&next, &[&one]);
    forged.signers[0].signature[0] ^= 1;
    let answer = judge(&clinic, Some(&last), &forged);
    assert_eq!(answer, Err(ChainError::BadSignature));
    let other = Device::new(99);
    let borrowed = Bulletin::unsigned(&next).signed(one.id(), |b| other.log.sign(b));
    let answer = judge(&clinic, Some(&last), &borrowed);
    assert_eq!(answer, Err(ChainError::BadSignature));
    // A roster from before the bulletin before: who left since would speak again.
    let old = next.clone();
    clinic.state(RosterStep::RoleChanged {
        person: PersonId([1; 16]),
        role: Role::FrontDesk,
    });
    let by_administrator = body(&clinic, Some(&last), Kind::Text);
    let admin = Device::new(12);
    let later = judge(&clinic, Some(&last), &sign(&by_administrator, &[&admin])).unwrap();
    let stale = Body {
        number: 3,
        previous: Some(later.hash),
        ..old
    };
    let answer = judge(&clinic, Some(&later), &sign(&stale, &[&one]));
    assert!(matches!(answer, Err(ChainError::Rule(_))), "{answer:?}");
    let demoted = body(&clinic, Some(&later), Kind::Text);
    let answer = judge(&clinic, Some(&later), &sign(&demoted, &[&one]));
    assert_eq!(answer, Err(ChainError::NotAllowed));
}

#[test]
fn an_unknown_kind_is_a_bulletin_all_the_same() {
    let clinic = Clinic::new(10);
    let body = body(&clinic, None, Kind::Unknown(700));
    let signed = sign(&body, &[&clinic.clinician]);
    let again = Bulletin::from_bytes(&signed.to_bytes()).unwrap();
    let verified = bulletin::verify(&clinic.roster, None, &again).unwrap();
    assert_eq!(verified.body, body);
}

#[tokio::test]
async fn a_clinic_publishes_and_its_own_people_read() {
    let world = World::new().await;
    let clinic = &world.clinic;
    let path = format!("/v1/bulletins/{}", clinic.id());
    let first = body(clinic, None, Kind::CrisisNumbers);
    let signed = sign(&first, &[&clinic.clinician, &clinic.administrator]);
    let bytes = signed.to_bytes();
    let half = sign(&first, &[&clinic.clinician]).to_bytes();
    let post = async |device: &Device, bytes: &[u8]| world.site.post(device, &path, bytes).await;
    let answer = post(&clinic.clinician, &half).await;
    assert_eq!(answer.refused(), refusal(Code::ChainInvalid));
    let answer = post(&world.patient.device, &bytes).await;
    assert_eq!(answer.refused(), refusal(Code::NotAllowed));
    for stranger in [&world.foreigner.device, &world.other.clinician] {
        let answer = post(stranger, &bytes).await;
        assert_eq!(answer.refused(), refusal(Code::UnknownChain));
        let answer = world.site.get(stranger, &path).await;
        assert_eq!(answer.refused(), refusal(Code::UnknownChain));
    }
    let garbage = post(&clinic.clinician, b"what").await;
    assert_eq!(garbage.refused(), refusal(Code::MalformedBody));
    let large = post(&clinic.clinician, &vec![0; 64 * 1024 + 1]).await;
    assert_eq!(large.refused(), refusal(Code::BodyTooLarge));
    // Any workstation may carry it there; and once more, in case the answer was lost.
    post(&clinic.desk, &bytes).await.expect(201);
    post(&clinic.clinician, &bytes).await.expect(201);
    let last = judge(clinic, None, &signed).unwrap();
    let rival = sign(&body(clinic, None, Kind::Text), &[&clinic.clinician]);
    let answer = post(&clinic.clinician, &rival.to_bytes()).await;
    assert_eq!(answer.refused(), refusal(Code::ChainConflict));
    let second = sign(&body(clinic, Some(&last), Kind::Text), &[&clinic.clinician]);
    post(&clinic.clinician, &second.to_bytes())
        .await
        .expect(201);
    let readers = [
        &world.patient.device,
        &world.neighbour.device,
        &clinic.desk,
        &clinic.administrator,
    ];
    for reader in readers {
        let page: BulletinPage = world.site.get(reader, &path).await.read();
        let all: Vec<Vec<u8>> = page.bulletins.into_iter().map(Into::into).collect();
        assert_eq!(all, [bytes.clone(), second.to_bytes()]);
        let from = format!("{path}?from=2");
        let page: BulletinPage = world.site.get(reader, &from).await.read();
        assert_eq!((page.bulletins.len(), page.more), (1, false));
    }
    let answer = world.site.anonymous("GET", &path, b"").await;
    assert_eq!(answer.refused(), refusal(Code::SignatureMissing));
}

#[tokio::test]
async fn who_left_is_stopped_though_the_cited_roster_knows_them() {
    let mut clinic = Clinic::new(10);
    let site = Site::new(&[&clinic]);
    site.found(&clinic).await;
    let path = format!("/v1/bulletins/{}", clinic.id());
    let signed = sign(&body(&clinic, None, Kind::Text), &[&clinic.clinician]);
    let gone = clinic.remove_workstation(clinic.clinician.id());
    site.append(&clinic.desk, clinic.id(), &gone)
        .await
        .expect(201);
    let answer = site.post(&clinic.desk, &path, &signed.to_bytes()).await;
    assert_eq!(answer.refused(), refusal(Code::ChainInvalid));
}

/// The one signer chooses what is cited: the time before there was a second one, too.
#[tokio::test]
async fn who_was_alone_once_publishes_no_numbers_alone_by_citing_that_time() {
    let world = World::new().await;
    let clinic = &world.clinic;
    let path = format!("/v1/bulletins/{}", clinic.id());
    let signer = clinic.clinician.id();
    let alone = clinic.statements.iter().find_map(|bytes| {
        let hash = Signed::from_bytes(bytes).unwrap().hash();
        let number = clinic.roster.number_of(hash).unwrap();
        let able = bulletin::signs(&clinic.roster, signer, number).is_some();
        let first = able && !bulletin::needs_second(&clinic.roster, Kind::CrisisNumbers, number);
        first.then_some(hash)
    });
    let body = Body {
        cites: alone.expect("there was such a time"),
        ..body(clinic, None, Kind::CrisisNumbers)
    };
    // A reader who knows nothing else would take it; an honest server does not.
    let one = sign(&body, &[&clinic.clinician]);
    judge(clinic, None, &one).unwrap();
    let answer = world
        .site
        .post(&clinic.clinician, &path, &one.to_bytes())
        .await;
    assert_eq!(answer.refused(), refusal(Code::ChainInvalid));
    let page: BulletinPage = world.site.get(&clinic.desk, &path).await.read();
    assert!(page.bulletins.is_empty());
}
