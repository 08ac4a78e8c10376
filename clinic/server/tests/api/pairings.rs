//! Pairings: made by who is in, answered once, read by who is in, over after seven days.

use clinic_api::http::problem::Code;
use clinic_api::id::{ChainId, InviteLookup};
use clinic_api::message::{NewPairing, PairingAnswer, PairingAnswered, PairingOffer, PairingTerms};
use clinic_api::{limits, wire};

use crate::support::keys::Device;
use crate::support::site::{Answer, Site, refusal};
use crate::support::world::World;

fn pairing(n: u8, chain: ChainId, expires: i64) -> NewPairing {
    NewPairing {
        lookup: InviteLookup([n; 16]),
        offer: wire::encode(&PairingTerms { chain, expires }),
        mac: [n; 32],
    }
}

async fn create(site: &Site, device: &Device, new: &NewPairing) -> Answer {
    site.post(device, "/v1/pairings", &wire::encode(new)).await
}

fn path(new: &NewPairing) -> String {
    format!("/v1/pairings/{}", new.lookup)
}

fn answer(n: u8) -> PairingAnswer {
    PairingAnswer {
        answer: vec![n; 1500],
        mac: [n; 32],
    }
}

async fn send(site: &Site, new: &NewPairing, answer: &PairingAnswer) -> Answer {
    let path = format!("{}/answer", path(new));
    site.anonymous("POST", &path, &wire::encode(answer)).await
}

#[tokio::test]
async fn a_pairing_goes_its_way() {
    let world = World::new().await;
    let site = &world.site;
    let owners = [
        (&world.patient.device, &world.second, world.patient.id()),
        (
            &world.clinic.desk,
            &world.clinic.clinician,
            world.clinic.id(),
        ),
    ];
    for (n, (device, sibling, chain)) in (1..).zip(owners) {
        let new = pairing(n, chain, site.clock_now() + 600);
        for _ in 0..2 {
            create(site, device, &new).await.expect(201);
        }
        let offer: PairingOffer = site.anonymous("GET", &path(&new), b"").await.read();
        assert_eq!((offer.offer, offer.mac), (new.offer.clone(), new.mac));
        let at = format!("{}/answer", path(&new));
        let waiting: PairingAnswered = site.get(sibling, &at).await.read();
        assert_eq!(waiting.answer, None);
        for _ in 0..2 {
            send(site, &new, &answer(n)).await.expect(201);
        }
        let used = refusal(Code::InviteUsed);
        assert_eq!(send(site, &new, &answer(77)).await.refused(), used);
        let again = site.anonymous("GET", &path(&new), b"").await;
        assert_eq!(again.refused(), used);
        // Its end does not take the answer away.
        site.clock.advance(601);
        for who in [device, sibling] {
            let answered: PairingAnswered = site.get(who, &at).await.read();
            assert_eq!(answered.answer, Some(answer(n)));
        }
        let withdraw = format!("{}/withdraw", path(&new));
        for _ in 0..2 {
            site.post(sibling, &withdraw, b"").await.expect(204);
        }
        let gone = refusal(Code::InviteWithdrawn);
        assert_eq!(site.get(device, &at).await.refused(), gone);
        assert_eq!(send(site, &new, &answer(n)).await.refused(), gone);
    }
}

#[tokio::test]
async fn an_expired_pairing_is_over() {
    let world = World::new().await;
    let site = &world.site;
    let new = pairing(1, world.patient.id(), site.clock_now() + 600);
    create(site, &world.patient.device, &new).await.expect(201);
    site.clock.advance(600);
    let gone = refusal(Code::InviteExpired);
    let looked = site.anonymous("GET", &path(&new), b"").await;
    assert_eq!(looked.refused(), gone);
    assert_eq!(send(site, &new, &answer(1)).await.refused(), gone);
    let at = format!("{}/answer", path(&new));
    assert_eq!(site.get(&world.second, &at).await.refused(), gone);
}

