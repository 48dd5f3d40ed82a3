//! Zip and tar.gz files whose bytes depend on nothing but their entries and one time.

use std::io::{Cursor, Write};
use std::time::{Duration, UNIX_EPOCH};

use flate2::{Compression, GzBuilder};

use crate::Result;

/// A file or a symbolic link of an archive.
#[derive(Clone)]
pub(crate) struct Entry {
    /// With `/` between folders.
    pub(crate) path: String,
    pub(crate) content: Content,
}

#[derive(Clone)]
pub(crate) enum Content {
    File(Vec<u8>),
    /// A symbolic link to a file in the same folder.
    Link(String),
}

impl Entry {
    pub(crate) fn file(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), content: Content::File(bytes.into()) }
    }

    pub(crate) fn link(path: impl Into<String>, target: impl Into<String>) -> Self {
        Self { path: path.into(), content: Content::Link(target.into()) }
    }
}

/// A zip file. It cannot hold symbolic links.
pub(crate) fn zip(entries: &[Entry], epoch: u64) -> Result<Vec<u8>> {
    let text = timestamp(epoch);
    // Its form is fixed: each part stands at its place.
    let part = |at: usize| text[at..at + 2].parse::<u8>().map_err(|error| format!("{text}: {error}"));
    let year = text[..4].parse().map_err(|error| format!("{text}: {error}"))?;
    let time = zip::DateTime::from_date_and_time(year, part(5)?, part(8)?, part(11)?, part(14)?, part(17)?)
        .map_err(|error| error.to_string())?;
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(time)
        .unix_permissions(0o644);
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for entry in sorted(entries) {
        let Content::File(bytes) = &entry.content else {
            return Err(format!("{}: a zip file holds no symbolic links.", entry.path));
        };
        writer.start_file(entry.path.as_str(), options).map_err(|error| error.to_string())?;
        writer.write_all(bytes).map_err(|error| error.to_string())?;
    }
    Ok(writer.finish().map_err(|error| error.to_string())?.into_inner())
}

/// A gzipped tar file.
pub(crate) fn tar_gz(entries: &[Entry], epoch: u64) -> Result<Vec<u8>> {
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    let mut writer = tar::Builder::new(gzip);
    for entry in sorted(entries) {
        let mut header = tar::Header::new_gnu();
        header.set_mtime(epoch);
        let written = match &entry.content {
            Content::File(bytes) => {
                header.set_size(bytes.len() as u64);
                header.set_mode(0o644);
                writer.append_data(&mut header, &entry.path, bytes.as_slice())
            }
            Content::Link(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                header.set_mode(0o777);
                writer.append_link(&mut header, &entry.path, target)
            }
        };
        written.map_err(|error| format!("{}: {error}", entry.path))?;
    }
    let gzip = writer.into_inner().map_err(|error| error.to_string())?;
    gzip.finish().map_err(|error| error.to_string())
}

fn sorted(entries: &[Entry]) -> Vec<&Entry> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|one, other| one.path.cmp(&other.path));
    sorted
}

/// `2026-11-28T12:00:00Z`
pub(crate) fn timestamp(epoch: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(epoch)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(timestamp(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(timestamp(4_107_542_400), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn the_order_of_the_entries_does_not_change_an_archive() {
        let (a, b) = (Entry::file("a/one.txt", "1"), Entry::file("b.txt", "2"));
        for archive in [zip, tar_gz] {
            let bytes = archive(&[a.clone(), b.clone()], 1_000_000_000).expect("an archive");
            assert_eq!(bytes, archive(&[b.clone(), a.clone()], 1_000_000_000).expect("an archive"));
            assert_ne!(bytes, archive(&[a.clone(), b.clone()], 1_000_000_060).expect("an archive"));
        }
    }
}
