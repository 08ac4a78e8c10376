//! What is refused of a pairing that somebody bent on its way.

#![allow(
    clippy::unwrap_used,
    reason = "test code: it stops at the first surprise"
)]

use clinic_api::id::PersonId;

use super::*;
use crate::space::keys::Seed;
use crate::space::pairing::PairingPlace;

fn device(n: u8) -> DeviceSecrets {
    let seed = |m| Seed::new([n ^ m; 32]);
    DeviceSecrets::from_seeds(seed(1), seed(2), seed(3)).unwrap()
}

fn secret() -> PairingSecret {
    PairingSecret::from_bytes([7; 16])
}

fn offered(kind: PairingKind) -> Offered {
    Offered {
        kind,
        chain: ChainId([1; 32]),
        number: 4,
        hash: StatementHash([2; 32]),
        roster: Some(ChainId([3; 32])),
        root: Some(MemberId([4; 32])),
        expires: 1_000,
        person: (kind == PairingKind::Workstation).then_some(PersonId([5; 16])),
    }
}

fn given(offered: &Offered) -> PairingOffer {
    let offer = wire::encode(offered);
    let mac = secret().offer_mac(&offer);
    PairingOffer { offer, mac }
}

fn code(change: impl FnOnce(&mut PairingPlace)) -> PairingCode {
    let mut place = PairingPlace {
        tip: offered(PairingKind::PatientDevice).tip(),
        root: MemberId([4; 32]),
        server: "https://clinic.example".to_owned(),
    };
    change(&mut place);
    PairingCode {
        secret: secret(),
        place: Some(place),
    }
}

const FORGED: SyncError = SyncError::Pairing(PairingError::Forged);

#[test]
fn an_offer_that_is_not_by_the_code_is_refused() {
    let patient = PairingKind::PatientDevice;
    let good = given(&offered(patient));
    assert!(check(&code(|_| ()), patient, &good).is_ok());
    let typed = PairingCode {
        secret: secret(),
        place: None,
    };
    assert!(check(&typed, patient, &good).is_ok());
    let mut bent = good.clone();
    bent.offer = wire::encode(&Offered {
        chain: ChainId([9; 32]),
        ..offered(patient)
    });
    let other = PairingCode {
        secret: PairingSecret::from_bytes([8; 16]),
        place: None,
    };
    let workstation = given(&offered(PairingKind::Workstation));
    for (name, code, offer) in [
        ("another chain", typed.clone(), &bent),
        ("another secret", other, &good),
        ("another kind", typed, &workstation),
        ("another end", code(|p| p.tip.hash.0 = [9; 32]), &good),
        ("another number", code(|p| p.tip.number = 3), &good),
        ("another root", code(|p| p.root.0 = [9; 32]), &good),
    ] {
        assert_eq!(check(&code, patient, offer).err(), Some(FORGED), "{name}");
    }
}

#[test]
fn an_answer_that_is_not_by_the_new_device_is_refused() {
    for kind in [PairingKind::PatientDevice, PairingKind::Workstation] {
        let fetched = Fetched {
            offered: offered(kind),
            bytes: wire::encode(&offered(kind)),
        };
        let prepared = prepare(&secret(), &fetched, &device(10), " Tablet ").unwrap();
        let answer: PairingAnswer = wire::decode(&prepared.body).unwrap();
        let checked = check_answer(&secret(), &fetched.bytes, &answer).unwrap();
        assert_eq!(checked.answered.name, "Tablet");
        assert_eq!(checked.digits, prepared.digits);
        let sealed = |change: &dyn Fn(&mut Answered)| {
            let mut answered: Answered = wire::decode(&answer.answer).unwrap();
            change(&mut answered);
            let bytes = wire::encode(&answered);
            let mac = secret().answer_mac(&fetched.bytes, &bytes);
            PairingAnswer { answer: bytes, mac }
        };
        let other_offer = wire::encode(&Offered {
            expires: 2_000,
            ..offered(kind)
        });
        let refused = |offer: &[u8], answer: &PairingAnswer, name: &str| {
            let found = check_answer(&secret(), offer, answer).err();
            assert_eq!(found, Some(FORGED), "{name}");
        };
        refused(&other_offer, &answer, "another offer");
        let bent = PairingAnswer {
            mac: [0; 32],
            ..answer.clone()
        };
        refused(&fetched.bytes, &bent, "no MAC");
        let keys = device(20).keys().clone();
        let stolen = sealed(&|a| a.keys = keys.clone());
        refused(&fetched.bytes, &stolen, "others' keys");
        let short = sealed(&|a| a.keys.kem.truncate(100));
        refused(&fetched.bytes, &short, "keys of the wrong shape");
        refused(&fetched.bytes, &sealed(&|a| a.name.clear()), "no name");
        let long = sealed(&|a| a.name = "n".repeat(201));
        refused(&fetched.bytes, &long, "a long name");
        // A consent to be a patient's device is none to be a workstation, and the other way.
        let label = match kind {
            PairingKind::PatientDevice => roster::CONSENT,
            PairingKind::Workstation => patient::CONSENT,
        };
        let id = device(10).id();
        let parts: [&[u8]; 3] = [&[1; 32], &[2; 32], &id.0];
        let consent = device(10).log().sign(&crypto::to_sign(label, &parts));
        let wrong = sealed(&|a| a.consent = consent);
        refused(&fetched.bytes, &wrong, "another consent");
    }
}

#[test]
fn a_device_has_a_name() {
    let patient = PairingKind::PatientDevice;
    let fetched = Fetched {
        offered: offered(patient),
        bytes: wire::encode(&offered(patient)),
    };
    for name in ["", "  ", &"ä".repeat(101)] {
        let refused = prepare(&secret(), &fetched, &device(10), name).err();
        assert_eq!(refused, Some(PairingError::Name.into()));
    }
}
