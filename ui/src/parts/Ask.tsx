// A question before something that is not easily taken back; a refusal is told in it, and may be insisted on.

import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Done } from "../api/orders.ts";
import { type Refusal, refusal, tell } from "../live/notices.ts";
import { Trouble } from "./states.tsx";

interface Props {
  title: string;
  does: string;
  children: ComponentChildren;
  /** Orders it; `force` where the gateway's objection was read. */
  yes: (force: boolean) => Promise<Done>;
  /** It is done. */
  then: () => void;
  close: () => void;
  /** An objection can be overruled; what is said about that. */
  insisting?: ComponentChildren;
  /** Something has to be chosen first. */
  isOpen?: boolean;
}

export function Ask({ title, does, children, yes, then, close, insisting, isOpen = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [refused, setRefused] = useState<Refusal | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const isUnwise = insisting !== undefined && refused !== null && refused.isUnwise;
  const give = async (): Promise<void> => {
    setBusy(true);
    try {
      const done = await yes(isUnwise);
      dialog.current?.close();
      tell(done, then);
    } catch (problem) {
      setRefused(refusal(problem));
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="asked" onClose={close}>
      <h2 id="asked">{title}</h2>
      {children}
      {refused !== null && <Trouble text={refused.text} />}
      {isUnwise && insisting}
      <div class="row end">
        <button type="button" onClick={() => dialog.current?.close()}>
          Leave it
        </button>
        <button type="button" class="strong" disabled={busy || isOpen} onClick={() => void give()}>
          {isUnwise ? "Do it all the same" : does}
        </button>
      </div>
    </dialog>
  );
}
