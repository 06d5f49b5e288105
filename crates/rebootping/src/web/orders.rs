//! What an operator orders about the page on the command line: its password, its tokens, and who in the LAN may see it.

use super::access::Scope;
use super::listen;
use super::password::{self, Stored};
use super::prompt;
use super::random::Random;
use super::tokens::{self, MOST, Token};
use crate::cli::{TokenOrder, TokenScope, WebOrder};
use crate::client::{self, ask_status, fail, with_config};
use crate::config::meant::Config;
use crate::config::{self, DIRECTORY};
use crate::daemon::{Request, ask, folders};
use crate::sandbox::Role;
use crate::sandbox::users::Identity;
use crate::{clock, durable, log};
use nix::unistd::{Uid, chown};
use std::fs::{self, Permissions};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

/// Where `web enable` writes.
const PART: &str = "conf.d/web.toml";

/// `rebootping passwd`.
pub(crate) fn passwd(explicit: Option<&Path>) -> ExitCode {
    as_root(explicit, |config| {
        set_password(config)?;
        Ok("the password is set; whoever was logged in has to log in again\n".to_owned())
    })
}

/// `rebootping web enable` and `rebootping web token`.
pub(crate) fn web(explicit: Option<&Path>, order: &WebOrder) -> ExitCode {
    as_root(explicit, |config| match order {
        WebOrder::Enable { addresses, port } => enable(explicit, config, addresses, *port),
        WebOrder::Token(TokenOrder::Add { name, scope }) => add_token(config, name, *scope),
        WebOrder::Token(TokenOrder::List) => list_tokens(config),
        WebOrder::Token(TokenOrder::Revoke { name }) => revoke_token(config, name),
    })
}

fn as_root(explicit: Option<&Path>, run: impl FnOnce(&Config) -> Result<String, String>) -> ExitCode {
    if !Uid::effective().is_root() {
        return fail("only root may change who may see the page; use sudo", 1);
    }
    with_config(explicit, |config| {
        folders::make_access(config).map_err(|error| error.to_string())?;
        run(config)
    })
}

fn set_password(config: &Config) -> Result<(), String> {
    let line = prompt::new_password().and_then(|password| {
        let salt = Random::open().and_then(|random| random.draw());
        salt.and_then(|salt| password::line(&password, salt)).map_err(|error| error.to_string())
    })?;
    keep(config, &password::path(&folders::access(&config.paths.state)), &line)
}

fn add_token(config: &Config, name: &str, scope: TokenScope) -> Result<String, String> {
    let mut tokens = known(config)?;
    if tokens.iter().any(|token| token.name == name) {
        return Err(format!("there is a token {name} already; revoke it first, or choose another name"));
    }
    if tokens.len() >= MOST {
        return Err(format!("there are {MOST} tokens, which is as many as there can be; revoke one first"));
    }
    let random = Random::open().and_then(|random| random.draw()).map_err(|error| error.to_string())?;
    let scope = match scope {
        TokenScope::Read => Scope::Read,
        TokenScope::Control => Scope::Control,
    };
    let (token, secret) = Token::new(name, scope, random, &format!("{:.0}", clock::wall()));
    tokens.push(token);
    keep_tokens(config, &tokens)?;
    Ok(format!("{secret}\n"))
}

fn list_tokens(config: &Config) -> Result<String, String> {
    let line = |token: &Token| format!("{:32}  {:7}  {}\n", token.name, token.scope.name(), token.created);
    let tokens = known(config)?;
    if tokens.is_empty() {
        // Not among the lines that a script reads.
        log::say("there is no token; `rebootping web token add NAME` makes one");
    }
    Ok(tokens.iter().map(line).collect())
}

fn revoke_token(config: &Config, name: &str) -> Result<String, String> {
    let mut tokens = known(config)?;
    let before = tokens.len();
    tokens.retain(|token| token.name != name);
    if tokens.len() == before {
        return Err(format!("there is no token {name}; `rebootping web token list` lists those that are"));
    }
    keep_tokens(config, &tokens)?;
    Ok(format!("the token {name} is not valid any more\n"))
}

fn known(config: &Config) -> Result<Vec<Token>, String> {
    tokens::all(&folders::access(&config.paths.state)).map_err(|error| format!("tokens cannot be read: {error}"))
}

fn keep_tokens(config: &Config, tokens: &[Token]) -> Result<(), String> {
    keep(config, &tokens::path(&folders::access(&config.paths.state)), &tokens::file(tokens))
}

/// Writes a secret that the page's user may read and nobody else.
fn keep(config: &Config, path: &Path, content: &str) -> Result<(), String> {
    let written = durable::replace(path, content.as_bytes()).and_then(|()| {
        let web = Identity::find(&config.process.web_user, Role::Web)?;
        chown(path, Some(Uid::from_raw(0)), Some(web.gid()))?;
        fs::set_permissions(path, Permissions::from_mode(0o640))
    });
    written.map_err(|error| format!("{}: {error}", path.display()))
}

