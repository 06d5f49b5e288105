// A button that copies a text.

import { useState } from "preact/hooks";
import { Icon } from "./Icon.tsx";

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  const copy = async (event: MouseEvent): Promise<void> => {
    event.stopPropagation();
    await put(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <button type="button" class="bare copy" title={`Copy ${what}`} aria-label={`Copy ${what}`} onClick={copy}>
      <Icon of={done ? "tick" : "copy"} />
    </button>
  );
}

/** Browsers give pages over plain HTTP no clipboard; selecting and copying works there too. */
async function put(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.body.appendChild(document.createElement("textarea"));
  field.value = text;
  field.select();
  document.execCommand("copy");
  field.remove();
}
