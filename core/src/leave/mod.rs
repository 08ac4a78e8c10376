//! Leaving the clinic: what goes, what stays, and the proof of it.
//!
//! Leaving needs the clinic API: see [`crate::sync::Leaving`]. Here is what needs none: what a
//! person is shown beforehand, what is left to see afterwards, and what a workstation lets go of.

mod departing;

pub(crate) use departing::depart;

use clinic_api::id::{ChainId, DeviceId};
use clinic_api::leave::Receipt;
use clinic_api::space::SpaceKind;

use crate::care::{care_space, own_chain, taken_in};
use crate::event::{EntryId, EventId, Moment};
use crate::journal::view as journal_view;
use crate::vault::{Me, Vault, VaultError};

/// An entry that the clinic took into its own record. It stays there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incorporated {
    /// The entry.
    pub entry: EntryId,
    /// The version that was taken.
    pub version: EventId,
    /// When it was felt; none where the entry was erased here since.
    pub felt: Option<Moment>,
    /// When it was taken, in milliseconds since 1970, by the workstation's clock.
    pub taken_ms: i64,
    /// By whom, as the roster names them; none where it doesn't any more.
    pub by: Option<String>,
}

/// What a person is shown before they leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The clinic's name.
    pub clinic: String,
    /// What the server's operator needs to erase it without reading anything.
    pub request_number: String,
    /// Entries on this device. They stay.
    pub entries: u64,
    /// Those that are shared now. The clinic's devices let go of them.
    pub shared: u64,
    /// What the clinic took into its record, first taken first. That stays with the clinic.
    pub incorporated: Vec<Incorporated>,
    /// Changes of this device that the clinic never got; they stay here.
    pub unsent: u64,
}

impl Preview {
    /// What goes.
    pub const GOES: &str = "The clinic's server erases everything that it keeps of you, and can't \
        take it back. Your other devices and the clinic's are told; the clinic's let go of what \
        you shared.";
    /// What stays with the clinic.
    pub const STAYS_THERE: &str = "What the clinic took into its own record stays there, as its \
        own copy; so does what people read, remember, printed or wrote down. Backups of the \
        server end after the time that the receipt names.";
    /// What stays here.
    pub const STAYS_HERE: &str = "Your journal stays on this device, for you alone. The recovery \
        kit stops working: there is nothing left at the server that it could bring back.";
    /// Care and treatment are another matter.
    pub const TREATMENT: &str = "This ends the sharing, not your treatment, and cancels no \
        appointment: call the clinic for that.";
    /// What can't be undone.
    pub const UNDONE: &str = "It can't be undone. To come back later, you would be invited anew.";
}

/// That the person left, as their own device keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// When this device did, or learned of it, in milliseconds since 1970.
    pub at_ms: i64,
    /// The device, or the kit, that asked.
    pub asked_by: clinic_api::id::MemberId,
    /// What the server says that it did.
    pub receipt: Receipt,
    /// The bytes of the signed receipt, to show to somebody.
    pub signed: Vec<u8>,
    /// What the clinic had taken into its record.
    pub incorporated: Vec<Incorporated>,
}

/// A chain's name in groups of eight, as people pass it on.
pub fn request_number(chain: ChainId) -> String {
    let text = chain.to_string();
    let digits: Vec<char> = text.chars().collect();
    let groups: Vec<String> = digits
        .chunks(8)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}

/// What a person is shown before they leave.
///
/// # Errors
/// [`VaultError::NotSetUp`] where there is no clinic to leave.
pub(crate) fn preview(vault: &mut Vault) -> Result<Preview, VaultError> {
    let chain = own_chain(vault)?;
    let care = care_space(vault, chain)?;
    vault.load_space(&care)?;
    let private = SpaceKind::Private.id(chain);
    let spaces = [vault.space(private)?, care];
    let roster = care.roster.and_then(|id| vault.chains().roster(id));
    let clinic = roster.map_or(String::new(), |roster| roster.name().to_owned());
    let shared = journal_view::shared_in(vault, &care, i64::MIN, i64::MAX, u32::MAX)?;
    Ok(Preview {
        clinic,
        request_number: request_number(chain),
        entries: journal_view::count(vault, &spaces)?,
        shared: shared.len() as u64,
        incorporated: incorporated(vault, chain)?,
        unsent: vault.unsent()?,
    })
}

/// That the person left; none while they haven't.
pub(crate) fn left(vault: &mut Vault) -> Result<Option<Left>, VaultError> {
    let Some(Me::Patient { chain }) = vault.me()? else {
        return Ok(None);
    };
    let Some(departure) = vault.departure(chain)? else {
        return Ok(None);
    };
    let receipt = departure.receipt.verify();
    let leave: Result<clinic_api::leave::Leave, _> =
        clinic_api::wire::decode(&departure.leave.body);
    let (Ok(receipt), Ok(leave)) = (receipt, leave) else {
        return Err(VaultError::Damaged);
    };
    Ok(Some(Left {
        at_ms: departure.at_ms,
        asked_by: leave.signer,
        receipt,
        signed: departure.receipt.to_bytes(),
        incorporated: incorporated(vault, chain)?,
    }))
}

/// What the clinic took of a patient into its own record.
pub(crate) fn incorporated(
    vault: &mut Vault,
    patient: ChainId,
) -> Result<Vec<Incorporated>, VaultError> {
    let care = care_space(vault, patient)?;
    vault.load_space(&care)?;
    let mut all: Vec<Incorporated> = Vec::new();
    for taken in taken_in(vault, care.space)? {
        // Two people may have said so: the first did it.
        if all.iter().any(|known| known.version == taken.version) {
            continue;
        }
        let versions = journal_view::versions(vault, &[care], taken.entry)?;
        let version = versions.into_iter().find(|v| v.id == taken.version);
        all.push(Incorporated {
            entry: taken.entry,
            version: taken.version,
            felt: version.map(|version| version.mood.felt),
            taken_ms: taken.at_ms,
            by: person(vault, care.roster, taken.device),
        });
    }
    Ok(all)
}

fn person(vault: &Vault, roster: Option<ChainId>, device: DeviceId) -> Option<String> {
    let roster = roster.and_then(|id| vault.chains().roster(id))?;
    let person = roster.workstation(device)?.person;
    roster.person(person).map(|person| person.name.clone())
}
