// The lines that open a device's live packets in Wireshark on the reader's own computer.

export interface Pipe {
  /** What has to be there for it. */
  by: string;
  line: string;
}

/** By shell and by this page; `url` is where the page hands out the packets. */
export function pipes(gateway: string, mac: string, url: string): Pipe[] {
  const host = gateway.replace(/[^\w.:-]/g, "");
  return [
    { by: "by SSH, as root there", line: `ssh root@${host} rebootping pcap ${mac} --follow | wireshark -k -i -` },
    { by: "by this page, with a token of rebootping web token add NAME --scope control", line: `curl -sN -H "Authorization: Bearer $REBOOTPING_TOKEN" '${url.replace(/'/g, "%27")}' | wireshark -k -i -` },
  ];
}
