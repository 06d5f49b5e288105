// The open ports of a device as chips: number, service, and how it was proven.

import type { Device, Port } from "../../api/devices.ts";
import { Empty } from "../../parts/states.tsx";
import { Foreign } from "../../parts/text.tsx";
import { evidence, known, proof } from "../../words/devices.ts";
import { EMPTY } from "../../words/page.ts";

export function Ports({ device }: { device: Device }) {
  const none = device.tcp_open.length + device.udp_open.length === 0;
  return (
    <section class="card">
      <h2>Open ports</h2>
      {none && <Empty>{EMPTY.ports}</Empty>}
      <ul class="chips">
        {device.tcp_open.map((port) => (
          <Chip port={port} protocol="tcp" />
        ))}
        {device.udp_open.map((port) => (
          <Chip port={port} protocol="udp" />
        ))}
      </ul>
    </section>
  );
}

function Chip({ port, protocol }: { port: Port; protocol: "tcp" | "udp" }) {
  const banners = known(port.banner, port.other_banners);
  return (
    <li class="chip" title={proof(port, protocol)}>
      <b class="num">
        {port.port}
        <span class="faint">/{protocol}</span>
      </b>
      {port.service !== null && <span>{port.service}</span>}
      <span class="proof">{evidence(port)}</span>
      {banners.map((banner) => (
        <span class="banner">
          <Foreign text={banner} />
        </span>
      ))}
    </li>
  );
}
