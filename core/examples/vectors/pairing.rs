//! A pairing: its code, what is offered and answered, and all that derives from them.

use clinic_api::chain::patient::CONSENT;
use clinic_api::crypto;
use clinic_api::message::{NewPairing, PairingAnswer, PairingAnswered, PairingOffer};
use clinic_api::wire;
use companion_core::space::pairing::{PairingCode, PairingPlace, PairingSecret, digits};
use companion_core::sync::pairing::{Answered, Offered, PairingKind};
use serde_json::{Value, json};

use super::world::World;
use super::{fixed, hex};

/// The tablet answers the phone, as if it were to come in after the last statement.
pub fn pairing(world: &World) -> Value {
    let secret = PairingSecret::generate(&fixed::env("pairing"));
    let tip = world.patient.tip();
    let offered = Offered {
        kind: PairingKind::PatientDevice,
        chain: world.patient.id(),
        number: tip.number,
        hash: tip.hash,
        roster: Some(world.roster.id()),
        root: Some(world.roster.root_id()),
        expires: fixed::NOW_MS / 1000 + 86_400,
        person: None,
    };
    let offer = wire::encode(&offered);
    let id = world.tablet.id();
    let parts: [&[u8]; 3] = [&offered.chain.0, &tip.hash.0, &id.0];
    let answer = wire::encode(&Answered {
        keys: world.tablet.keys().clone(),
        consent: world.tablet.log().sign(&crypto::to_sign(CONSENT, &parts)),
        name: "Tablet".to_owned(),
    });
    let place = PairingPlace {
        tip,
        root: world.roster.root_id(),
        server: "https://clinic.example:8443".to_owned(),
    };
    let (offer_mac, answer_mac) = (secret.offer_mac(&offer), secret.answer_mac(&offer, &answer));
    let made = NewPairing {
        lookup: secret.lookup(),
        offer: offer.clone(),
        mac: offer_mac,
    };
    let shown = PairingOffer {
        offer: offer.clone(),
        mac: offer_mac,
    };
    let answered = PairingAnswer {
        answer: answer.clone(),
        mac: answer_mac,
    };
    let digits = digits(secret.lookup(), &offer, &answer).unwrap();
    json!({
        "secret": hex(secret.expose()),
        "text": secret.text(),
        "qr": PairingCode::qr(&secret, &place),
        "server": place.server,
        "lookup": hex(secret.lookup()),
        "offer": hex(&offer),
        "offer_mac": hex(offer_mac),
        "device": "tablet",
        "name": "Tablet",
        "answer": hex(&answer),
        "answer_mac": hex(answer_mac),
        "digits": digits.to_string(),
        "messages": {
            "new_pairing": hex(wire::encode(&made)),
            "pairing_offer": hex(wire::encode(&shown)),
            "pairing_answer": hex(wire::encode(&answered)),
            "pairing_answered": hex(wire::encode(&PairingAnswered { answer: Some(answered) })),
            "not_answered": hex(wire::encode(&PairingAnswered { answer: None })),
        },
    })
}
