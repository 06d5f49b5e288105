//! The gateway's profile for Wireshark, as an archive it imports.

use super::asked::Asked;
use super::problem::Problem;
use crate::wireshark::profile_archive;
use axum::body::Body;
use axum::http::{HeaderValue, Response, header};

/// Names, colours and columns. It tells what the list of devices tells, and so asks no more of who wants it.
pub(super) async fn profile(asked: Asked) -> Result<Response<Body>, Problem> {
    let devices = asked.site.source.devices().await?;
    let status = asked.site.source.status().await?;
    let links: Vec<String> = status.links.iter().map(|link| link.name.clone()).collect();
    let mut response = Response::new(Body::from(profile_archive(&devices, &links, &asked.site.gateway)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"wireshark-profile.zip\""),
    );
    Ok(response)
}
