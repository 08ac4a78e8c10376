//! Founding a clinic.

use clinic_api::http::problem::Code;
use clinic_api::limits;
use clinic_api::message::{ChainPage, Statements};
use clinic_api::wire;

use crate::support::clinic::Clinic;
use crate::support::keys::Device;
use crate::support::site::{Site, refusal};

fn statements(of: &[Vec<u8>]) -> Vec<u8> {
    wire::encode(&Statements {
        statements: of.iter().cloned().map(Into::into).collect(),
    })
}

#[tokio::test]
async fn a_clinic_is_founded_once_and_the_same_again_is_no_error() {
    let mut clinic = Clinic::new(10);
    let site = Site::new(&[&clinic]);
    let first = clinic.founding();
    site.found(&clinic).await;
    site.post(&clinic.desk, "/v1/rosters", &first)
        .await
        .expect(201);
    let more = clinic.add_person(9, clinic_api::member::Role::FrontDesk);
    site.append(&clinic.desk, clinic.id(), &more)
        .await
        .expect(201);
    site.post(&clinic.desk, "/v1/rosters", &first)
        .await
        .expect(201);
    let path = format!("/v1/chains/{}", clinic.id());
    let page: ChainPage = site.get(&clinic.desk, &path).await.read();
    assert_eq!(page.statements.len(), clinic.statements.len());
    let mut other = Clinic::new(10);
    other.add_person(8, clinic_api::member::Role::Clinician);
    assert_eq!(other.id(), clinic.id());
    let answer = site
        .post(&clinic.desk, "/v1/rosters", &other.founding())
        .await;
    assert_eq!(answer.refused(), refusal(Code::ChainConflict));
}

#[tokio::test]
async fn only_the_operators_clinics_are_founded() {
    let (clinic, stranger) = (Clinic::new(10), Clinic::new(30));
    let site = Site::new(&[&clinic]);
    let answer = site
        .post(&stranger.clinician, "/v1/rosters", &stranger.founding())
        .await;
    assert_eq!(answer.refused(), refusal(Code::NotAllowed));
    let path = format!("/v1/chains/{}", stranger.id());
    let answer = site.get(&stranger.clinician, &path).await;
    assert_eq!(answer.refused(), refusal(Code::UnknownDevice));
}

#[tokio::test]
async fn the_request_is_signed_by_a_workstation_of_the_roster() {
    let mut clinic = Clinic::new(10);
    let site = Site::new(&[&clinic]);
    let body = clinic.founding();
    let anonymous = site.anonymous("POST", "/v1/rosters", &body).await;
    assert_eq!(anonymous.refused(), refusal(Code::SignatureMissing));
    let stranger = site.post(&Device::new(99), "/v1/rosters", &body).await;
    assert_eq!(stranger.refused(), refusal(Code::UnknownDevice));
    let mut forged = Device::new(98);
    forged.keys = clinic.desk.keys.clone();
    let answer = site.post(&forged, "/v1/rosters", &body).await;
    assert_eq!(answer.refused(), refusal(Code::SignatureInvalid));
    let desk = Device::new(11);
    clinic.remove_workstation(desk.id());
    let answer = site.post(&desk, "/v1/rosters", &clinic.founding()).await;
    assert_eq!(answer.refused(), refusal(Code::UnknownDevice));
}

#[tokio::test]
async fn what_is_no_roster_is_refused() {
    let clinic = Clinic::new(10);
    let site = Site::new(&[&clinic]);
    let all = &clinic.statements;
    let mut swapped = all.clone();
    swapped.swap(1, 2);
    let mut flipped = all.clone();
    *flipped[2].last_mut().unwrap() ^= 1;
    let patient = crate::support::patient::Patient::of(&clinic, 50);
    let cases = [
        ("no body", Vec::new(), Code::MalformedBody),
        ("no statement", statements(&[]), Code::MalformedBody),
        (
            "truncated",
            clinic.founding()[..500].to_vec(),
            Code::MalformedBody,
        ),
        ("not the first", statements(&all[1..]), Code::ChainConflict),
        ("swapped", statements(&swapped), Code::ChainConflict),
        ("flipped", statements(&flipped), Code::ChainInvalid),
        (
            "a patient's",
            statements(&patient.statements),
            Code::ChainInvalid,
        ),
        (
            "too large",
            vec![0; limits::FOUNDING + 1],
            Code::BodyTooLarge,
        ),
    ];
    for (name, body, code) in cases {
        let answer = site.post(&clinic.clinician, "/v1/rosters", &body).await;
        assert_eq!(answer.refused(), refusal(code), "{name}");
    }
    site.found(&clinic).await;
}

#[tokio::test]
async fn other_statements_than_those_that_were_signed_are_refused() {
    let clinic = Clinic::new(10);
    let site = Site::new(&[&clinic]);
    let signed = statements(&clinic.statements[..8]);
    let headers = site
        .signer(&clinic.clinician)
        .headers("POST", "/v1/rosters", &signed);
    let sent = clinic.founding();
    let answer = site.raw("POST", "/v1/rosters", &headers, &sent).await;
    assert_eq!(answer.refused(), refusal(Code::DigestMismatch));
    site.raw("POST", "/v1/rosters", &headers, &signed)
        .await
        .expect(201);
}
