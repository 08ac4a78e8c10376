//! Invites, from the first offer to being in, or out.

use clinic_api::http::problem::Code;
use clinic_api::id::InviteLookup;
use clinic_api::limits;
use clinic_api::message::{Claim, InviteOffer, InviteState, Invites, NewInvite, Offer, Pull};
use clinic_api::space::SpaceKind;
use clinic_api::wire;

use crate::support::clinic::Clinic;
use crate::support::keys::Device;
use crate::support::patient::Patient;
use crate::support::site::{Answer, Site, refusal};

async fn founded() -> (Site, Clinic) {
    let clinic = Clinic::new(10);
    let site = Site::new(&[&clinic]);
    site.found(&clinic).await;
    (site, clinic)
}

async fn create(site: &Site, device: &Device, invite: &NewInvite) -> Answer {
    site.post(device, "/v1/invites", &wire::encode(invite))
        .await
}

async fn claim(site: &Site, lookup: InviteLookup, body: &[u8]) -> Answer {
    let path = format!("/v1/invites/{lookup}/claim");
    site.anonymous("POST", &path, body).await
}

async fn states(site: &Site, device: &Device) -> Vec<InviteState> {
    let invites: Invites = site.get(device, "/v1/invites").await.read();
    invites.invites.into_iter().map(|i| i.state).collect()
}

#[tokio::test]
async fn an_invite_goes_its_way() {
    let (site, clinic) = founded().await;
    let patient = Patient::of(&clinic, 50);
    let invite = clinic.invite(1, site.clock_now() + 600);
    create(&site, &clinic.desk, &invite).await.expect(201);
    assert_eq!(
        states(&site, &clinic.clinician).await,
        [InviteState::Waiting]
    );
    let path = format!("/v1/invites/{}", invite.lookup);
    let offer: InviteOffer = site.anonymous("GET", &path, b"").await.read();
    assert_eq!((offer.offer, offer.mac), (invite.offer.clone(), invite.mac));
    claim(&site, invite.lookup, &patient.claim())
        .await
        .expect(201);
    let listed: Invites = site.get(&clinic.desk, "/v1/invites").await.read();
    let record = &listed.invites[0];
    assert_eq!(record.state, InviteState::Claimed);
    assert_eq!(record.expires, site.clock_now() + 600);
    let expected: Claim = wire::decode(&patient.claim()).unwrap();
    assert_eq!(record.claim, Some(expected));
    // Seven days do not end what was claimed.
    site.clock.advance(601);
    let admit = format!("{path}/admit");
    site.post(&clinic.desk, &admit, b"").await.expect(204);
    site.post(&clinic.clinician, &admit, b"").await.expect(204);
    assert_eq!(states(&site, &clinic.desk).await, [InviteState::Admitted]);
    let withdraw = format!("{path}/withdraw");
    let answer = site.post(&clinic.desk, &withdraw, b"").await;
    assert_eq!(answer.refused(), refusal(Code::NotAllowed));
    let own = format!("/v1/chains/{}", patient.id());
    site.get(&patient.device, &own).await.expect(200);
}

#[tokio::test]
async fn the_first_claim_wins() {
    let (site, clinic) = founded().await;
    let (first, second) = (Patient::of(&clinic, 50), Patient::of(&clinic, 51));
    let invite = clinic.invite(1, site.clock_now() + 600);
    create(&site, &clinic.desk, &invite).await.expect(201);
    claim(&site, invite.lookup, &first.claim())
        .await
        .expect(201);
    claim(&site, invite.lookup, &first.claim())
        .await
        .expect(201);
    let answer = claim(&site, invite.lookup, &second.claim()).await;
    assert_eq!(answer.refused(), refusal(Code::InviteUsed));
    let path = format!("/v1/invites/{}", invite.lookup);
    let answer = site.anonymous("GET", &path, b"").await;
    assert_eq!(answer.refused(), refusal(Code::InviteUsed));
    site.clock.advance(3600);
    claim(&site, invite.lookup, &first.claim())
        .await
        .expect(201);
    let other = clinic.invite(2, site.clock_now() + 600);
    create(&site, &clinic.desk, &other).await.expect(201);
    let answer = claim(&site, other.lookup, &first.claim()).await;
    assert_eq!(answer.refused(), refusal(Code::ChainConflict));
    claim(&site, other.lookup, &second.claim())
        .await
        .expect(201);
}

