//! What a running daemon knows of devices, and how it restricts them.

use super::facts::All;
use crate::config::meant::Config;
use crate::daemon::{Answer, Request, ask, unreachable};
use crate::ipc::control::{ControlReport, Controlled, Restricted};
use crate::ipc::observer::Fact;
use crate::observer::questions;
use crate::report::control::time;
use rebootping_core::inventory::report::{Hardware, ReportedRestriction};
use std::io;

/// Asks observer and committer; why they could not be asked otherwise.
pub(crate) fn report(config: &Config) -> Result<All, String> {
    let answer = questions::ask(&config.paths.run, Fact::Report).map_err(|error| explain(&error))?;
    let mut report = serde_json::from_str(&answer)
        .map_err(|error| format!("the daemon's answer is not understood ({error}); is it of this version?"))?;
    let mut after = None;
    loop {
        let page = controlled(config, after)?;
        after = page.devices.last().map(|device| device.mac);
        put_control(&mut report, page.devices);
        if !page.more {
            return Ok(report);
        }
    }
}

/// How devices are controlled, those behind a MAC if one is given.
fn controlled(config: &Config, after: Option<Hardware>) -> Result<ControlReport, String> {
    match ask(&config.paths.run, &Request::Controlled { after }).map_err(|error| explain(&error))? {
        Answer::Controlled(control) => Ok(*control),
        Answer::Refused(why) | Answer::Done(why) | Answer::Check(why) => Err(why),
        Answer::Status(_) | Answer::Alerts(_) => {
            Err("the daemon answered something else; is it of this version?".into())
        }
    }
}

/// Puts into a report how its devices are controlled.
pub(crate) fn put_control(report: &mut All, controlled: Vec<Controlled>) {
    for Controlled { mac, restricted, named, lease } in controlled {
        let device = report.devices.iter_mut().find(|device| device.mac == mac || device.also.contains(&mac));
        let Some(device) = device else { continue };
        if let Some(Restricted { restriction, in_force, packets, bytes }) = restricted {
            device.restriction = Some(ReportedRestriction {
                mode: restriction.mode,
                until: restriction.until.map(|until| time(until).to_string()),
                schedule: restriction.schedule,
                in_force,
                packets,
                bytes,
            });
        }
        device.lease = lease.or(device.lease.take());
        device.fixed_address = named.and_then(|named| named.address).or(device.fixed_address);
    }
}

fn explain(error: &io::Error) -> String {
    // The observer says itself who may ask it.
    if error.kind() == io::ErrorKind::PermissionDenied { error.to_string() } else { unreachable(error) }
}
