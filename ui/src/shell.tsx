// What is around every page: the ways to the others, one sentence on the Internet, and the clock of what is shown.

import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { Session } from "./api/status.ts";
import { useCell } from "./live/cell.ts";
import { asking, logout } from "./live/session.ts";
import { heard, returned, status } from "./live/stream.ts";
import { useNow } from "./live/ticking.ts";
import { Icon } from "./parts/Icon.tsx";
import { Shape } from "./parts/Standing.tsx";
import { Foreign } from "./parts/text.tsx";
import { chosen, turn } from "./parts/theme.ts";
import { to, type Page, type View } from "./route/view.ts";
import { overall, sentence } from "./words/links.ts";
import { READ_ONLY, stale, TITLES } from "./words/page.ts";
import { clock, exact, span } from "./words/time.ts";
import { visible } from "./words/visible.ts";

/** A gateway that says nothing for so long is out of reach, in milliseconds. */
const LOST_AFTER = 8_000;

export function Shell({ session, view, children }: { session: Session; view: View; children: ComponentChildren }) {
  useEffect(() => {
    const about = view.about === null ? TITLES[view.page] : visible(view.about);
    document.title = `${about} · ${visible(session.gateway)}`;
  }, [view, session]);
  return (
    <div class="shell">
      <a class="skip" href="#content" onClick={skip}>
        To the content
      </a>
      <Header session={session} />
      <nav aria-label="Pages">
        <ul>
          {(Object.keys(TITLES) as Page[]).map((page) => (
            <li>
              <a href={to(page)} title={TITLES[page]} {...(view.page === page ? { "aria-current": "page" as const } : {})}>
                <Icon of={page} />
                <span>{TITLES[page]}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <main id="content" tabIndex={-1}>
        <Lost />
        {children}
      </main>
    </div>
  );
}

/** The address behind the `#` is the view, so the content is found by hand. */
function skip(event: MouseEvent): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Header({ session }: { session: Session }) {
  const shown = useCell(status);
  const last = useCell(heard);
  const old = stale(last, useNow());
  return (
    <header class="top">
      <a class="gateway" href={to("overview")}>
        <Foreign text={session.gateway} />
      </a>
      <p class={old === null ? "sentence" : "sentence old"} role="status">
        {shown && <Shape of={overall(shown)} />} {shown ? sentence(shown) : ""}
      </p>
      <p class={old === null ? "clock" : "clock old"}>
        {shown && (
          <time dateTime={shown.time} title={exact(shown.time)}>
            {clock(new Date(shown.time))}
          </time>
        )}
        <span>{old ?? "live"}</span>
      </p>
      <Own session={session} />
    </header>
  );
}

/** That nothing new comes: what stands below was true once. */
function Lost() {
  const [now, last, back] = [useNow(), useCell(heard), useCell(returned)];
  const shown = useCell(status);
  if (shown === undefined || now - Math.max(last, back) < LOST_AFTER) return null;
  return (
    <p class="lost" role="alert">
      <Icon of="warning" /> The gateway has said nothing for {span((now - last) / 1000)}. What stands here was so at {clock(new Date(shown.time))}.
    </p>
  );
}

/** What is the reader's own: how the page looks, and who they are to it. */
function Own({ session }: { session: Session }) {
  const [theme, setTheme] = useState(chosen);
  const label = `Theme: ${theme}`;
  return (
    <div class="own">
      <button type="button" class="bare" title={label} aria-label={label} onClick={() => setTheme(turn())}>
        <Icon of={theme === "auto" ? "theme" : theme} />
      </button>
      {session.scope === "control" ? (
        <button type="button" class="bare" onClick={() => void logout()}>
          Log out
        </button>
      ) : (
        <button type="button" class="bare" title={READ_ONLY} onClick={() => asking.set(true)}>
          Log in
        </button>
      )}
    </div>
  );
}