#[tokio::test]
async fn an_expired_invite_is_over() {
    let (site, clinic) = founded().await;
    let patient = Patient::of(&clinic, 50);
    let invite = clinic.invite(1, site.clock_now() + 600);
    create(&site, &clinic.desk, &invite).await.expect(201);
    let path = format!("/v1/invites/{}", invite.lookup);
    site.clock.advance(599);
    site.anonymous("GET", &path, b"").await.expect(200);
    site.clock.advance(1);
    let gone = refusal(Code::InviteExpired);
    assert_eq!(site.anonymous("GET", &path, b"").await.refused(), gone);
    let answer = claim(&site, invite.lookup, &patient.claim()).await;
    assert_eq!(answer.refused(), gone);
    assert_eq!(states(&site, &clinic.desk).await, [InviteState::Expired]);
    let admit = site.post(&clinic.desk, &format!("{path}/admit"), b"").await;
    assert_eq!(admit.refused(), gone);
}

#[tokio::test]
async fn a_withdrawn_invite_is_over() {
    let (site, clinic) = founded().await;
    let patient = Patient::of(&clinic, 50);
    let invite = clinic.invite(1, site.clock_now() + 600);
    create(&site, &clinic.desk, &invite).await.expect(201);
    let path = format!("/v1/invites/{}", invite.lookup);
    let admit = format!("{path}/admit");
    let early = site.post(&clinic.desk, &admit, b"").await;
    assert_eq!(early.refused(), refusal(Code::NotAllowed));
    let withdraw = format!("{path}/withdraw");
    site.post(&clinic.desk, &withdraw, b"").await.expect(204);
    site.post(&clinic.desk, &withdraw, b"").await.expect(204);
    let gone = refusal(Code::InviteWithdrawn);
    assert_eq!(site.anonymous("GET", &path, b"").await.refused(), gone);
    let answer = claim(&site, invite.lookup, &patient.claim()).await;
    assert_eq!(answer.refused(), gone);
    let answer = site.post(&clinic.desk, &admit, b"").await;
    assert_eq!(answer.refused(), gone);
    assert_eq!(states(&site, &clinic.desk).await, [InviteState::Withdrawn]);
}

#[tokio::test]
async fn withdrawing_a_claimed_invite_shuts_its_devices_out() {
    let (site, clinic) = founded().await;
    let patient = Patient::of(&clinic, 50);
    let path = site.claimed(&clinic, &patient, 1).await;
    let pull = wire::encode(&Pull { have: Vec::new() });
    let own = format!("/v1/spaces/{}/pull", patient.space(SpaceKind::Private));
    site.post(&patient.device, &own, &pull).await.expect(200);
    let withdraw = format!("{path}/withdraw");
    site.post(&clinic.desk, &withdraw, b"").await.expect(204);
    let answer = site.post(&patient.device, &own, &pull).await;
    assert_eq!(answer.refused(), refusal(Code::UnknownDevice));
    let again = site
        .anonymous("POST", &format!("{path}/claim"), &patient.claim())
        .await;
    assert_eq!(again.refused(), refusal(Code::InviteWithdrawn));

    // Taken back by mistake, or because of digits that were misheard: a new invite mends it.
    let path = site.claimed(&clinic, &patient, 2).await;
    site.post(&patient.device, &own, &pull).await.expect(200);
    let admit = format!("{path}/admit");
    site.post(&clinic.desk, &admit, b"").await.expect(204);
    let third = clinic.invite(3, site.clock_now() + 600);
    create(&site, &clinic.desk, &third).await.expect(201);
    let taken = claim(&site, third.lookup, &patient.claim()).await;
    assert_eq!(taken.refused(), refusal(Code::ChainConflict));
}

