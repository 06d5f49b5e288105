// The lines that open live packets in Wireshark on the reader's own computer.

export interface Pipe {
  /** What has to be there for it. */
  by: string;
  line: string;
}

/** By shell and by this page; `of` is a MAC or an interface, `url` where the page hands out its packets. */
export function pipes(gateway: string, of: string, url: string): Pipe[] {
  const host = gateway.replace(/[^\w.:-]/g, "");
  const what = /^[\w.:-]+$/.test(of) ? of : `'${of.replace(/'/g, "'\\''")}'`;
  return [
    { by: "by SSH, as root there", line: `ssh root@${host} rebootping pcap ${what} --follow | wireshark -k -i -` },
    { by: "by this page, with a token of rebootping web token add NAME --scope control", line: `curl -sN -H "Authorization: Bearer $REBOOTPING_TOKEN" '${url.replace(/'/g, "%27")}' | wireshark -k -i -` },
  ];
}
