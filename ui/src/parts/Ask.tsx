// A question before something that is not easily taken back.

import { useEffect, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";

interface Props {
  title: string;
  does: string;
  children: ComponentChildren;
  yes: () => void;
  no: () => void;
}

export function Ask({ title, does, children, yes, no }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="asked" onClose={no}>
      <h2 id="asked">{title}</h2>
      {children}
      <div class="row end">
        <button type="button" onClick={() => dialog.current?.close()}>
          Leave it
        </button>
        <button
          type="button"
          class="strong"
          onClick={() => {
            yes();
            dialog.current?.close();
          }}
        >
          {does}
        </button>
      </div>
    </dialog>
  );
}
