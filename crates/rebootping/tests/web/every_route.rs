//! Every route the API's description names is asked by everybody, and lets in whom its rule says and nobody else.

use serde_json::Value;

use crate::raw::Reply;
use crate::site::{LOOPBACK, Site, request};

/// What refuses somebody because of who he is.
const REFUSED: [u16; 2] = [401, 403];

struct Route {
    method: String,
    path: String,
    rule: String,
}

fn routes(site: &Site) -> Vec<Route> {
    let description = site.get("/api/v1/openapi.json", &[]).json();
    let mut routes = Vec::new();
    for (path, operations) in description["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let rule = operation["x-rule"].as_str().expect("each has a rule").to_owned();
            let path = path.replace("{mac}", "02:00:00:00:00:09").replace("{name}", "wan9");
            routes.push(Route { method: method.to_uppercase(), path, rule });
        }
    }
    routes
}

/// Asks as somebody; the stream is only begun.
fn ask(site: &Site, route: &Route, headers: &[&str]) -> u16 {
    let is_write = route.method != "GET";
    let own = ["Origin: http://127.0.0.1:8067", "Content-Type: application/json"];
    let headers = [headers, if is_write { &own } else { &[] }].concat();
    let body = if route.method == "POST" { "{}" } else { "" };
    let method = if route.path.ends_with("/events") { "HEAD" } else { &route.method };
    let reply: Option<Reply> = site.send(&request(method, &route.path, LOOPBACK, &headers, body));
    reply.expect("an answer").status
}

#[test]
fn every_route_lets_in_whom_its_rule_says() {
    let site = Site::start("route", "");
    let routes = routes(&site);
    let (read, control) = (site.token("read"), site.token("control"));
    let (read, control) = (format!("Authorization: Bearer {read}"), format!("Authorization: Bearer {control}"));
    let session = site.log_in();
    let somebody: [(&str, &[&str], [bool; 3]); 6] = [
        // Who, and whether open, read and control let him in.
        ("local", &[], [true, true, false]),
        ("through a proxy", &["Via: 1.1 proxy"], [true, false, false]),
        ("with a token to read", &[&read], [true, true, false]),
        ("with a token to control", &[&control], [true, true, true]),
        ("logged in, through a proxy", &[&session, "Via: 1.1 proxy"], [true, true, true]),
        ("logged in", &[&session], [true, true, true]),
    ];
    let mut wrong = Vec::new();
    for route in &routes {
        let rule = ["open", "read", "control"].iter().position(|rule| *rule == route.rule).expect("a known rule");
        // Logging in is open, and an empty password is not it; logging out would end the session.
        let ends_session = route.method == "DELETE";
        for (who, headers, let_in) in somebody.iter().filter(|(who, ..)| !(ends_session && who.starts_with("logged"))) {
            let status = ask(&site, route, headers);
            if REFUSED.contains(&status) == let_in[rule] || status >= 500 && status != 503 {
                wrong.push(format!("{} {} ({}) {who}: {status}", route.method, route.path, route.rule));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(routes.len() >= 20, "{} routes", routes.len());
}

#[test]
fn the_description_is_whole_and_says_where_the_api_is_without_a_host() {
    let site = Site::start("openapi", "");
    let description = site.get("/api/v1/openapi.json", &[]).json();
    assert_eq!(description["openapi"], "3.1.0");
    assert_eq!(description["servers"][0]["url"], "../..");
    for (path, operations) in description["paths"].as_object().expect("paths") {
        for (_, operation) in operations.as_object().expect("operations") {
            let named: Vec<&Value> = operation["parameters"].as_array().expect("a list").iter().collect();
            let in_path = named.iter().filter(|parameter| parameter["in"] == "path").count();
            assert_eq!(in_path, path.matches('{').count(), "{path}");
            assert!(operation["responses"]["200"].is_object(), "{path}");
        }
    }
}
