//! A patient's devices: their names, and who is in.
//!
//! Who is in says the patient chain, which the clinic and the server read. What the devices are
//! called is the person's own word, and stays in *private*.

mod body;
mod view;

pub use body::DeviceNamed;
pub(crate) use body::is_name;
pub use view::DeviceView;
pub(crate) use view::names;

use clinic_api::id::DeviceId;
use clinic_api::space::SpaceKind;

use crate::care::own_chain;
use crate::companion::SharedVault;
use crate::problem::{Kind as ProblemKind, Problem};
use crate::space::authority::Author;
use crate::sync::{Adopted, Cancel, Sync, SyncError};
use crate::vault::{Draft, SpaceEntry, Vault, VaultError};

/// Why something could not be done with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// Empty, over 200 bytes, or not on one line.
    #[error("a name has 1 to 200 bytes, on one line")]
    Name,
    /// The person has no such device.
    #[error("no such device")]
    NotFound,
    /// This very device: another one has to remove it.
    #[error("a device is not removed by itself")]
    ThisDevice,
    /// Only of a removed device something is to be adopted.
    #[error("the device is in")]
    StillIn,
    /// The server, or the vault.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

impl From<VaultError> for DeviceError {
    fn from(error: VaultError) -> Self {
        Self::Sync(error.into())
    }
}

impl From<DeviceError> for Problem {
    fn from(error: DeviceError) -> Self {
        match error {
            DeviceError::Name => Self::new(
                ProblemKind::Input,
                "device-name",
                "A device's name has up to 200 bytes, on one line. Nothing was changed.",
            ),
            DeviceError::NotFound => Self::new(
                ProblemKind::Input,
                "device-not-found",
                "You have no such device. The list shows those that you have.",
            ),
            DeviceError::ThisDevice => Self::new(
                ProblemKind::Refused,
                "this-device",
                "This is the device in your hand. Remove it from another of your devices.",
            ),
            DeviceError::StillIn => Self::new(
                ProblemKind::Refused,
                "device-in",
                "That device is still one of yours: what it writes comes by itself.",
            ),
            DeviceError::Sync(error) => error.into(),
        }
    }
}

/// One of the person's devices.
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    /// Its name in the chain.
    pub id: DeviceId,
    /// What the person calls it; none where they never did.
    pub name: Option<String>,
    /// Whether it is the one that was asked.
    pub this: bool,
    /// Since when it is in, in milliseconds since 1970, as the device says that let it in.
    pub added_ms: i64,
    /// When it was last heard of, by its own clock; none where it wrote nothing yet.
    pub heard_ms: Option<i64>,
    /// When it was removed, as the device says that did; none while it is in.
    pub removed_ms: Option<i64>,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device").field("id", &self.id).finish()
    }
}

/// A patient's devices, from one of them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Devices {
    vault: SharedVault,
    sync: Sync,
}

impl Devices {
    pub(crate) fn new(vault: SharedVault, sync: Sync) -> Self {
        Self { vault, sync }
    }

    /// Every device that is or was the person's, in the order of joining.
    ///
    /// # Errors
    /// [`VaultError::NotSetUp`] where this is no patient's device.
    pub fn list(&self) -> Result<Vec<Device>, DeviceError> {
        let mut vault = self.vault.lock();
        let id = own_chain(&vault)?;
        let me = vault.device()?.id();
        vault.load_patient(id)?;
        let chain = vault.chains().patient(id).cloned();
        let chain = chain.ok_or(VaultError::NotSetUp)?;
        let private = private(&vault)?;
        let names = view::names(&vault, private.space)?;
        let at = |number| chain.stated_ms(number).unwrap_or_default();
        let mut logs = Vec::new();
        for space in vault.spaces()? {
            logs.extend(vault.logs(space.space)?);
        }
        let heard = |device| {
            let of = logs.iter().filter(|log| log.device == device);
            of.map(|log| log.heard_ms).filter(|ms| *ms > 0).max()
        };
        let devices = chain.devices().iter().map(|record| Device {
            id: record.id,
            name: names.get(&record.id).cloned(),
            this: record.id == me,
            added_ms: at(record.added),
            heard_ms: heard(record.id),
            removed_ms: record.removed.as_ref().map(|(number, _)| at(*number)),
        });
        Ok(devices.collect())
    }

