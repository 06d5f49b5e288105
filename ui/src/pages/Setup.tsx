// What `rebootping check` says of this machine, and the line that mends each finding.

import type { Finding } from "../api/status.ts";
import { useAsked } from "../api/use.ts";
import { Copy } from "../parts/Copy.tsx";
import { Answer, Empty } from "../parts/states.tsx";
import { SEVERITY, sorted, sum } from "../words/check.ts";
import { EMPTY } from "../words/page.ts";
import { visible } from "../words/visible.ts";

export function Setup() {
  const asked = useAsked<{ findings: Finding[] }>("check");
  return (
    <>
      <div class="head">
        <h1>Setup</h1>
        <button type="button" onClick={asked.again}>
          Look again
        </button>
      </div>
      <Answer asked={asked} lines={8}>
        {({ findings }) => (
          <>
            <p class="lead">{sum(findings)}</p>
            {findings.length === 0 && <Empty>{EMPTY.findings}</Empty>}
            <ul class="findings">
              {sorted(findings).map((finding) => (
                <Row finding={finding} />
              ))}
            </ul>
          </>
        )}
      </Answer>
    </>
  );
}

function Row({ finding }: { finding: Finding }) {
  return (
    <li class={finding.severity}>
      <span class="severity">{SEVERITY[finding.severity]}</span>
      <b class="about">{visible(finding.about)}</b>
      <div>
        <p>{visible(finding.text)}</p>
        {finding.remedy !== null && (
          <p class="mend">
            <code>{visible(finding.remedy)}</code>
            <Copy text={finding.remedy.replace(/^run: /, "")} what="what mends it" />
          </p>
        )}
      </div>
    </li>
  );
}