#[tokio::test]
async fn an_offer_is_of_its_own_clinic_and_ends_within_seven_days() {
    let (site, clinic) = founded().await;
    let stranger = Clinic::new(30);
    let now = site.clock_now();
    let offer = |change: &dyn Fn(&mut Offer)| {
        let mut offer = clinic.offer(now + 600);
        change(&mut offer);
        NewInvite {
            offer: wire::encode(&offer),
            ..clinic.invite(1, 0)
        }
    };
    let week = limits::INVITE_SECONDS;
    let cases = [
        (
            "another roster",
            offer(&|o| o.roster = stranger.id()),
            Code::NotAllowed,
        ),
        (
            "another root",
            offer(&|o| o.root = stranger.root_id()),
            Code::NotAllowed,
        ),
        ("over", offer(&|o| o.expires = now), Code::InviteExpired),
        (
            "before 1970",
            offer(&|o| o.expires = i64::MIN),
            Code::InviteExpired,
        ),
        (
            "too long",
            offer(&|o| o.expires = now + week + 1),
            Code::MalformedBody,
        ),
        (
            "forever",
            offer(&|o| o.expires = i64::MAX),
            Code::MalformedBody,
        ),
        (
            "no name",
            offer(&|o| o.clinic = " ".to_owned()),
            Code::MalformedBody,
        ),
        (
            "a long name",
            offer(&|o| o.clinic = "x".repeat(201)),
            Code::MalformedBody,
        ),
    ];
    for (name, invite, code) in cases {
        let answer = create(&site, &clinic.desk, &invite).await;
        assert_eq!(answer.refused(), refusal(code), "{name}");
    }
    let junk = NewInvite {
        offer: vec![0xff; 20],
        ..clinic.invite(1, 0)
    };
    let answer = create(&site, &clinic.desk, &junk).await;
    assert_eq!(answer.refused(), refusal(Code::MalformedBody));
    let large = NewInvite {
        offer: vec![0; limits::INVITE_BODY],
        ..clinic.invite(1, 0)
    };
    let answer = create(&site, &clinic.desk, &large).await;
    assert_eq!(answer.refused(), refusal(Code::BodyTooLarge));
    let longest = offer(&|o| o.expires = now + week);
    create(&site, &clinic.desk, &longest).await.expect(201);
    create(&site, &clinic.desk, &longest).await.expect(201);
    let other = offer(&|o| o.expires = now + 60);
    let answer = create(&site, &clinic.desk, &other).await;
    assert_eq!(answer.refused(), refusal(Code::InviteUsed));
}

#[tokio::test]
async fn a_claim_brings_a_chain_that_verifies_and_joined_this_clinic() {
    let (site, clinic) = founded().await;
    let stranger = Clinic::new(30);
    let invite = clinic.invite(1, site.clock_now() + 600);
    create(&site, &clinic.desk, &invite).await.expect(201);
    let good = Patient::of(&clinic, 50);
    let body = |statements: &[Vec<u8>]| {
        wire::encode(&Claim {
            statements: statements.iter().cloned().map(Into::into).collect(),
            mac: [5; 32],
        })
    };
    let mut flipped = good.statements.clone();
    *flipped[1].last_mut().unwrap() ^= 1;
    let mut moved_on = Patient::of(&clinic, 50);
    moved_on.join(&stranger);
    let all = &good.statements;
    let cases = [
        ("no body", Vec::new(), Code::MalformedBody),
        ("no statement", body(&[]), Code::MalformedBody),
        ("text", b"claim=1".to_vec(), Code::MalformedBody),
        (
            "truncated",
            good.claim()[..900].to_vec(),
            Code::MalformedBody,
        ),
        (
            "too large",
            vec![0; limits::INVITE_BODY + 1],
            Code::BodyTooLarge,
        ),
        ("no clinic", body(&all[..1]), Code::ChainInvalid),
        (
            "another clinic",
            Patient::of(&stranger, 50).claim(),
            Code::ChainInvalid,
        ),
        ("moved on", moved_on.claim(), Code::ChainInvalid),
        ("flipped", body(&flipped), Code::ChainInvalid),
        ("not the first", body(&all[1..]), Code::ChainConflict),
        ("a roster", body(&clinic.statements), Code::ChainInvalid),
    ];
    for (name, body, code) in cases {
        let answer = claim(&site, invite.lookup, &body).await;
        assert_eq!(answer.refused(), refusal(code), "{name}");
    }
    // None of that used the invite up.
    claim(&site, invite.lookup, &good.claim()).await.expect(201);
}

#[tokio::test]
async fn what_is_no_invite_is_unknown() {
    let (site, clinic) = founded().await;
    let patient = Patient::of(&clinic, 50);
    let unknown = refusal(Code::UnknownInvite);
    for lookup in ["00", &"0".repeat(32), "%27--", &"g".repeat(32), "%ff%fe"] {
        let path = format!("/v1/invites/{lookup}");
        let offer = site.anonymous("GET", &path, b"").await;
        assert_eq!(offer.refused(), unknown, "{lookup}");
        let body = patient.claim();
        let claimed = site
            .anonymous("POST", &format!("{path}/claim"), &body)
            .await;
        assert_eq!(claimed.refused(), unknown, "{lookup}");
        for verb in ["admit", "withdraw"] {
            let answer = site
                .post(&clinic.desk, &format!("{path}/{verb}"), b"")
                .await;
            assert_eq!(answer.refused(), unknown, "{lookup}");
        }
    }
}
