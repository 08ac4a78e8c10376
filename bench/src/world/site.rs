//! A clinic with patients, at rest in a folder, and running.

use std::path::{Path, PathBuf};

use clinic_api::id::{ChainId, MemberId};
use companion_core::companion::Companion;
use companion_core::sync::{Cancel, Report, SyncError};

use super::device;
use super::proxy::Proxy;
use super::server::Server;
use crate::Result;

/// A clinic: its API and its first workstation, both in one folder.
#[derive(Debug)]
pub struct Site {
    /// The folder.
    pub dir: PathBuf,
    /// The API.
    pub server: Server,
    /// The workstation.
    pub office: Companion,
    /// The clinic's fingerprint.
    pub root: MemberId,
    address: String,
}

/// A patient of it.
#[derive(Debug)]
pub struct Patient {
    /// Their device.
    pub companion: Companion,
    /// Their chain.
    pub chain: ChainId,
}

impl Site {
    /// Founds a clinic in a folder.
    ///
    /// # Errors
    /// What vault, store or network say.
    pub fn found(dir: &Path) -> Result<Self> {
        Self::found_on(dir, |root| Server::sqlite(&dir.join("server"), root, None))
    }

    /// As [`Site::found`], with an API that `serve` starts.
    ///
    /// # Errors
    /// As [`Site::found`].
    pub fn found_on(dir: &Path, serve: impl FnOnce(MemberId) -> Result<Server>) -> Result<Self> {
        let office = device::open(&dir.join("office"))?;
        let root = office
            .office()
            .found("http://127.0.0.1:1", "Bench Clinic", "Dr. Ines Falk")?;
        let server = serve(root)?;
        let site = Self {
            address: server.address().to_owned(),
            server,
            dir: dir.to_owned(),
            office,
            root,
        };
        let office = site.office.office();
        office.set_server(&site.url())?;
        office.blocking(&Cancel::new(), async |o: &_| o.register().await)?;
        round(&site.office)?;
        Ok(site)
    }

    /// Starts the clinic that rests in a folder.
    ///
    /// # Errors
    /// What vault, store or network say.
    pub fn start(dir: &Path) -> Result<Self> {
        Self::start_behind(dir, None)
    }

    /// As [`Site::start`]; clients reach the API through a proxy.
    ///
    /// # Errors
    /// As [`Site::start`].
    pub fn start_behind(dir: &Path, proxy: Option<&Proxy>) -> Result<Self> {
        let office = device::open(&dir.join("office"))?;
        let identity = office.office().identity()?;
        let (root, ..) = identity.ok_or("no clinic in this folder")?;
        let name = proxy.map(Proxy::address);
        let server = Server::sqlite(&dir.join("server"), root, name.as_deref())?;
        if let Some(proxy) = proxy {
            proxy.forward(server.address());
        }
        let site = Self {
            address: name.unwrap_or_else(|| server.address().to_owned()),
            server,
            dir: dir.to_owned(),
            office,
            root,
        };
        site.office.office().set_server(&site.url())?;
        Ok(site)
    }

    /// The API's address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Opens the vault of a patient who is enrolled here.
    ///
    /// # Errors
    /// What the vault says.
    pub fn patient(&self, name: &str) -> Result<Patient> {
        let companion = device::open(&self.dir.join(name))?;
        companion.sync().set_server(&self.url())?;
        let chain = companion.sync().patient()?;
        Ok(Patient { companion, chain })
    }

    /// Enrols and admits a patient, and lets their device hear of it.
    ///
    /// # Errors
    /// What vault, store or network say.
    pub fn enrol(&self, name: &str) -> Result<Patient> {
        let patient = self.admit(name)?;
        round(&self.office)?;
        round(&patient.companion)?;
        patient.companion.journal().set_share_by_default(true)?;
        Ok(patient)
    }

    /// As [`Site::enrol`], with no round of either side.
    ///
    /// # Errors
    /// As [`Site::enrol`].
    pub fn admit(&self, name: &str) -> Result<Patient> {
        let companion = device::patient(&self.dir.join(name))?;
        let (office, cancel) = (self.office.office(), Cancel::new());
        let invite = office
            .blocking(&cancel, async |o: &_| o.invite(name, "1980-01-01").await)?
            .ok_or("cancelled")?;
        let joining = companion
            .sync()
            .join_blocking(&invite.text, Some(&self.url()), &cancel)?
            .ok_or("cancelled")?;
        let digits = joining.digits.to_string();
        let admitted = office.blocking(&cancel, async |o: &_| {
            Ok::<_, SyncError>(o.admit(invite.lookup, &digits, name, "1980-01-01").await)
        })?;
        let chain = admitted.ok_or("cancelled")??;
        Ok(Patient { companion, chain })
    }
}

/// One round of syncing, in which nothing may look odd.
///
/// # Errors
/// What vault or network say, and any alarm.
pub fn round(companion: &Companion) -> Result<Report> {
    let report = companion
        .sync()
        .round_blocking(&Cancel::new())?
        .ok_or("cancelled")?;
    calm(report)
}

/// As [`round`], of what changed alone: as a device does that syncs often.
///
/// # Errors
/// As [`round`].
pub fn poll(companion: &Companion) -> Result<Report> {
    let report = companion
        .sync()
        .poll_blocking(&Cancel::new())?
        .ok_or("cancelled")?;
    calm(report)
}

/// A report without alarms.
///
/// # Errors
/// Any alarm.
pub fn calm(report: Report) -> Result<Report> {
    match report.alarms.first() {
        Some(alarm) => Err(format!("an alarm while measuring: {alarm:?}").into()),
        None => Ok(report),
    }
}
