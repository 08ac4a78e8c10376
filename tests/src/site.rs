//! A clinic with its API, ready for patients.

use std::path::Path;

use clinic_api::id::ChainId;
use tempfile::TempDir;

use crate::office::Office;
use crate::patient::Patient;
use crate::proxy::Proxy;
use crate::server::Server;

/// A clinic API, and the workstation of the clinic that it serves.
#[derive(Debug)]
pub struct Site {
    /// The clinician's workstation.
    pub office: Office,
    /// The clinic API.
    pub server: Server,
    /// What stands between the API and its clients, if anything.
    pub proxy: Option<Proxy>,
    address: String,
    dir: TempDir,
}

impl Site {
    /// A clinic whose API is reached directly.
    pub fn new() -> Self {
        Self::build(false)
    }

    /// A clinic whose API is reached through a recording proxy only.
    pub fn behind_proxy() -> Self {
        Self::build(true)
    }

    fn build(proxied: bool) -> Self {
        let dir = TempDir::new().unwrap();
        let office = Office::found(&dir.path().join("clinic"));
        let proxy = proxied.then(Proxy::start);
        let authority = proxy.as_ref().map(Proxy::address);
        let server = Server::start(&dir.path().join("server"), office.root(), authority.clone());
        if let Some(proxy) = &proxy {
            proxy.forward_to(server.port());
        }
        let own = || format!("127.0.0.1:{}", server.port());
        let address = format!("http://{}", authority.unwrap_or_else(own));
        office.register(&address);
        Self {
            office,
            server,
            proxy,
            address,
            dir,
        }
    }

    /// The API's address, as clients know it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A folder for what a test needs.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The proxy.
    pub fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("a site behind a proxy")
    }

    /// A patient who was invited, enrolled and admitted.
    pub fn enrolled(&self, name: &str, born: &str) -> (Patient, ChainId) {
        let patient = Patient::new(self.path(), "patient");
        let chain = self.enrol(&patient, name, born);
        (patient, chain)
    }

    /// Enrols and admits a patient.
    pub fn enrol(&self, patient: &Patient, name: &str, born: &str) -> ChainId {
        let invitation = self.office.invite(name, born);
        let joining = patient.json(&[
            "enrol",
            "--invite",
            &invitation.text,
            "--server",
            &self.address,
        ]);
        let digits = joining["digits"].as_str().unwrap();
        let chain = self.office.admit(&invitation, digits, name, born).unwrap();
        patient.sync();
        chain
    }
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}
