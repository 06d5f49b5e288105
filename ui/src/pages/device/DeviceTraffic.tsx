// What a device sent and received, and when it was there.

import { useCallback, useMemo } from "preact/hooks";
import type { Device } from "../../api/devices.ts";
import type { DeviceTraffic as Answered, Span } from "../../api/history.ts";
import { part } from "../../api/client.ts";
import { useAsked } from "../../api/use.ts";
import { stepOf } from "../../charts/bins.ts";
import type { Colours } from "../../charts/colours.ts";
import { Frame } from "../../charts/Frame.tsx";
import type { Place } from "../../charts/painter.ts";
import { paintPresence } from "../../charts/presence.ts";
import { asks, type Ranged, truth } from "../../charts/ranged.ts";
import { trafficTable } from "../../charts/tables.ts";
import { TimePlot } from "../../charts/TimePlot.tsx";
import { Traffic } from "../../charts/Traffic.tsx";
import { Answer } from "../../parts/states.tsx";
import { presence, traffic } from "../../words/graphs.ts";
import { deviceName } from "../../words/devices.ts";

interface Props {
  device: Device;
  ranged: Ranged;
  width: number;
}

export function DeviceTraffic({ device, ranged, width }: Props) {
  const asked = useAsked<Answered>(width === 0 ? undefined : `devices/${part(device.mac)}/traffic?${asks(ranged, width)}`, truth(ranged));
  return (
    <Answer asked={asked} lines={2} tall>
      {(answer) => <Seen answer={answer} device={device} ranged={ranged} />}
    </Answer>
  );
}

function Seen({ answer, device, ranged }: { answer: Answered; device: Device; ranged: Ranged }) {
  const { columns } = answer;
  const shown = useMemo(() => {
    const flow = { name: deviceName(device), down: columns.bits_down, up: columns.bits_up };
    return { time: columns.time, step: stepOf(columns, answer.step), flows: [flow] };
  }, [answer]);
  const said = traffic(columns, shown.step);
  const there = presence(answer.presence, ranged.range);
  const isKnown = columns.bits_down.some((rate) => rate !== null);
  return (
    <Frame title="Traffic" sentence={isKnown ? `${said} ${there}` : said} table={() => trafficTable(shown, Date.now())}>
      <Traffic shown={shown} label={said} height={150} timed={false} ranged={ranged} />
      <Presence spans={answer.presence} time={columns.time} label={there} ranged={ranged} />
    </Frame>
  );
}

function Presence({ spans, time, label, ranged }: { spans: readonly Span[]; time: number[]; label: string; ranged: Ranged }) {
  const draw = useCallback(
    (canvas: CanvasRenderingContext2D, place: Place, colours: Colours) => paintPresence(canvas, spans, place, colours),
    [spans],
  );
  return (
    <div class="strip">
      <p class="strip-head">
        <span class="strip-name">there</span>
      </p>
      <TimePlot
        from={ranged.range.from}
        to={ranged.range.to}
        time={time}
        high={1}
        height={48}
        timed
        unit={() => ""}
        label={label}
        paint={draw}
        read={() => undefined}
        zoom={ranged.zoom}
        press={ranged.press}
      />
    </div>
  );
}
