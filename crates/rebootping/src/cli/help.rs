//! The longer words of the help: examples, exit codes, signals.
//!
//! They stand in the manual page line by line, so that prose too is broken by hand: within 80 columns, and nothing beyond 95.

/// What the program does, in the words of its manual page.
pub(super) const DESCRIPTION: &str = "\
Every second, each Internet link of this gateway is asked to reach the same few hosts. A link that reaches as many as the \
best one did is as good as any; one that reaches fewer gets no new connections, until it has been as good as the best \
for an hour on end. When no link reaches anything, nothing is changed. The choice is carried out by Shorewall, or by a \
program of the operator, or only shown.";

/// What to try first.
pub(super) const EXAMPLES: &str = "\
\x20 rebootping check                   say whether config and machine are ready, and what to mend
  rebootping run                     start, in the foreground
  rebootping status                  show every link, and why it is used or not
  rebootping link out wan2 --for 2h  leave wan2 alone while its ISP works on it";

/// What the program's end means.
pub(super) const EXIT_CODES: &str = "\
\x20 0  fine
  1  failed
  2  wrong usage or configuration
  `rebootping status` has its own, those of monitoring plug-ins.";

/// What the program reads.
pub(super) const FILES: &str = "\
\x20 /etc/rebootping/rebootping.toml    configuration; where it is missing, the defaults hold
  /etc/rebootping/conf.d/*.toml      read after it, in the order of their names; later ones win";

/// Returns what follows the program's options.
pub(super) fn program() -> String {
    format!("Examples:\n{EXAMPLES}\n\nExit codes:\n{EXIT_CODES}\n\nFiles:\n{FILES}")
}

/// What follows the options of `run`.
pub(super) const RUN: &str = "\
Signals:
  SIGHUP   read the configuration again; one that is wrong is named, and the old one stays
  SIGTERM  end within 1 s, or within 5 s while a Shorewall command runs

Examples:
  rebootping run
  rebootping run --config ./trial.toml";

/// What follows the options of `status`.
pub(super) const STATUS: &str = "\
Exit codes, those of monitoring plug-ins:
  0  all links are healthy
  1  some are not
  2  no link answered in the last round, or none is healthy
  3  unknown, as no daemon answers

Examples:
  rebootping status
  rebootping status --json | jq '.links[] | {name, healthy, enabled}'";

/// What follows the options of `history`.
pub(super) const HISTORY: &str = "\
The graph has the median of each column (o), half of its round trips (|), and
all but one in twenty (').

Examples:
  rebootping history wan1
  rebootping history fibre --since 30d
  rebootping history wan2 --since 2026-03-01T08:00:00Z --until 2026-03-01T12:00:00Z --csv";

/// What follows the options of `outages`.
pub(super) const OUTAGES: &str = "\
Examples:
  rebootping outages
  rebootping outages --since 2026-03-01T00:00:00Z --html sheet.html
  rebootping outages --since 365d --json | jq '.outages[] | select(.where == \"isp\")'";

/// What follows the options of `alerts`.
pub(super) const ALERTS: &str = "\
Where people are told is configured under [alerts] and [hooks]. A message is
kept on the disk until it was taken.

Examples:
  rebootping alerts
  rebootping alerts test
  rebootping alerts --json | jq '.sinks[] | {sink, waiting, error}'";

/// What follows the options of `backup`.
pub(super) const BACKUP: &str = "\
In the file is what `device forget` would erase, of all devices, but for their
packets: the history, what is known of devices with their names and notes,
restrictions, and who ordered what. Not in it are captures, the configuration,
password and tokens of the page, and hold-downs. A running daemon goes on
meanwhile. The file is one SQLite database that root alone may read.

Examples:
  rebootping backup /var/backups/rebootping
  rebootping backup /mnt/usb/$(date +%F)";

/// What follows the options of `restore`.
pub(super) const RESTORE: &str = "\
It is refused while a daemon runs, and where a newer rebootping wrote the file;
nothing is changed then. What was there is moved to before-restore-TIME in the
state folder; erase that folder when it is not wanted any more. The
configuration stays as it is.

Examples:
  systemctl stop rebootping
  rebootping restore /var/backups/rebootping
  systemctl start rebootping";

/// What follows the options of `replay`.
pub(super) const REPLAY: &str = "\
With the recorded settings both sides say the same. A second on dead links is
one in which nothing in use answered while another link did.

Examples:
  rebootping replay
  rebootping replay --since 30d --hold-down 10m
  rebootping replay --since 7d --echoes 1 --json | jq .dead_seconds";

/// What follows the options of `why`.
pub(super) const WHY: &str = "\
Examples:
  rebootping why wan1
  rebootping why fibre --at 10m
  rebootping why isp1 --at 2026-03-01T08:00:00Z --json
  rebootping why wan1 --pcap wan1.pcapng     with the packets around it, for the provider";

/// What follows the options of `check`.
pub(super) const CHECK: &str = "\
Exit codes:
  0  nothing needs mending
  1  something does
  2  the configuration is wrong

Examples:
  rebootping check
  rebootping check --config ./trial.toml --json";

/// What follows the options of `link`.
pub(super) const LINK: &str = "\
Examples:
  rebootping link pin wan1              use wan1 and no other link
  rebootping link out wan2 --for 2h     leave wan2 alone while its ISP works on it
  rebootping link retry wan2            end the hold-down of wan2 now
  rebootping link auto wan1             let the answers decide about wan1 again";

/// What follows the options of `release`.
pub(super) const RELEASE: &str = "\
Examples:
  rebootping release                    before Shorewall is to be managed by hand again";

/// What follows the options of `pcap`.
pub(super) const PCAP: &str = "\
Signals:
  SIGINT, SIGTERM, SIGHUP  end behind a whole packet; what is written can be read

Examples:
  rebootping pcap aa:bb:cc:dd:ee:ff --since 2h -w tv.pcapng
  rebootping pcap aa:bb:cc:dd:ee:ff --follow | tcpdump -n -r -
  ssh gateway sudo rebootping pcap aa:bb:cc:dd:ee:ff --follow | wireshark -k -i -";

/// What follows the options of `wireshark`.
pub(super) const WIRESHARK: &str = "\
Examples:
  rebootping wireshark install
  sudo rebootping wireshark install --system
  sudo rebootping wireshark install --system --gateway https://192.168.1.1:8067 \\
      --fingerprint AB:CD:...
  rebootping wireshark profile ~/.config/wireshark/profiles/gateway
  tshark -C gateway -i rebootping-aa:bb:cc:dd:ee:ff";

/// What follows the options of `extcap`.
pub(super) const EXTCAP: &str = "\
Exit codes:
  0  answered, or captured until stopped
  1  failed; standard error says why, and Wireshark shows it
  2  wrong usage or configuration

Examples:
  rebootping extcap --extcap-interfaces
  rebootping extcap --capture --extcap-interface rebootping-wan1 --fifo /tmp/pipe";

/// What follows the options of `report`.
pub(super) const REPORT: &str = "\
A device is a MAC that is no gateway of ours. A port is open when that was
proven: a TCP one by a SYN-ACK, a UDP one by its answer to a question. From
files every MAC is listed, from the daemon those that are proven to be there.

The columns of --csv:
  mac, behind         the device; of a server beyond a router, the router's MAC
  name, name_source   what it is called, and who says so
  vendor, randomised, proven, kind, interfaces, addresses, first_seen, last_seen,
  bytes_sent, bytes_received, note
  ip, protocol, port, service, evidence, banner, port_first_seen, port_last_seen
  A field that a spreadsheet would take for a formula begins with an apostrophe.

Exit codes:
  0  something could be told; what is damaged in a file is said on standard error
  1  nothing could be read, or no daemon answers

Examples:
  rebootping report --pcap monday.pcap tuesday.pcapng.gz
  rebootping report --html > devices.html
  rebootping report --json | jq -r '.devices[] | select(.tcp_open[].port == 23) | .mac'";

/// What follows the options of `devices`.
pub(super) const DEVICES: &str = "\
Examples:
  rebootping devices
  rebootping devices --json | jq -r '.devices[].mac'";

/// What follows the options of `device`.
pub(super) const DEVICE: &str = "\
Examples:
  rebootping device show printer
  rebootping device rename aa:bb:cc:dd:ee:ff kitchen-tv
  rebootping device restrict kitchen-tv pause --for 2h
  rebootping device restrict tablet pause --hours 'sun-thu 21:00-07:00'
  rebootping device restrict doorbell local           no Internet, only DHCP, DNS, neighbours
  rebootping device allow tablet
  rebootping device merge aa:bb:cc:dd:ee:ff laptop    the laptop's second MAC
  rebootping device capture camera off                keep none of its packets
  rebootping device forget aabb.ccdd.eeff             erase it and its captures

A restriction holds for what passes or reaches this gateway: not between two
devices of one network, not for a device that comes back under another MAC, and
not for connections that a flowtable passes by the rules.";

/// What follows the options of `passwd`.
pub(super) const PASSWD: &str = "\
It is asked for twice on a terminal, else one line of standard input is it.

Examples:
  rebootping passwd";

/// What follows the options of `web`.
pub(super) const WEB: &str = "\
The page is served on this host alone until it is enabled:
http://127.0.0.1:8067/.

Examples:
  rebootping web enable                               serve it on every address of the LAN
  rebootping web enable --address 192.168.1.1         on this one
  rebootping web token add grafana                    let a script read
  rebootping web token add backup --scope control     let one change things and have packets";

/// What follows the options of `completions`.
pub(super) const COMPLETIONS: &str = "\
Examples:
  rebootping completions bash > /usr/share/bash-completion/completions/rebootping
  rebootping completions zsh > /usr/share/zsh/vendor-completions/_rebootping
  rebootping completions fish > /usr/share/fish/vendor_completions.d/rebootping.fish";

/// What follows the options of `man`.
pub(super) const MAN: &str = "\
Examples:
  rebootping man | man -l -
  rebootping man > /usr/share/man/man8/rebootping.8";
