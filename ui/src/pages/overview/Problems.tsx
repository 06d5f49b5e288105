// What is wrong with the monitor itself, and the line that mends it.

import type { Overview } from "../../api/status.ts";
import { Copy } from "../../parts/Copy.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { visible } from "../../words/visible.ts";

export function Problems({ problems }: { problems: Overview["problems"] }) {
  if (problems.length === 0) return null;
  return (
    <section class="problems" aria-label="What is wrong with this monitor">
      {problems.map((problem) => (
        <div class="problem">
          <Icon of="warning" />
          <div>
            <p>{visible(problem.text)}</p>
            {problem.mend !== null && (
              <p class="mend">
                <code>{visible(problem.mend)}</code> <Copy text={problem.mend} what="what mends it" />
              </p>
            )}
          </div>
        </div>
      ))}
    </section>
  );
}
