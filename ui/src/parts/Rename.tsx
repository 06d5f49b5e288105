// A name that becomes a field when it is clicked: Enter saves, Esc undoes.

import { useRef, useState } from "preact/hooks";
import { rename } from "../api/orders.ts";
import { act } from "../live/notices.ts";
import { Foreign } from "./text.tsx";
import { Icon } from "./Icon.tsx";

interface Props {
  mac: string;
  name: string | null;
  may: boolean;
  /** The name has changed. */
  then: () => void;
}

/** The daemon accepts no longer name, in characters. */
const LONGEST = 64;

export function Rename({ mac, name, may, then }: Props) {
  const [typed, setTyped] = useState<string | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const shown = <Foreign text={name === null || name === "" ? mac : name} />;
  if (!may) return <span class="name">{shown}</span>;
  if (typed === null) {
    const edit = (event: MouseEvent): void => {
      event.stopPropagation();
      setTyped(name ?? "");
    };
    return (
      <button type="button" class="bare name" ref={button} title="Rename" onClick={edit}>
        {shown}
        <Icon of="pencil" />
      </button>
    );
  }
  const leave = (): void => {
    setTyped(null);
    requestAnimationFrame(() => button.current?.focus());
  };
  const save = (): void => {
    const wanted = typed.trim();
    leave();
    if (wanted !== (name ?? "")) void act(rename(mac, wanted), then);
  };
  const press = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === "Enter") save();
    if (event.key === "Escape") leave();
  };
  return (
    <input
      class="name"
      aria-label={`New name of ${mac}`}
      value={typed}
      maxLength={LONGEST}
      ref={focused}
      onInput={(event) => setTyped(event.currentTarget.value)}
      onKeyDown={press}
      onClick={(event) => event.stopPropagation()}
      onBlur={() => setTyped(null)}
    />
  );
}

/** A field that has just come is the one to type in. */
function focused(field: HTMLInputElement | null): void {
  if (field && document.activeElement !== field) field.focus();
}
