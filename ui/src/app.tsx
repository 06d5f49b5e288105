// The page as a whole: who looks, the frame around every page, and which page it is.

import { useEffect, useErrorBoundary } from "preact/hooks";
import { useCell } from "./live/cell.ts";
import { asking, begin, session } from "./live/session.ts";
import { close, open } from "./live/stream.ts";
import { useView } from "./route/use.ts";
import type { View } from "./route/view.ts";
import { Keys } from "./parts/Keys.tsx";
import { Notices } from "./parts/Notices.tsx";
import { Trouble, Waiting } from "./parts/states.tsx";
import { Shell } from "./shell.tsx";
import { UNDRAWN } from "./words/page.ts";
import { Login } from "./pages/Login.tsx";
import { Overview } from "./pages/Overview.tsx";
import { Links } from "./pages/Links.tsx";
import { Link } from "./pages/Link.tsx";
import { Outages } from "./pages/Outages.tsx";
import { Devices } from "./pages/Devices.tsx";
import { Device } from "./pages/Device.tsx";
import { Events } from "./pages/Events.tsx";
import { Setup } from "./pages/Setup.tsx";

export function App() {
  const known = useCell(session);
  const view = useView();
  const wanted = useCell(asking);
  const inside = known !== undefined && "scope" in known && known.scope !== null;
  useEffect(() => {
    if (inside) open();
    else close();
  }, [inside]);
  useEffect(() => scrollTo(0, 0), [view.page, view.about]);

  if (known === undefined) return <main class="alone"><Waiting /></main>;
  if ("failed" in known) return <main class="alone"><Trouble text={known.failed} again={() => void begin()} /></main>;
  if (known.scope === null || wanted) return <Login session={known} />;
  return (
    <>
      <Shell session={known} view={view}>
        <Page view={view} key={`${view.page}/${view.about ?? ""}`} />
      </Shell>
      <Notices />
      <Keys />
    </>
  );
}

/** One page; if it cannot be drawn, the others still can. */
function Page({ view }: { view: View }) {
  const [error, reset] = useErrorBoundary((error: unknown) => console.error(error));
  if (error !== undefined) return <Trouble text={UNDRAWN} again={reset} />;
  return page(view);
}

function page(view: View) {
  switch (view.page) {
    case "overview":
      return <Overview />;
    case "links":
      return view.about === null ? <Links /> : <Link name={view.about} key={view.about} />;
    case "outages":
      return <Outages />;
    case "devices":
      return view.about === null ? <Devices /> : <Device mac={view.about} key={view.about} />;
    case "events":
      return <Events />;
    case "setup":
      return <Setup />;
  }
}
