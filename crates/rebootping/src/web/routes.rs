//! Every route with its rule, in one table: the router, what each asks of a caller, and the API's description are made from it.

use super::access::Rule;
use super::asked::{Answering, Asked, json};
use super::{actions, devices, metrics, openapi, overview, packets, page, past, session, wireshark};

/// What is done by asking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    /// Nothing changes.
    Get,
    Post,
    Delete,
}

impl Verb {
    /// As it stands in a request.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// What a route reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Text,
    Flag,
    Number,
}

/// A field of a query or a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_needed: bool,
    pub(super) what: &'static str,
}

/// What a route answers with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Gives {
    Json,
    /// A file of the page.
    Page,
    /// Server-sent events.
    Events,
    /// Packets.
    Pcapng,
    /// A sheet to print.
    Sheet,
    /// Files in an archive.
    Zip,
    /// Numbers for monitoring.
    Numbers,
}

/// One way to ask for something.
pub(super) struct Route {
    pub(super) verb: Verb,
    /// As axum writes paths.
    pub(super) path: &'static str,
    pub(super) rule: Rule,
    pub(super) what: &'static str,
    pub(super) query: &'static [Field],
    pub(super) body: &'static [Field],
    pub(super) gives: Gives,
    pub(super) answer: fn(Asked) -> Answering,
}

const FROM: Field =
    optional("from", "the beginning: unix seconds, RFC 3339, or an age such as 2h; a day before the end");
const SINCE: Field = optional("since", "the beginning, as from of a graph; without it a month ago");
const TO: Field = optional("to", "the end; without it, now");
const POINTS: Field = Field { kind: Kind::Number, ..optional("points", "columns at most, such as pixels; 800") };
const FOR: Field = optional("for", "how long it holds, such as 1h; without it, until auto");
const FORCE: Field = Field { kind: Kind::Flag, ..optional("force", "do it even where no usable link would be left") };

/// What a stream of packets can be asked.
const PACKETS: &[Field] = &[
    optional("since", "only packets from then on: RFC 3339, or an age such as 2h"),
    optional("until", "only packets up to then"),
    optional("host", "only packets from or to this address; several are separated by commas"),
    Field { kind: Kind::Number, ..optional("snaplen", "as many bytes of each packet") },
    Field { kind: Kind::Flag, ..optional("follow", "go on with what is captured from now on") },
];

const fn needed(name: &'static str, what: &'static str) -> Field {
    Field { name, kind: Kind::Text, is_needed: true, what }
}

const fn optional(name: &'static str, what: &'static str) -> Field {
    Field { is_needed: false, ..needed(name, what) }
}

const fn get(path: &'static str, rule: Rule, what: &'static str, answer: fn(Asked) -> Answering) -> Route {
    Route { verb: Verb::Get, path, rule, what, query: &[], body: &[], gives: Gives::Json, answer }
}

const fn post(path: &'static str, what: &'static str, body: &'static [Field], answer: fn(Asked) -> Answering) -> Route {
    Route { verb: Verb::Post, body, ..get(path, Rule::Control, what, answer) }
}

