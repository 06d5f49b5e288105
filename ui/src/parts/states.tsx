// What stands where there is nothing to show: it loads, there is nothing, it went wrong.

import type { Asked } from "../api/use.ts";
import type { ComponentChildren } from "preact";
import { Icon } from "./Icon.tsx";
import { visible } from "../words/visible.ts";

/** A shape of what will stand here. */
export function Waiting({ lines = 3, tall = false }: { lines?: number; tall?: boolean }) {
  return (
    <div class={tall ? "waiting tall" : "waiting"} role="status" aria-label="Loading">
      {Array.from({ length: lines }, () => (
        <i />
      ))}
    </div>
  );
}

export const Empty = ({ children }: { children: ComponentChildren }) => <p class="empty">{children}</p>;

export function Trouble({ text, again }: { text: string; again?: () => void }) {
  return (
    <p class="trouble" role="alert">
      <Icon of="warning" />
      <span>{visible(text)}</span>
      {again && (
        <button type="button" onClick={again}>
          Ask again
        </button>
      )}
    </p>
  );
}

/** Waits, tells what went wrong, or shows what was answered; a late answer that failed leaves the earlier one in sight. */
export function Answer<T>({ asked, children, lines, tall }: { asked: Asked<T>; children: (value: T) => ComponentChildren; lines?: number; tall?: boolean }) {
  const trouble = asked.error === undefined ? null : <Trouble text={asked.error} again={asked.again} />;
  if (asked.value === undefined) return trouble ?? <Waiting {...(lines === undefined ? {} : { lines })} {...(tall === undefined ? {} : { tall })} />;
  return (
    <>
      {trouble}
      {children(asked.value)}
    </>
  );
}
