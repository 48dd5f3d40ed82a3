//! What a proxy answers to CONNECT. The client does not say the status, so it is asked for by a request of its own.

use std::time::{Duration, Instant};

use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::config::Proxy;

/// The longest time for the question.
const LIMIT: Duration = Duration::from_secs(5);

/// No status line is longer.
const MAXIMUM_LINE: usize = 256;

/// The status of CONNECT for this URL's host; `None` if there is no HTTP answer in time, or the proxy speaks TLS.
pub(crate) async fn status_of_connect(proxy: &Proxy, url: &Url, end: Instant) -> Option<u16> {
    let left = end.saturating_duration_since(Instant::now()).min(LIMIT);
    tokio::time::timeout(left, ask(proxy, url)).await.ok().flatten()
}

async fn ask(proxy: &Proxy, url: &Url) -> Option<u16> {
    let place = Url::parse(proxy.url()).ok().filter(|place| place.scheme() == "http")?;
    let host = place.host_str()?.trim_matches(['[', ']']).to_owned();
    let mut connection = TcpStream::connect((host, place.port_or_known_default()?)).await.ok()?;
    let tunnel_to = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
    let mut request = format!("CONNECT {tunnel_to} HTTP/1.1\r\nHost: {tunnel_to}\r\n");
    if proxy.has_credentials() {
        let credentials = [decoded(place.username()), decoded(place.password().unwrap_or_default())].join(":");
        request += &format!("Proxy-Authorization: Basic {}\r\n", base64(credentials.as_bytes()));
    }
    connection.write_all(format!("{request}\r\n").as_bytes()).await.ok()?;
    let mut line = Vec::new();
    while !line.contains(&b'\n') && line.len() < MAXIMUM_LINE {
        let mut part = [0; MAXIMUM_LINE];
        match connection.read(&mut part).await.ok()? {
            0 => break,
            length => line.extend_from_slice(&part[..length]),
        }
    }
    let line = String::from_utf8_lossy(&line).into_owned();
    line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.trim_end().parse().ok()
}

/// Decodes percent-encoding.
fn decoded(text: &str) -> String {
    let form = text.replace('+', "%2B").replace('&', "%26");
    form_urlencoded::parse(format!("={form}").as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        let digit = move |index: usize| match index <= group.len() {
            true => char::from(ALPHABET[(bits >> (18 - 6 * index) & 63) as usize]),
            false => '=',
        };
        [0, 1, 2, 3].map(digit)
    };
    bytes.chunks(3).flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_encoded_as_the_header_needs_them() {
        for (text, encoded) in
            [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj"), ("user:pa ss", "dXNlcjpwYSBzcw==")]
        {
            assert_eq!(base64(text.as_bytes()), encoded);
        }
        assert_eq!(decoded("DOMAIN%5Cus+er%26=a&b%"), "DOMAIN\\us+er&=a&b%");
    }
}