/// All routes.
pub(super) const ROUTES: &[Route] = &[
    Route {
        gives: Gives::Page,
        ..get("/", Rule::Open, "the page", |asked| Box::pin(async move { page::answer(&asked, page::INDEX) }))
    },
    Route {
        gives: Gives::Page,
        ..get("/{*file}", Rule::Open, "a file of the page", |asked| {
            Box::pin(async move { page::answer(&asked, asked.part("file")) })
        })
    },
    get("/api/v1/openapi.json", Rule::Open, "this description", |_| {
        Box::pin(async move { json(&openapi::description()) })
    }),
    get("/api/v1/session", Rule::Open, "who asks, and what that allows", |asked| {
        Box::pin(async move { session::tell(&asked) })
    }),
    Route {
        rule: Rule::Open,
        ..post(
            "/api/v1/session",
            "log in; the answer sets a cookie",
            &[needed("password", "the page's password")],
            |asked| Box::pin(session::begin(asked)),
        )
    },
    Route {
        verb: Verb::Delete,
        ..get("/api/v1/session", Rule::Open, "log out", |asked| Box::pin(async move { session::end(&asked) }))
    },
    get("/api/v1/status", Rule::Read, "how every link is, and why", |asked| Box::pin(overview::status(asked))),
    get("/api/v1/overview", Rule::Read, "all that the first page shows", |asked| Box::pin(overview::overview(asked))),
    get("/api/v1/check", Rule::Read, "what to mend in configuration and machine", |asked| {
        Box::pin(overview::check(asked))
    }),
    Route {
        query: &[
            FROM,
            TO,
            POINTS,
            optional("family", "ipv4 or ipv6; without it the one that was asked"),
            optional("target", "this one alone; without it all of the link"),
        ],
        ..get("/api/v1/links/{name}/history", Rule::Read, "how a link did: a graph's columns", |asked| {
            Box::pin(past::history(asked))
        })
    },
    Route {
        query: &[
            optional("at", "the moment; without it, now"),
            optional("family", "ipv4 or ipv6; without it the one that speaks for the link"),
        ],
        ..get("/api/v1/links/{name}/why", Rule::Read, "why a link was where it was at a moment", |asked| {
            Box::pin(past::why(asked))
        })
    },
    Route {
        query: &[SINCE],
        ..get("/api/v1/outages", Rule::Read, "what went wrong, in sentences", |asked| Box::pin(past::outages(asked)))
    },
    Route {
        query: &[SINCE],
        gives: Gives::Sheet,
        ..get("/api/v1/outages/sheet", Rule::Read, "what went wrong, to print", |asked| Box::pin(past::sheet(asked)))
    },
    Route {
        query: &[
            optional("before", "the id of an entry: those before it"),
            Field { kind: Kind::Number, ..optional("limit", "at most so many, 500 at most") },
            optional("mac", "only what happened to this device"),
        ],
        ..get("/api/v1/log", Rule::Read, "what happened, the newest first", |asked| Box::pin(past::log(asked)))
    },
    Route {
        gives: Gives::Events,
        ..get(
            "/api/v1/events",
            Rule::Read,
            "status and rates each second, and what happens; resumable by Last-Event-ID",
            |asked| Box::pin(asked.listen()),
        )
    },
    get("/api/v1/devices", Rule::Read, "all devices", |asked| Box::pin(devices::all(asked))),
    get("/api/v1/devices/{mac}", Rule::Read, "one device", |asked| Box::pin(devices::one(asked))),
    Route {
        query: &[FROM, TO, POINTS],
        ..get(
            "/api/v1/devices/{mac}/traffic",
            Rule::Read,
            "what it sent and received, and when it was there",
            |asked| Box::pin(past::traffic(asked)),
        )
    },
    Route {
        query: PACKETS,
        gives: Gives::Pcapng,
        ..get("/api/v1/devices/{mac}/pcap", Rule::Control, "what was captured of a device", |asked| {
            Box::pin(packets::of_device(asked))
        })
    },
    Route {
        query: PACKETS,
        gives: Gives::Pcapng,
        ..get("/api/v1/links/{name}/pcap", Rule::Control, "what was captured on a link or another interface", |asked| {
            Box::pin(packets::of_link(asked))
        })
    },
    Route {
        gives: Gives::Zip,
        ..get("/api/v1/wireshark/profile.zip", Rule::Read, "names, colours and columns for Wireshark", |asked| {
            Box::pin(wireshark::profile(asked))
        })
    },
    Route {
        query: &[Field { kind: Kind::Flag, ..optional("devices", "tell of single devices too, at most 1000") }],
        gives: Gives::Numbers,
        ..get("/metrics", Rule::Read, "numbers for monitoring, as OpenMetrics where it is asked for", |asked| {
            Box::pin(metrics::answer(asked))
        })
    },
    post("/api/v1/links/{name}/pin", "use the pinned links and no others", &[FOR, FORCE], |asked| {
        Box::pin(actions::pin(asked))
    }),
    post("/api/v1/links/{name}/out", "never use this link", &[FOR, FORCE], |asked| Box::pin(actions::out(asked))),
    post("/api/v1/links/{name}/retry", "end its hold-down now", &[], |asked| Box::pin(actions::retry(asked))),
    post("/api/v1/links/{name}/auto", "let the answers decide again", &[], |asked| Box::pin(actions::auto(asked))),
    post(
        "/api/v1/devices/{mac}/rename",
        "call it this from now on; an empty name takes that back",
        &[
            needed("name", "what to call it"),
            optional("address", "the IPv4 address it is given, empty for none; without it, as before"),
        ],
        |asked| Box::pin(actions::rename(asked)),
    ),
    post(
        "/api/v1/devices/{mac}/note",
        "write something down about it; an empty note takes that back",
        &[needed("note", "what to remember")],
        |asked| Box::pin(actions::note(asked)),
    ),
    post(
        "/api/v1/devices/{mac}/merge",
        "it is no device of its own",
        &[needed("into", "the MAC of the device it belongs to")],
        |asked| Box::pin(actions::merge(asked)),
    ),
    post("/api/v1/devices/{mac}/split", "its MACs are devices of their own again", &[], |asked| {
        Box::pin(actions::split(asked))
    }),
    post(
        "/api/v1/devices/{mac}/restrict",
        "keep it from the Internet (pause), from all but the local network (local), or from everything (block)",
        &[
            needed("mode", "pause, local or block"),
            optional("for", "how long, such as 1h; without it, until it is allowed"),
            optional("hours", "only in these hours, such as mon-fri 21:00-07:00"),
            Field { kind: Kind::Flag, ..optional("force", "together with for: do it even where it cuts off others") },
        ],
        |asked| Box::pin(actions::restrict(asked)),
    ),
    post("/api/v1/devices/{mac}/allow", "allow it everything again", &[], |asked| Box::pin(actions::allow(asked))),
    post(
        "/api/v1/devices/{mac}/capture",
        "keep so much of its packets",
        &[needed("mode", "full, headers, off, or auto for what its network says")],
        |asked| Box::pin(actions::capture(asked)),
    ),
    post("/api/v1/devices/{mac}/forget", "forget it, and erase what is kept of it", &[], |asked| {
        Box::pin(actions::forget(asked))
    }),
    post(
        "/api/v1/undo",
        "take back what was done",
        &[Field { kind: Kind::Number, ..needed("id", "the number in the answer to what was done") }],
        |asked| Box::pin(actions::undo(asked)),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_and_its_rule() {
        let row = |route: &Route| format!("{:8} {:7} {}", route.rule.name(), route.verb.name(), route.path);
        let rows: Vec<String> = ROUTES.iter().map(row).collect();
        insta::assert_snapshot!(rows.join("\n"));
    }

    #[test]
    fn what_changes_something_or_holds_packets_takes_control() {
        for route in ROUTES {
            let is_login = route.path.ends_with("/session");
            if route.verb != Verb::Get && !is_login || route.gives == Gives::Pcapng {
                assert_eq!(route.rule, Rule::Control, "{}", route.path);
            }
            let tells_nothing = route.gives == Gives::Page || route.path.ends_with("/openapi.json");
            assert_eq!(route.rule == Rule::Open, is_login || tells_nothing, "{}", route.path);
        }
    }
}
