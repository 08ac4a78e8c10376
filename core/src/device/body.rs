//! The bodies of events about devices.

use clinic_api::id::DeviceId;
use clinic_api::limits;
use minicbor::{Decode, Encode};

use crate::event::{Body, Kind};

/// What the person calls one of their devices. A later one replaces it.
///
/// In *private* alone: no clinic and no server learns the name.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DeviceNamed {
    /// The device.
    #[n(0)]
    pub device: DeviceId,
    /// Its name.
    #[n(1)]
    pub name: String,
}

impl Body for DeviceNamed {
    const KIND: Kind = Kind::DeviceNamed;
}

impl std::fmt::Debug for DeviceNamed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeviceNamed(..)")
    }
}

/// Whether that can be a device's name: 1 to 200 bytes, on one line.
pub(crate) fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= limits::NAME && !name.chars().any(char::is_control)
}
