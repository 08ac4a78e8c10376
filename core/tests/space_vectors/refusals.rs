//! What this implementation says to a forgery, in the words of the file.

use clinic_api::chain::{ChainError, Signed};
use clinic_api::http::authority::{Authority, Scheme};
use clinic_api::http::digest::ContentDigest;
use clinic_api::http::problem::Code;
use clinic_api::http::request::Parts;
use clinic_api::http::signature::{Presented, WINDOW};
use clinic_api::id::MemberId;
use clinic_api::log::{Cites, Header, Run, RunError};
use clinic_api::member::Wrap;
use clinic_api::wire::WireError;
use companion_core::space::invite::{InviteCode, InviteError};
use companion_core::space::{SpaceError, epoch, pad};
use serde_json::Value;

use super::reader::{File, bytes, text};

pub fn title(case: &Value) -> String {
    format!("{} {} {}", case["kind"], case["chain"], case["name"])
}

pub fn refusal(file: &File, case: &Value) -> &'static str {
    match case["kind"].as_str().unwrap() {
        "statement" => chain_word(statement(file, case)),
        "epoch" => {
            let space = file.space(case["space"].as_str().unwrap());
            let mut chain = space.epochs_upto(number(&case["after"]));
            let next = Signed::from_bytes(&bytes(&case["statement"])).unwrap();
            chain_word(chain.append(space.parties(), &next))
        }
        "run" => run_word(run(file, case)),
        "frame" => space_word(frame(file, case)),
        "wrap" => space_word(wrap(file, case)),
        "padding" => space_word(pad::unpad(&bytes(&case["padded"])).map(drop)),
        "invite" => match InviteCode::parse(case["text"].as_str().unwrap()) {
            Ok(_) => "accepted",
            Err(InviteError::Shape) => "shape",
            Err(InviteError::Checksum) => "checksum",
            Err(InviteError::NotOurs) => "not-ours",
            Err(_) => "unknown",
        },
        "request" => match request(file, &case["request"]) {
            Ok(()) => "accepted",
            Err(code) => code.as_str(),
        },
        other => panic!("a kind of forgery that nobody knows: {other}"),
    }
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn statement(file: &File, case: &Value) -> Result<(), ChainError> {
    let next = Signed::from_bytes(&bytes(&case["statement"]))?;
    let after = number(&case["after"]);
    match (case["chain"].as_str().unwrap(), after) {
        ("patient", 0) => clinic_api::chain::patient::PatientChain::found(&next).map(drop),
        ("patient", _) => file.patient_upto(after).append(&next),
        (_, 0) => clinic_api::chain::roster::Roster::found(&next).map(drop),
        (_, _) => file.roster_upto(after).append(&next),
    }
}

fn run(file: &File, case: &Value) -> Result<(), RunError> {
    let space = file.space(case["space"].as_str().unwrap());
    let run = Run::from_bytes(&bytes(&case["run"]))?;
    let log = space.log(file, number(&case["log"]), number(&case["after"]));
    run.verify(space.id, log.tip.as_ref(), &log.key).map(drop)
}

fn header(raw: &[u8]) -> Option<Header> {
    // Version and suite are no inputs: this version makes no header of another.
    let id = |at: usize| raw[at..at + 32].try_into().unwrap();
    let cites = Cites {
        epoch: clinic_api::id::StatementHash(id(58)),
        patient: clinic_api::id::StatementHash(id(90)),
        roster: clinic_api::id::StatementHash(id(122)),
    };
    let log = clinic_api::id::LogId(raw[2..18].try_into().unwrap());
    let number = u64::from_be_bytes(raw[18..26].try_into().unwrap());
    let previous = clinic_api::id::HeaderHash(id(26));
    let made = Header::new(log, number, previous, &cites, id(154));
    (made.as_bytes().as_slice() == raw).then_some(made)
}

