//! What can be captured on a gateway elsewhere: its links, then its devices with captures, those heard of last first.

use super::Gateway;
use crate::wireshark::listing::{Listed, MOST_DEVICES, PREFIX, device, link};
use rebootping_core::inventory::report::Hardware;
use rebootping_core::untrusted::Untrusted;
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
struct Status {
    links: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    name: String,
    label: Option<String>,
}

#[derive(Deserialize)]
struct Devices {
    devices: Vec<Device>,
}

/// What of a device matters here.
#[derive(Deserialize)]
struct Device {
    mac: Hardware,
    name: Option<Untrusted>,
    vendor: Option<String>,
    last_seen: String,
    captures: Option<IgnoredAny>,
}

impl Gateway {
    /// The list, as Wireshark shows it.
    pub(crate) fn list(&self) -> Result<Vec<Listed>, String> {
        let Status { links } = self.json("/api/v1/status")?;
        let links = links.iter().map(|it| link(&it.name, it.label.as_deref()));
        let mut devices = self.devices()?;
        devices.retain(|device| device.captures.is_some());
        devices.sort_by(|one, other| other.last_seen.cmp(&one.last_seen));
        let devices = devices.iter().take(MOST_DEVICES).map(|it| {
            let value = format!("{PREFIX}{}", it.mac);
            Listed { value, display: device(it.mac, it.name.as_ref(), it.vendor.as_deref()) }
        });
        Ok(links.chain(devices).collect())
    }

    /// The MAC of a device named by it or by its name; none if it is no device.
    pub(super) fn mac_of(&self, word: &str) -> Result<Option<Hardware>, String> {
        if let Ok(mac) = word.parse() {
            return Ok(Some(mac));
        }
        let is_it = |device: &Device| device.name.as_ref().is_some_and(|name| name.raw().eq_ignore_ascii_case(word));
        Ok(self.devices()?.into_iter().find(is_it).map(|device| device.mac))
    }

    fn devices(&self) -> Result<Vec<Device>, String> {
        Ok(self.json::<Devices>("/api/v1/devices")?.devices)
    }
}
