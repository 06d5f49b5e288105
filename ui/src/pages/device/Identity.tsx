// Who a device is, each fact with who says so.

import type { ComponentChildren } from "preact";
import type { Device } from "../../api/devices.ts";
import { Ago, Foreign } from "../../parts/text.tsx";
import { known, source } from "../../words/devices.ts";
import { bytes } from "../../words/amount.ts";

export function Identity({ device }: { device: Device }) {
  return (
    <section class="card">
      <h2>Identity</h2>
      <dl class="facts">
        <Fact name="Names" none={device.names.length === 0}>
          {device.names.map(({ name, source: by }) => (
            <span class="line">
              <Foreign text={name} /> <span class="faint">by {source(by)}</span>
            </span>
          ))}
        </Fact>
        <Fact name="Kind" none={device.kind === null}>
          {device.kind} <span class="faint">{device.kind_reason}</span>
        </Fact>
        <Fact name="Vendor" none={device.vendor === null}>
          <Foreign text={device.vendor ?? ""} /> <span class="faint">by its MAC</span>
        </Fact>
        <Texts name="Models" texts={device.models ?? []} />
        <Texts name="DHCP class" texts={known(device.dhcp.vendor_class, device.dhcp.other_vendor_classes)} />
        <Texts name="Browses with" texts={device.user_agents} />
        <Fact name="Announces" none={device.services_announced.length === 0}>
          {device.services_announced.map((service) => (
            <span class="line">
              <Foreign text={service.name} /> <span class="faint">{service.protocol === "mdns" ? "mDNS" : "UPnP"}{service.port > 0 ? `, port ${service.port}` : ""}</span>
            </span>
          ))}
        </Fact>
        <Texts name="Also" texts={device.also} />
        <Fact name="First seen">
          <Ago time={device.first_seen} />
        </Fact>
        <Amount name="Today" of={device.today} />
        <Amount name="This month" of={device.month} />
        <Amount name="In all" of={{ sent: device.bytes_sent, received: device.bytes_received }} />
      </dl>
    </section>
  );
}

function Amount({ name, of }: { name: string; of: { sent: number; received: number } | undefined }) {
  return (
    <Fact name={name} none={of === undefined}>
      <span class="num">↓ {bytes(of?.received ?? 0)}</span> <span class="num">↑ {bytes(of?.sent ?? 0)}</span>
    </Fact>
  );
}

function Texts({ name, texts }: { name: string; texts: readonly string[] }) {
  return (
    <Fact name={name} none={texts.length === 0}>
      {texts.map((text) => (
        <span class="line">
          <Foreign text={text} />
        </span>
      ))}
    </Fact>
  );
}

/** A fact, unless there is none. */
function Fact({ name, none = false, children }: { name: string; none?: boolean; children: ComponentChildren }) {
  if (none) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
