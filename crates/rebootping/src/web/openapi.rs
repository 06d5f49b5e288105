//! The API's description as `OpenAPI` 3.1, made from the table of routes.

use super::access::{COOKIE, Rule};
use super::routes::{Field, Gives, Kind, ROUTES, Route, Verb};
use serde_json::{Map, Value, json};

/// All routes but the files of the page.
pub(super) fn description() -> Value {
    let mut paths = Map::new();
    for route in ROUTES.iter().filter(|route| route.gives != Gives::Page) {
        // A page below a proxy's path finds the API below the same path.
        let path = paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
        path[route.verb.name().to_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "rebootping", "version": env!("CARGO_PKG_VERSION")},
        "servers": [{"url": "../.."}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
                "token": {"type": "http", "scheme": "bearer"},
            },
            "schemas": {"Error": {
                "type": "object",
                "required": ["schema", "error"],
                "properties": {"schema": {"const": 1}, "error": {"type": "string"}},
            }},
        },
    })
}

fn operation(route: &Route) -> Value {
    let error = json!({
        "description": "one sentence: what is wrong and what to do",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    });
    let mut operation = json!({
        "summary": route.what,
        "x-rule": route.rule.name(),
        "security": security(route.rule),
        "parameters": parameters(route),
        "responses": {"200": {"description": route.what, "content": content(route.gives)}, "default": error},
    });
    if route.verb == Verb::Post {
        operation["requestBody"] = json!({
            "required": true,
            "content": {"application/json": {"schema": object(route.body)}},
        });
    }
    operation
}

fn security(rule: Rule) -> Value {
    match rule {
        Rule::Open => json!([]),
        Rule::Read | Rule::Control => json!([{"session": []}, {"token": []}]),
    }
}

fn parameters(route: &Route) -> Value {
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path =
        in_path.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let in_query = route.query.iter().map(|field| {
        json!({
            "name": field.name,
            "in": "query",
            "required": field.is_needed,
            "description": field.what,
            "schema": {"type": kind(field.kind)},
        })
    });
    in_path.chain(in_query).collect()
}

fn content(gives: Gives) -> Value {
    let (media, schema) = match gives {
        Gives::Json => ("application/json", json!({"type": "object", "required": ["schema"]})),
        Gives::Events => ("text/event-stream", json!({"type": "string"})),
        Gives::Pcapng => ("application/x-pcapng", json!({"type": "string", "format": "binary"})),
        Gives::Numbers => ("text/plain", json!({"type": "string"})),
        Gives::Zip => ("application/zip", json!({"type": "string", "format": "binary"})),
        Gives::Page | Gives::Sheet => ("text/html", json!({"type": "string"})),
    };
    json!({media: {"schema": schema}})
}

fn object(fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.to_owned(), json!({"type": kind(field.kind), "description": field.what})))
        .collect();
    let needed: Vec<&str> = fields.iter().filter(|field| field.is_needed).map(|field| field.name).collect();
    json!({"type": "object", "additionalProperties": false, "properties": properties, "required": needed})
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "string",
        Kind::Flag => "boolean",
        Kind::Number => "integer",
    }
}
