//! HTTP/1 from the beginning of a TCP segment (RFC 9112): whom it is for and which software speaks. The path is not kept.

use crate::untrusted::Untrusted;

/// A request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Its method.
    pub method: Untrusted,
    /// The host it is for.
    pub host: Option<Untrusted>,
    /// The client's software.
    pub user_agent: Option<Untrusted>,
}

/// A response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Response {
    /// Its status, 100 to 599.
    pub status: u16,
    /// The server's software.
    pub server: Option<Untrusted>,
    /// What a UPnP device says it is, if the body is such a description and begins in this segment.
    pub description: Option<Description>,
}

/// What a UPnP device says it is (UPnP Device Architecture 2.0, section 2.3).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Description {
    /// `friendlyName`.
    pub friendly_name: Option<Untrusted>,
    /// `manufacturer`.
    pub manufacturer: Option<Untrusted>,
    /// `modelName`.
    pub model_name: Option<Untrusted>,
}

impl Request {
    /// Reads the beginning of a TCP payload; none if it is no request.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let _ = payload;
        None
    }
}

impl Response {
    /// Reads the beginning of a TCP payload; none if it is no response.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let _ = payload;
        None
    }
}