fn frame(file: &File, case: &Value) -> Result<(), SpaceError> {
    let space = file.space(case["space"].as_str().unwrap());
    let header = header(&bytes(&case["header"])).ok_or(SpaceError::DoesNotOpen)?;
    let body = bytes(&case["body"]);
    space
        .open(file, number(&case["epoch"]), &header, &body)
        .map(drop)
}

fn wrap(file: &File, case: &Value) -> Result<(), SpaceError> {
    let space = file.space(case["space"].as_str().unwrap());
    let mut record = space.chain.all()[number(&case["epoch"])].clone();
    let json = &case["wrap"];
    record.step.wraps = vec![Wrap {
        recipient: MemberId::try_from(bytes(&json["recipient"]).as_slice()).unwrap(),
        enc: bytes(&json["enc"]),
        sealed: bytes(&json["sealed"]),
    }];
    let device = file.device(case["device"].as_str().unwrap());
    epoch::open(&record, &[device.reader()]).map(drop)
}

fn request(file: &File, json: &Value) -> Result<(), Code> {
    let ours = Authority::parse(Scheme::Https, "clinic.example").unwrap();
    let field = |name: &str| text(&json[name]);
    let presented = Presented::parse(&[&field("signature_input")], &[&field("signature")])
        .map_err(|e| e.code())?;
    let digest = ContentDigest::parse(&[&field("content_digest")]).map_err(|e| e.code())?;
    let authority = Authority::parse(Scheme::Https, &field("host")).map_err(|e| e.code())?;
    if authority != ours {
        return Err(Code::WrongAuthority);
    }
    let (path, query) = (field("path"), field("query"));
    let parts = Parts {
        method: json["method"].as_str().unwrap(),
        authority: &authority,
        path: &path,
        query: Some(&query),
        content_digest: &digest,
    };
    let device = file.device(json["device"].as_str().unwrap());
    assert_eq!(presented.key_id(), device.id().as_bytes());
    let now = json["now"].as_i64().unwrap();
    presented
        .verify(&parts, &device.keys().request, now, WINDOW)
        .map_err(|e| e.code())?;
    digest.verify(&bytes(&json["body"])).map_err(|e| e.code())
}

fn chain_word(result: Result<(), ChainError>) -> &'static str {
    match result {
        Ok(()) => "accepted",
        Err(ChainError::Wire(e)) => wire_word(e),
        Err(ChainError::WrongKind) => "wrong-kind",
        Err(ChainError::NotNext) => "not-next",
        Err(ChainError::BadSignature) => "bad-signature",
        Err(ChainError::NotAllowed) => "not-allowed",
        Err(ChainError::Rule(_)) => "rule",
        Err(_) => "unknown",
    }
}

fn run_word(result: Result<(), RunError>) -> &'static str {
    match result {
        Ok(()) => "accepted",
        Err(RunError::Wire(e)) => wire_word(e),
        Err(RunError::TooManyFrames) => "too-many-frames",
        Err(RunError::FrameLength) => "frame-length",
        Err(RunError::WrongLog) => "wrong-log",
        Err(RunError::Gap) => "gap",
        Err(RunError::Conflict) => "conflict",
        Err(RunError::FramesDoNotFit) => "frames-do-not-fit",
        Err(RunError::BadSignature) => "bad-signature",
        Err(_) => "unknown",
    }
}

fn space_word(result: Result<(), SpaceError>) -> &'static str {
    match result {
        Ok(()) => "accepted",
        Err(SpaceError::DoesNotOpen) => "does-not-open",
        Err(SpaceError::WrongCommitment) => "wrong-commitment",
        Err(SpaceError::NotAFrame) => "not-a-frame",
        Err(SpaceError::NotAMember) => "not-a-member",
        Err(_) => "unknown",
    }
}

fn wire_word(error: WireError) -> &'static str {
    match error {
        WireError::Malformed => "malformed",
        WireError::Trailing => "trailing",
        WireError::Unsupported => "unsupported",
        WireError::TooLarge => "too-large",
        _ => "unknown",
    }
}
