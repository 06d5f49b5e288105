// What the operator wants to remember of a device.

import { useState } from "preact/hooks";
import type { Device } from "../../api/devices.ts";
import { note } from "../../api/orders.ts";
import { act } from "../../live/notices.ts";
import { visible } from "../../words/visible.ts";

const LONGEST = 1000;

export function Note({ device, may, again }: { device: Device; may: boolean; again: () => void }) {
  const [typed, setTyped] = useState<string | null>(null);
  const shown = device.note ?? "";
  const changed = typed !== null && typed !== shown;
  const save = async (): Promise<void> => {
    if (typed !== null && (await act(note(device.mac, typed), again))) setTyped(null);
  };
  if (!may) {
    return (
      <section class="card">
        <h2>Note</h2>
        <p>{shown === "" ? "Nobody has noted anything." : visible(shown)}</p>
      </section>
    );
  }
  return (
    <section class="card">
      <h2 id="note">Note</h2>
      <textarea
        aria-labelledby="note"
        rows={3}
        maxLength={LONGEST}
        placeholder="Whose it is, where it stands, what it may do"
        value={typed ?? shown}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && setTyped(null)}
      />
      <div class="row end">
        {changed && (
          <button type="button" onClick={() => setTyped(null)}>
            Undo
          </button>
        )}
        <button type="button" class={changed ? "strong" : ""} disabled={!changed} onClick={() => void save()}>
          Save
        </button>
      </div>
    </section>
  );
}