#[tokio::test]
async fn a_pairing_is_of_a_chain_that_its_maker_is_in() {
    let world = World::new().await;
    let site = &world.site;
    let soon = site.clock_now() + 600;
    let own = pairing(1, world.patient.id(), soon);
    let cases = [
        (&world.neighbour.device, Code::NotAllowed),
        (&world.clinic.clinician, Code::NotAllowed),
        (&world.removed, Code::DeviceRemoved),
        (&world.stranger, Code::UnknownDevice),
    ];
    for (device, code) in &cases {
        let refused = create(site, device, &own).await;
        assert_eq!(refused.refused(), refusal(*code));
    }
    create(site, &world.patient.device, &own).await.expect(201);
    send(site, &own, &answer(1)).await.expect(201);
    for (device, code) in &cases {
        let code = if *code == Code::NotAllowed {
            Code::UnknownInvite
        } else {
            *code
        };
        let read = site.get(device, &format!("{}/answer", path(&own))).await;
        assert_eq!(read.refused(), refusal(code));
        let withdraw = format!("{}/withdraw", path(&own));
        let refused = site.post(device, &withdraw, b"").await;
        assert_eq!(refused.refused(), refusal(code));
    }
    let taken = pairing(1, world.neighbour.id(), soon);
    let refused = create(site, &world.neighbour.device, &taken).await;
    assert_eq!(refused.refused(), refusal(Code::InviteUsed));
}

#[tokio::test]
async fn a_pairing_lasts_seven_days_at_most() {
    let world = World::new().await;
    let site = &world.site;
    let (chain, now) = (world.patient.id(), site.clock_now());
    let week = limits::INVITE_SECONDS;
    for (expires, code) in [
        (now, Code::InviteExpired),
        (i64::MIN, Code::InviteExpired),
        (now + week + 1, Code::MalformedBody),
        (i64::MAX, Code::MalformedBody),
    ] {
        let refused = create(site, &world.second, &pairing(1, chain, expires)).await;
        assert_eq!(refused.refused(), refusal(code));
    }
    let whole = pairing(1, chain, now + week);
    create(site, &world.second, &whole).await.expect(201);
}

#[tokio::test]
async fn pairings_of_a_chain_are_limited_in_size_and_number() {
    let world = World::new().await;
    let site = &world.site;
    let (chain, soon) = (world.patient.id(), site.clock_now() + 600);
    let large = NewPairing {
        offer: vec![0; limits::PAIRING_BODY],
        ..pairing(1, chain, soon)
    };
    let refused = create(site, &world.second, &large).await;
    assert_eq!(refused.refused(), refusal(Code::BodyTooLarge));
    for n in 0..limits::PAIRINGS {
        let new = pairing(n as u8, chain, soon);
        create(site, &world.second, &new).await.expect(201);
    }
    let full = create(site, &world.second, &pairing(200, chain, soon)).await;
    assert_eq!(full.refused(), refusal(Code::StorageFull));
    let other = pairing(201, world.neighbour.id(), soon);
    create(site, &world.neighbour.device, &other)
        .await
        .expect(201);
    // A week after they ended they make room.
    site.clock.advance(limits::INVITE_SECONDS + 601);
    let more = pairing(200, chain, site.clock_now() + 600);
    create(site, &world.second, &more).await.expect(201);
    let old = site.anonymous("GET", "/v1/pairings/00000000000000000000000000000000", b"");
    assert_eq!(old.await.refused(), refusal(Code::UnknownInvite));
}

#[tokio::test]
async fn what_is_no_answer_uses_nothing_up() {
    let world = World::new().await;
    let site = &world.site;
    let new = pairing(1, world.patient.id(), site.clock_now() + 600);
    create(site, &world.second, &new).await.expect(201);
    let at = format!("{}/answer", path(&new));
    let junk = site.anonymous("POST", &at, b"\xff").await;
    assert_eq!(junk.refused(), refusal(Code::MalformedBody));
    let large = PairingAnswer {
        answer: vec![0; limits::PAIRING_BODY],
        mac: [0; 32],
    };
    let large = send(site, &new, &large).await;
    assert_eq!(large.refused(), refusal(Code::BodyTooLarge));
    send(site, &new, &answer(1)).await.expect(201);
}
