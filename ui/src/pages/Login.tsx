// Asks for the password.

import { useState } from "preact/hooks";
import type { Session } from "../api/status.ts";
import { asking, login } from "../live/session.ts";
import { Icon } from "../parts/Icon.tsx";
import { Trouble } from "../parts/states.tsx";
import { Foreign } from "../parts/text.tsx";
import { PLAIN_HTTP } from "../words/page.ts";

export function Login({ session }: { session: Session }) {
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      await login(password);
    } catch (problem) {
      setError(problem instanceof Error ? problem.message : String(problem));
      setPassword("");
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="alone">
      <form class="login" onSubmit={submit}>
        <h1>
          <Foreign text={session.gateway} />
        </h1>
        <p class="faint">rebootping watches this gateway's links and devices.</p>
        <input type="text" name="username" value="rebootping" autocomplete="username" hidden readOnly />
        <label for="password">Password</label>
        <input
          id="password"
          type="password"
          autocomplete="current-password"
          required
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
        <button type="submit" class="strong" disabled={busy}>
          {busy ? "Logging in" : "Log in"}
        </button>
        {session.scope !== null && (
          <button type="button" onClick={() => asking.set(false)}>
            Only look
          </button>
        )}
        {error !== null && <Trouble text={error} />}
        {session.plain_http && (
          <p class="small faint with-icon">
            <Icon of="warning" /> {PLAIN_HTTP}
          </p>
        )}
      </form>
    </main>
  );
}
