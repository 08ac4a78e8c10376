//! The sentences that people read about who is in and who is out.
//!
//! They say what a change means for whoever reads, and promise nothing that isn't kept: who was
//! put out reads nothing new, and keeps what they read.

use clinic_api::id::DeviceId;
use clinic_api::member::{Role, Team};

use super::change::What;

/// What somebody of that role is, after "joined".
fn as_what(role: Role) -> &'static str {
    match role {
        Role::Administrator => "the clinic as an administrator",
        Role::Clinician => "the care team",
        Role::FrontDesk => "the front desk",
    }
}

/// Where somebody of that role is.
fn place(role: Role) -> &'static str {
    match role {
        Role::Administrator => "administration",
        Role::Clinician => "the care team",
        Role::FrontDesk => "the front desk",
    }
}

fn cares(role: Role) -> bool {
    Team::Care.includes(role)
}

/// The first eight characters of a device's name: enough to tell a few apart.
pub fn short(device: DeviceId) -> String {
    device.to_string().chars().take(8).collect()
}

/// A change of the roster or of the own chain, for the patient. None where it means nothing to them.
///
/// `clinic` is the clinic's name; `device` names a device as its owner knows it.
pub fn for_patient(
    what: &What,
    clinic: &str,
    device: impl Fn(DeviceId) -> String,
) -> Option<String> {
    Some(match what {
        What::PersonJoined { name, role, .. } if cares(*role) => format!(
            "{name} joined the care team and can read what you share, all of it since you joined."
        ),
        What::PersonJoined { name, role, .. } => format!(
            "{name} joined {} and can see who you are and your appointments, nothing that you \
             write.",
            as_what(*role)
        ),
        What::RoleChanged {
            name, before, now, ..
        } => {
            let moved = format!("{name} moved from {} to {}", place(*before), place(*now));
            match (cares(*before), cares(*now)) {
                (false, true) => {
                    format!("{moved} and can read what you share, all of it since you joined.")
                }
                (true, false) => format!(
                    "{moved}. They can read nothing new of what you share; what they have read, \
                     they have read."
                ),
                (true, true) | (false, false) => {
                    format!("{moved}. What they can see of you stays the same.")
                }
            }
        }
        What::PersonLeft { name, role, .. } if cares(*role) => format!(
            "{name} left the clinic. They can read nothing new of what you share; what they have \
             read, they have read."
        ),
        What::PersonLeft { name, .. } => {
            format!("{name} left the clinic and can see nothing new of you.")
        }
        What::WorkstationAdded { first: true, .. } => return None,
        What::WorkstationAdded { name, role, .. } if cares(*role) => format!(
            "{name} has another computer at the clinic. What you share can be read there, too."
        ),
        What::WorkstationAdded { name, .. } => format!(
            "{name} has another computer at the clinic. Who you are and your appointments can be \
             seen there, too."
        ),
        What::WorkstationRemoved { name, .. } => format!(
            "A computer of {name}'s at the clinic was put out. It gets nothing new; what was read \
             there, was read."
        ),
        What::ClinicJoined { .. } => format!(
            "You joined {clinic}. Its care team can read what you share; its front desk can see \
             who you are and your appointments."
        ),
        What::DeviceAdded { device: id } => format!(
            "A device of yours was added: {}. It can read everything in your journal.",
            device(*id)
        ),
        What::DeviceRemoved { device: id } => format!(
            "A device of yours was removed: {}. It gets nothing new; what is on it stays on it.",
            device(*id)
        ),
        What::KitMade { instead: false } => {
            "A recovery kit was made. Whoever has it can read everything in your journal."
                .to_owned()
        }
        What::KitMade { instead: true } => {
            "A new recovery kit was made. The one before works no more.".to_owned()
        }
        What::KitShutOut => "The recovery kit was shut out. It works no more.".to_owned(),
    })
}

/// A change of the roster, for the clinic's people. None where it is none of theirs.
pub fn for_staff(what: &What) -> Option<String> {
    Some(match what {
        What::PersonJoined { name, role, .. } => {
            format!("{name} joined {}.", as_what(*role))
        }
        What::RoleChanged {
            name, before, now, ..
        } => {
            let moved = format!("{name} moved from {} to {}", place(*before), place(*now));
            match (cares(*before), cares(*now)) {
                (false, true) => format!("{moved} and reads what patients share."),
                (true, false) => format!("{moved} and reads nothing new of what patients share."),
                (true, true) | (false, false) => format!("{moved}."),
            }
        }
        What::PersonLeft { name, .. } => {
            format!("{name} left the clinic. All their workstations are out.")
        }
        What::WorkstationAdded { name, device, .. } => {
            format!("A workstation of {name}'s was added: {}.", short(*device))
        }
        What::WorkstationRemoved { name, device, .. } => {
            format!("A workstation of {name}'s was put out: {}.", short(*device))
        }
        What::ClinicJoined { .. }
        | What::DeviceAdded { .. }
        | What::DeviceRemoved { .. }
        | What::KitMade { .. }
        | What::KitShutOut => return None,
    })
}

/// A change of a patient's own chain, for the clinic's people.
pub fn of_patient_for_staff(what: &What) -> Option<String> {
    Some(match what {
        What::ClinicJoined { .. } => "The patient joined this clinic.".to_owned(),
        What::DeviceAdded { device } => {
            format!("The patient added a device: {}.", short(*device))
        }
        What::DeviceRemoved { device } => format!(
            "The patient removed a device: {}. What comes from it no longer counts.",
            short(*device)
        ),
        What::KitMade { instead: false } => "The patient made a recovery kit.".to_owned(),
        What::KitMade { instead: true } => {
            "The patient made a new recovery kit; the one before works no more.".to_owned()
        }
        What::KitShutOut => "The patient shut their recovery kit out.".to_owned(),
        What::PersonJoined { .. }
        | What::RoleChanged { .. }
        | What::PersonLeft { .. }
        | What::WorkstationAdded { .. }
        | What::WorkstationRemoved { .. } => return None,
    })
}