    /// The device that is meant: by its name, or the first characters of its id.
    ///
    /// # Errors
    /// [`DeviceError::NotFound`], also where several are meant.
    pub fn find(&self, said: &str) -> Result<Device, DeviceError> {
        let (all, said) = (self.list()?, said.trim());
        let named: Vec<&Device> = all
            .iter()
            .filter(|d| d.name.as_deref() == Some(said))
            .collect();
        let begins = |d: &&Device| !said.is_empty() && d.id.to_string().starts_with(said);
        let chosen = match named.as_slice() {
            [] => all.iter().filter(begins).collect(),
            _ => named,
        };
        match chosen.as_slice() {
            [one] => Ok((*one).clone()),
            _ => Err(DeviceError::NotFound),
        }
    }

    /// Gives a device another name, on all devices of the person and nowhere else.
    ///
    /// # Errors
    /// [`DeviceError::Name`], [`DeviceError::NotFound`]: nothing was changed.
    pub fn rename(&self, device: DeviceId, name: &str) -> Result<(), DeviceError> {
        if !is_name(name.trim()) {
            return Err(DeviceError::Name);
        }
        if !self.list()?.iter().any(|d| d.id == device) {
            return Err(DeviceError::NotFound);
        }
        Ok(self::name(&mut self.vault.lock(), device, name)?)
    }

    /// Puts a device out. What of it was seen here counts; later frames are set aside, and it
    /// reads nothing that is written from now on. What it holds stays on it.
    ///
    /// Can be called again after any failure.
    ///
    /// # Errors
    /// [`DeviceError::NotFound`], [`DeviceError::ThisDevice`]; [`SyncError::Unreachable`] try
    /// later: it is still in.
    pub async fn remove(&self, device: DeviceId) -> Result<(), DeviceError> {
        let all = self.list()?;
        let found = all.iter().find(|d| d.id == device);
        if found.ok_or(DeviceError::NotFound)?.this {
            return Err(DeviceError::ThisDevice);
        }
        Ok(self.sync.remove_device(device).await?)
    }

    /// Runs one of this handle's calls without an async runtime; none when cancelled.
    ///
    /// # Errors
    /// Those of the call.
    pub fn blocking<T>(
        &self,
        cancel: &Cancel,
        call: impl AsyncFnOnce(&Self) -> Result<T, DeviceError>,
    ) -> Result<Option<T>, DeviceError> {
        let called = self.sync.blocking(cancel, async |_| Ok(call(self).await))?;
        called.transpose()
    }

    /// Takes over what a removed device wrote beyond what counts, before it was removed, as this
    /// device's own; with its own names and times. Look at it first: whoever had the device may
    /// have written it.
    ///
    /// Can be called again: nothing comes twice.
    ///
    /// # Errors
    /// [`DeviceError::NotFound`], [`DeviceError::StillIn`]; [`SyncError::Unreachable`] try later.
    pub async fn adopt(&self, device: DeviceId) -> Result<Adopted, DeviceError> {
        let all = self.list()?;
        let found = all.iter().find(|d| d.id == device);
        if found.ok_or(DeviceError::NotFound)?.removed_ms.is_none() {
            return Err(DeviceError::StillIn);
        }
        Ok(self.sync.adopt(device).await?)
    }
}

/// Names a device, unless it is called that already.
pub(crate) fn name(vault: &mut Vault, device: DeviceId, name: &str) -> Result<(), SyncError> {
    let (private, name) = (private(vault)?, name.trim());
    let now = view::names(vault, private.space)?.remove(&device);
    if !is_name(name) || now.as_deref() == Some(name) {
        return Ok(());
    }
    let body = DeviceNamed {
        device,
        name: name.to_owned(),
    };
    vault.append(Author::Patient, vec![vec![Draft::new(private, &body)]])?;
    Ok(())
}

fn private(vault: &Vault) -> Result<SpaceEntry, VaultError> {
    let mut spaces = vault.spaces()?.into_iter();
    let private = spaces.find(|space| space.kind == SpaceKind::Private);
    private.ok_or(VaultError::NotSetUp)
}