/// Serves the page on the LAN: sets a password if there is none, writes the configuration, and has it read.
fn enable(explicit: Option<&Path>, config: &Config, asked: &[IpAddr], port: u16) -> Result<String, String> {
    let links = ask_status(config)?.links.into_iter().map(|link| link.name).collect::<Vec<_>>();
    let addresses = chosen(asked, &links, &lan(&links))?;
    let loopback = SocketAddr::from(([127, 0, 0, 1], port));
    let listen: Vec<SocketAddr> =
        [loopback].into_iter().chain(addresses.iter().map(|&address| SocketAddr::new(address, port))).collect();
    let quoted: Vec<String> = listen.iter().map(|address| format!("\"{address}\"")).collect();
    let written = format!("[web]\nlisten = [{}]\n", quoted.join(", "));
    if let Some(file) = explicit {
        return Err(format!("{} is read alone; put this into it, then reload:\n{written}", file.display()));
    }
    let folder = folders::access(&config.paths.state);
    if Stored::read(&folder).map_err(|error| error.to_string())?.is_none() {
        set_password(config)?;
    }
    let file = Path::new(DIRECTORY).join(PART);
    write_part(&file, &written).map_err(|error| format!("{}: {error}", file.display()))?;
    config::load(None).map_err(|errors| errors.to_string())?;
    client::done(ask(&config.paths.run, &Request::Reload))?;
    let scheme = if config.web.tls.is_some() { "https" } else { "http" };
    let urls = listen.iter().skip(1).map(|address| format!("  {scheme}://{address}/\n"));
    let warning = if config.web.tls.is_some() { String::new() } else { format!("{}\n", super::PLAIN) };
    Ok(format!("{} says:\n{written}the page is at\n{}{warning}", file.display(), urls.collect::<String>()))
}

fn write_part(file: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(file.parent().unwrap_or(Path::new(DIRECTORY)))?;
    durable::replace(file, text.as_bytes())?;
    fs::set_permissions(file, Permissions::from_mode(0o644))
}

/// An address of the LAN, its interface, and whether it leads to containers of this very host.
type LanAddress = (IpAddr, String, bool);

/// The addresses that are neither a link's nor this host's alone.
fn lan(links: &[String]) -> Vec<LanAddress> {
    let all = listen::addresses().into_iter();
    let is_lan = |(address, interface): &(IpAddr, String)| {
        let is_link_local = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
        !address.is_loopback() && !is_link_local && !links.contains(interface)
    };
    let listed = all.filter(is_lan).map(|(address, interface)| {
        let is_of_containers = is_container_bridge(&interface);
        (address, interface, is_of_containers)
    });
    listed.collect()
}

fn is_container_bridge(interface: &str) -> bool {
    let is_dockers = interface.strip_prefix("br-").is_some_and(|id| id.len() == 12);
    is_dockers || ["docker", "veth", "virbr", "lxc", "podman", "cni"].iter().any(|kind| interface.starts_with(kind))
}

/// The addresses to serve: those asked for, else all that do not lead to containers.
fn chosen(asked: &[IpAddr], links: &[String], lan: &[LanAddress]) -> Result<Vec<IpAddr>, String> {
    if let Some(strange) = asked.iter().find(|address| !lan.iter().any(|(known, _, _)| known == *address)) {
        let known: Vec<String> = lan.iter().map(|(address, name, _)| format!("{address} ({name})")).collect();
        return Err(format!(
            "{strange} is no address of the LAN; those are: {}. Addresses of the Internet links ({}) are served only with allow_links = true",
            known.join(", "),
            links.join(", ")
        ));
    }
    if !asked.is_empty() {
        return Ok(asked.to_vec());
    }
    let all: Vec<IpAddr> =
        lan.iter().filter(|(_, _, is_of_containers)| !is_of_containers).map(|(address, _, _)| *address).collect();
    if all.is_empty() {
        return Err("no interface but the Internet links has an address; give the LAN's interface one first".to_owned());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lan_is_served_and_never_a_link_or_containers_by_themselves() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let lan = [(ip("10.0.0.1"), "lan0".to_owned(), false), (ip("172.17.0.1"), "docker0".to_owned(), true)];
        let links = ["wan1".to_owned()];
        assert_eq!(chosen(&[], &links, &lan), Ok(vec![ip("10.0.0.1")]));
        assert_eq!(chosen(&[ip("172.17.0.1")], &links, &lan), Ok(vec![ip("172.17.0.1")]));
        let refused = chosen(&[ip("192.0.2.1")], &links, &lan).unwrap_err();
        assert!(
            refused.contains("192.0.2.1 is no address of the LAN") && refused.contains("10.0.0.1 (lan0)"),
            "{refused}"
        );
        assert!(chosen(&[], &links, &[]).is_err());
        for (name, expected) in [("docker0", true), ("br-0123456789ab", true), ("br-lan", false), ("eth1", false)] {
            assert_eq!(is_container_bridge(name), expected, "{name}");
        }
    }
}
