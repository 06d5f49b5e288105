//! IPv6 by router advertisement: radvd at the ISP.

use std::path::Path;
use std::time::Duration;

use crate::child::Owned;
use crate::files::write;
use crate::ns::Ns;
use crate::plan::wan;
use crate::wait::wait_until;

/// radvd answers a solicitation within half a second, but not two within three seconds.
const ADVERTISEMENT_LIMIT: Duration = Duration::from_secs(20);

/// Starts radvd for ISP `isp`.
pub(crate) fn advertise(ns: &Ns, isp: usize, dir: &Path, log: &Path) -> Owned {
    let settings = dir.join(format!("radvd{isp}.conf"));
    write(
        &settings,
        &format!(
            "interface c0 {{\n AdvSendAdvert on;\n MinRtrAdvInterval 3;\n MaxRtrAdvInterval 10;\n AdvDefaultLifetime 1800;\n \
             prefix 2001:db8:{isp}::/64 {{ AdvOnLink on; AdvAutonomous on; }};\n}};\n"
        ),
    );
    let mut command = ns.command("radvd");
    command.args(["--nodaemon", "--logmethod", "stderr", "--config"]).arg(settings);
    command.arg("--pidfile").arg(dir.join(format!("radvd{isp}.pid")));
    Owned::start(&mut command, log)
}

/// Waits until the link to ISP `isp` has an address and a default route.
pub(crate) fn wait_for_route(gw: &Ns, isp: usize) {
    let link = wan(isp);
    wait_until(&format!("{link} has an address and a route by router advertisement"), ADVERTISEMENT_LIMIT, || {
        gw.run(&format!("ip -6 -brief address show dev {link}")).contains(&format!("2001:db8:{isp}:"))
            && !gw.run(&format!("ip -6 route show default dev {link}")).is_empty()
    });
}
