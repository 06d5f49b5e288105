//! What was captured of a device or on a link, as the observer hands it over: this process may not read captures itself.

use super::actions::interface;
use super::asked::Asked;
use super::beside::Telling;
use super::body::{Pieces, hold};
use super::devices::parse;
use super::gate::Peer;
use super::problem::Problem;
use super::site::Site;
use crate::clock;
use crate::daemon::{Answer, Request};
use crate::duration::When;
use crate::escape::for_file_name;
use crate::extract::own_stream::{Flow, HOLDS};
use crate::ipc::observer::{Of, Packets, Part, Question};
use crate::ipc::{LONGEST, frame};
use crate::observer::questions;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use rebootping_core::untrusted::Untrusted;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::interval;

/// Packets are passed on in pieces of at most so many bytes, of which few wait.
const PIECE: usize = 64 * 1024;
const WAITING: usize = 4;
/// Our own connection is left out of the capture for a while, and for another one well before that ends.
const REPEATED: Duration = Duration::from_secs(20);

/// As many hosts can be named.
const MOST_HOSTS: usize = 64;

/// Hands out the packets of a device.
pub(super) async fn of_device(asked: Asked) -> Result<Response<Body>, Problem> {
    let mac = parse(asked.part("mac"))?;
    // What was kept of a device that is not listed any more is there all the same.
    let macs = asked.site.source.macs(mac).await;
    download(asked, Of::Device(macs), &mac.to_string().replace(':', "-")).await
}

/// Hands out the packets that all devices sent and received on a link, or on any other interface.
pub(super) async fn of_link(asked: Asked) -> Result<Response<Body>, Problem> {
    // One that is no link has captures all the same.
    let name = interface(&asked).await.unwrap_or_else(|_| asked.part("name").to_owned());
    let file = for_file_name(&Untrusted::from(name.as_str()));
    download(asked, Of::Interface(name), &file).await
}

async fn download(asked: Asked, of: Of, file: &str) -> Result<Response<Body>, Problem> {
    let mut question = wanted(&asked, of)?;
    let site = Arc::clone(&asked.site);
    let Ok(permit) = Arc::clone(&site.downloads).try_acquire_owned() else {
        return Err(Problem::busy("too many captures are handed out at once; wait until one is done"));
    };
    let is_left_out = question.follow && leave_out(&site, &asked.peer).await;
    question.is_paced = question.follow && !is_left_out;
    let mut telling = Telling::new(&site, &question).await;
    let follow = question.follow;
    let stream = open(&site, question, &mut telling).await?;
    let (packets, news) = stream.into_split();
    let (sender, receiver) = channel(WAITING);
    let (keeper, peer) = (Arc::clone(&site), asked.peer);
    tokio::spawn(async move {
        tokio::select! {
            () = pass_on(packets, sender, &keeper, &peer, is_left_out) => {}
            () = telling.go_on(news, &keeper), if follow => {}
        }
    });
    let mut response = Response::new(Body::new(Pieces(receiver)));
    let name = format!("attachment; filename=\"{file}.pcapng\"");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-pcapng"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(hold(response, permit))
}

/// Which packets the query asks for.
fn wanted(asked: &Asked, of: Of) -> Result<Packets, Problem> {
    let follow = match asked.query("follow") {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => return Err(Problem::wrong("follow is true or false")),
    };
    let hosts = asked.query("host").into_iter().flat_map(|hosts| hosts.split(','));
    let hosts: Vec<IpAddr> = hosts
        .map(|host| host.trim().parse().map_err(|_| Problem::wrong(format!("host: {host:?} is no IP address"))))
        .collect::<Result<_, _>>()?;
    if hosts.len() > MOST_HOSTS {
        return Err(Problem::wrong(format!("host: at most {MOST_HOSTS} can be named")));
    }
    let snap = asked.query("snaplen").map(str::parse).transpose();
    let snap = snap.map_err(|_| Problem::wrong("snaplen is a number of bytes"))?.unwrap_or(u32::MAX);
    Ok(Packets {
        of,
        since: moment(asked, "since")?.unwrap_or(0),
        until: moment(asked, "until")?.unwrap_or(u64::MAX),
        hosts,
        snap: snap.max(1),
        follow,
        is_paced: false,
    })
}

/// A time of the query, in nanoseconds of Unix time.
fn moment(asked: &Asked, name: &str) -> Result<Option<u64>, Problem> {
    let Some(text) = asked.query(name) else { return Ok(None) };
    let when: When = text.parse().map_err(|why| Problem::wrong(format!("{name}: {why}")))?;
    Ok(Some(u64::try_from(when.resolve(clock::wall()).as_nanosecond()).unwrap_or(0)))
}

/// Asks the observer, tells it what belongs beside the packets, and waits until it says that they follow.
async fn open(site: &Site, question: Packets, telling: &mut Telling) -> Result<UnixStream, Problem> {
    let failed =
        |error: io::Error| Problem::busy(format!("the observer does not answer ({error}); try again in a moment"));
    let asked = async {
        let mut stream = UnixStream::connect(questions::socket_path(&site.settings.run)).await?;
        stream.write_all(&frame(&Question::Packets(question))?).await?;
        // One that refuses does not listen any more; what it says is read all the same.
        drop(stream.write_all(&telling.first()).await);
        let length = stream.read_u32().await? as usize;
        // What follows the first message is no message: exactly this one is read.
        let mut body = vec![0; length.min(LONGEST)];
        stream.read_exact(&mut body).await?;
        Ok((stream, serde_json::from_slice::<Part>(&body)?))
    };
    match asked.await.map_err(failed)? {
        (stream, Part::Packets) => Ok(stream),
        (_, Part::Refused(why)) => Err(Problem::new(StatusCode::NOT_FOUND, why)),
        (_, Part::Text(_) | Part::End) => Err(failed(io::ErrorKind::InvalidData.into())),
    }
}

/// Passes packets on until there are no more, or nobody wants them.
async fn pass_on(
    mut stream: OwnedReadHalf,
    sender: Sender<io::Result<Bytes>>,
    site: &Site,
    peer: &Peer,
    is_left_out: bool,
) {
    let mut repeat = interval(REPEATED);
    // The first is due at once, and was done.
    repeat.tick().await;
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        tokio::select! {
            read = stream.read_buf(&mut piece) => match read {
                Ok(0) => return,
                Ok(_) => if sender.send(Ok(piece.into())).await.is_err() { return },
                Err(error) => {
                    // Whoever wants them should see that they are not all.
                    drop(sender.send(Err(error)).await);
                    return;
                }
            },
            () = sender.closed() => return,
            _ = repeat.tick(), if is_left_out => drop(leave_out(site, peer).await),
        }
    }
}

/// Has our own connection to whoever downloads not captured, so that it does not feed on itself; whether it is so.
async fn leave_out(site: &Site, peer: &Peer) -> bool {
    let flow = Flow { client: peer.remote, server: peer.local };
    peer.remote.ip().is_loopback()
        || matches!(site.source.ask(Request::LeaveOut { flow, lasting: HOLDS }).await, Ok(Answer::Done(_)))
}
