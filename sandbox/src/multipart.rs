//! Bodies of the type `multipart/form-data`, as far as the token endpoint needs them: short texts, no files.

/// The fields of a body, in their order.
///
/// The names may stand without quotes and the boundary in quotes: .NET writes both so.
///
/// # Errors
///
/// What is missing, where the body is not of this form.
pub(crate) fn fields(content_type: &str, body: &[u8]) -> Result<Vec<(String, String)>, &'static str> {
    let boundary = parameter(content_type, "boundary").ok_or("the content type has no boundary")?;
    let body = std::str::from_utf8(body).map_err(|_| "the body is not UTF-8")?;
    // The first delimiter may stand at the very start, without a line end before it.
    let body = format!("\r\n{body}");
    let delimiter = format!("\r\n--{boundary}");
    let mut parts = body.split(delimiter.as_str()).skip(1);
    let mut fields = Vec::new();
    loop {
        let part = parts.next().ok_or("the closing delimiter is missing")?;
        if part.starts_with("--") {
            return Ok(fields);
        }
        let (head, value) = part.split_once("\r\n\r\n").ok_or("a part has no empty line after its headers")?;
        let is_disposition = |line: &&str| line.to_ascii_lowercase().starts_with("content-disposition:");
        let disposition = head.split("\r\n").find(is_disposition).ok_or("a part has no Content-Disposition")?;
        let name = parameter(disposition, "name").ok_or("a part has no name")?;
        fields.push((name.to_owned(), value.to_owned()));
    }
}

/// A parameter of a header, with or without quotes.
fn parameter<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    let parameters = header.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let value = parameters.into_iter().find(|(known, _)| known.trim().eq_ignore_ascii_case(name))?.1;
    Some(value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_dot_net_and_curl_write_them() {
        let dot_net = "--b-1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=client_id\r\n\r\n\
                       a=b&c\r\n--b-1\r\nContent-Disposition: form-data; name=client_secret\r\n\r\n\r\n--b-1--\r\n";
        let expected = [("client_id".to_owned(), "a=b&c".to_owned()), ("client_secret".to_owned(), String::new())];
        assert_eq!(fields("multipart/form-data; boundary=\"b-1\"", dot_net.as_bytes()), Ok(expected.to_vec()));
        let curl = "--------x\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\n+ %20\r\n--------x--\r\n";
        let expected = [("client_id".to_owned(), "+ %20".to_owned())];
        assert_eq!(fields("multipart/form-data; boundary=------x", curl.as_bytes()), Ok(expected.to_vec()));
    }

    #[test]
    fn a_body_that_is_not_multipart_is_an_error() {
        for (content_type, body) in [
            ("multipart/form-data", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--b--"),
            ("multipart/form-data; boundary=b", "client_id=1"),
            ("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"),
            ("multipart/form-data; boundary=b", "--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--"),
            ("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=a\r\n--b--"),
        ] {
            assert!(fields(content_type, body.as_bytes()).is_err(), "{content_type}: {body}");
        }
    }
}
