// Whom a device talks to, the heaviest first.

import type { Contact } from "../../api/devices.ts";
import { Empty } from "../../parts/states.tsx";
import { Foreign } from "../../parts/text.tsx";
import { bytes } from "../../words/amount.ts";
import { EMPTY } from "../../words/page.ts";

/** More than these are one line. */
const MOST = 12;

export function Contacts({ contacts }: { contacts: readonly Contact[] }) {
  const rest = contacts.slice(MOST);
  const total = (of: readonly Contact[], way: "bytes_sent" | "bytes_received"): number => of.reduce((sum, contact) => sum + contact[way], 0);
  return (
    <section class="card">
      <h2>Contacts</h2>
      {contacts.length === 0 && <Empty>{EMPTY.contacts}</Empty>}
      {contacts.length > 0 && (
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Whom</th>
              <th scope="col" class="num">
                ↓
              </th>
              <th scope="col" class="num">
                ↑
              </th>
            </tr>
          </thead>
          <tbody>
            {contacts.slice(0, MOST).map((contact) => (
              <tr>
                <td title={contact.ip}>
                  <Foreign text={contact.name ?? contact.ip} />
                  <span class="faint">:{contact.port}</span>
                </td>
                <td class="num">{bytes(contact.bytes_received)}</td>
                <td class="num">{bytes(contact.bytes_sent)}</td>
              </tr>
            ))}
            {rest.length > 0 && (
              <tr class="faint">
                <td>{rest.length} more</td>
                <td class="num">{bytes(total(rest, "bytes_received"))}</td>
                <td class="num">{bytes(total(rest, "bytes_sent"))}</td>
              </tr>
            )}
          </tbody>
        </table>
      )}
    </section>
  );
}
