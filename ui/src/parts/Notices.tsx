// What was just done, with its undo, at the foot of the page.

import { useCell } from "../live/cell.ts";
import { dismiss, notices, takeBack } from "../live/notices.ts";
import { visible } from "../words/visible.ts";
import { Icon } from "./Icon.tsx";

export function Notices() {
  const shown = useCell(notices);
  return (
    <div class="notices" role="status" aria-live="polite">
      {shown.map((notice) => (
        <p class={notice.isError ? "notice wrong" : "notice"} key={notice.number}>
          <span>{visible(notice.text)}</span>
          {notice.undo !== null && (
            <button type="button" onClick={() => takeBack(notice)}>
              Undo
            </button>
          )}
          {notice.insist !== null && (
            <button
              type="button"
              onClick={() => {
                dismiss(notice.number);
                notice.insist?.();
              }}
            >
              Do it all the same
            </button>
          )}
          <button type="button" class="bare" aria-label="Close" onClick={() => dismiss(notice.number)}>
            <Icon of="close" />
          </button>
        </p>
      ))}
    </div>
  );
}
