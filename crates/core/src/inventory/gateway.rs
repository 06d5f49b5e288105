//! Devices that act as gateways: they give out addresses, advertise routes, or pass on what others send.
//!
//! The operator's own gateway is no device, and an Internet link's is the provider's, so whoever is told here is somebody else: a
//! second router that is wanted, or one that is not. Each is told once; what a MAC did before it was proven is told when it is.

use super::events::What;
use super::{Inventory, Slot};
use crate::time::Time;

impl Inventory {
    /// A device offered or confirmed an address.
    pub(super) fn serves_leases(&mut self, slot: Slot, is_v6: bool, now: Time) {
        let Some(device) = self.devices.get_mut(slot) else { return };
        let role = if is_v6 { &mut device.roles.is_dhcp6_server } else { &mut device.roles.is_dhcp_server };
        if !core::mem::replace(role, true) {
            self.tell(slot, now, What::ActsAsDhcpServer { is_v6 });
        }
    }

    /// A device advertised itself as a default router.
    pub(super) fn advertises_routes(&mut self, slot: Slot, now: Time) {
        let Some(device) = self.devices.get_mut(slot) else { return };
        if !core::mem::replace(&mut device.roles.advertises_routes, true) {
            self.tell(slot, now, What::ActsAsRouter { advertises: true });
        }
    }

    /// A device was proven: nothing was told of it before.
    pub(super) fn tell_roles(&mut self, slot: Slot, now: Time) {
        let Some(roles) = self.devices.get(slot).map(|device| device.roles) else { return };
        for (does, what) in [
            (roles.is_dhcp_server, What::ActsAsDhcpServer { is_v6: false }),
            (roles.is_dhcp6_server, What::ActsAsDhcpServer { is_v6: true }),
            (roles.advertises_routes, What::ActsAsRouter { advertises: true }),
            (roles.routes, What::ActsAsRouter { advertises: false }),
        ] {
            if does {
                self.tell(slot, now, what);
            }
        }
    }

    /// A device turned out to have a network behind it.
    pub(super) fn starts_routing(&mut self, slot: Slot, now: Time) {
        let Some(device) = self.devices.get_mut(slot) else { return };
        if !core::mem::replace(&mut device.roles.routes, true) {
            self.tell(slot, now, What::ActsAsRouter { advertises: false });
        }
    }
}
