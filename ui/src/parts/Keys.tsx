// What the keyboard does, and the keys that work on every page.

import { useEffect, useRef, useState } from "preact/hooks";
import { KEYS, TITLES } from "../words/page.ts";
import { go } from "../route/use.ts";
import type { Page } from "../route/view.ts";

export function Keys() {
  const [open, setOpen] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
      if (event.key === "?") setOpen(true);
      if (event.key === "/") {
        event.preventDefault();
        search();
      }
      const page = (Object.keys(TITLES) as Page[])[Number(event.key) - 1];
      if (page) go({ page, about: null, query: {} });
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  if (!open) return null;
  return (
    <dialog ref={dialog} aria-labelledby="keys" onClose={() => setOpen(false)}>
      <h2 id="keys">Keyboard</h2>
      <dl class="facts">
        {KEYS.map(([key, does]) => (
          <>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </>
        ))}
      </dl>
      <div class="row end">
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}

/** The field for searching, on its page. */
function search(): void {
  const field = (): HTMLInputElement | null => document.querySelector<HTMLInputElement>("input[type=search]");
  if (!field()) go({ page: "devices", about: null, query: {} });
  const wait = (turns: number): void => {
    const there = field();
    if (there) there.focus();
    else if (turns > 0) requestAnimationFrame(() => wait(turns - 1));
  };
  wait(60);
}

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));
