// What stands around a graph: its title, its sentence above, and behind it the table of its numbers.

import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";

export interface Table {
  heads: string[];
  rows: string[][];
}

interface Props {
  title: string;
  /** What is seen in it; none where each part says its own. */
  sentence?: ComponentChildren;
  /** Rows of the table behind, made when somebody looks. */
  table: () => Table;
  tools?: ComponentChildren;
  children: ComponentChildren;
}

export function Frame({ title, sentence, table, tools, children }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <figure class="frame">
      <div class="frame-head">
        <h2>{title}</h2>
        <div class="tools">
          {tools}
          <button type="button" class="quiet" aria-pressed={open} onClick={() => setOpen(!open)}>
            Table
          </button>
        </div>
      </div>
      {sentence !== undefined && <figcaption>{sentence}</figcaption>}
      {children}
      {open && <Numbers {...table()} title={title} />}
    </figure>
  );
}

function Numbers({ heads, rows, title }: Table & { title: string }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
      <table class="numbers">
        <thead>
          <tr>
            {heads.map((head) => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {row.map((cell) => (
                <td>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
