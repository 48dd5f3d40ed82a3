//! The module as it is installed: few script files instead of one per function, and a library for each system.

use std::collections::BTreeMap;
use std::path::Path;

use super::archive::{Content, Entry, timestamp, zip};
use super::crates::hex;
use crate::{Result, build};

use sha2::{Digest, Sha256};

const NAME: &str = "PSSailpointCC";

/// The public function that stays a file of its own, because the root script reads it in two ways.
const REFRESH: &str = "Invoke-CCRefreshIdentities.ps1";

/// The folders of functions that are not read at the import; each becomes a file of its name.
const LATER: [&str; 2] = ["Private", "Late"];

/// The module's files, without what tells of licences.
///
/// `libraries` has the bytes of each, by its path below `bin`.
pub(crate) fn files(libraries: &BTreeMap<String, Vec<u8>>) -> Result<Vec<Entry>> {
    let source = build::root().join("powershell").join(NAME);
    let refresh = source.join("Public").join(REFRESH);
    let mut files = vec![
        Entry::file("PSSailpointCC.psm1", script(&source)?),
        Entry::file(REFRESH, with_help_address(&refresh, &build::read(&refresh)?)?),
        Entry::file("PSSailpointCC.psd1", manifest(&source)?),
        Entry::file("LICENSE.txt", build::read(&build::root().join("LICENSE"))?),
    ];
    for folder in LATER {
        files.push(Entry::file(format!("{folder}.ps1"), joined(&source.join(folder))?));
    }
    let format = "PSSailpointCC.Format.ps1xml";
    files.push(Entry::file(format, build::bytes(&source.join(format))?));
    for file in build::files(&source.join("en-US"))? {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        files.push(Entry::file(format!("en-US/{name}"), build::bytes(&file)?));
    }
    files.extend(libraries.iter().map(|(path, bytes)| Entry::file(format!("bin/{path}"), bytes.clone())));
    Ok(files)
}

/// Writes files into a folder, and nothing else stays there.
pub(crate) fn write(files: &[Entry], folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|error| build::failed(folder, error))?;
    }
    for file in files {
        if let Content::File(bytes) = &file.content {
            build::write(&folder.join(&file.path), bytes)?;
        }
    }
    Ok(())
}

/// A NuGet package, which Install-PSResource installs and Expand-Archive unpacks.
pub(crate) fn nupkg(mut files: Vec<Entry>, epoch: u64) -> Result<Vec<u8>> {
    let nuspec = nuspec()?;
    let id = hex(&Sha256::digest(&nuspec)[..16]);
    let core = format!("package/services/metadata/core-properties/{id}.psmdcp");
    files.push(Entry::file(format!("{NAME}.nuspec"), nuspec));
    files.push(Entry::file("_rels/.rels", relationships(&core)));
    files.push(Entry::file(core, core_properties(epoch)?));
    let types = content_types(&files);
    files.push(Entry::file("[Content_Types].xml", types));
    zip(&files, epoch)
}

/// The root script with the public functions, instead of the lines that read them one by one.
fn script(source: &Path) -> Result<String> {
    const BEGIN: &str = "#region files";
    const END: &str = "#endregion files";
    const FILES: &str = r#"function Get-FunctionFile([string] $Folder) { "$script:ModuleRoot/$Folder.ps1" }
$refresh = "$PSScriptRoot/"#;
    let root = source.join("PSSailpointCC.psm1");
    let text = build::read(&root)?;
    let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END)) else {
        return Err(format!("{} has no \"{BEGIN}\" and \"{END}\".", root.display()));
    };
    let version = env!("CARGO_PKG_VERSION");
    let mut script = format!("{}$script:OwnVersion = '{version}'\n{FILES}{REFRESH}\"\n\n", &text[..begin]);
    for file in build::files(&source.join("Public"))? {
        if !file.ends_with(REFRESH) {
            script.push_str(with_help_address(&file, &build::read(&file)?)?.trim_end());
            script.push_str("\n\n");
        }
    }
    script.push_str(text[end + END.len()..].trim_start());
    Ok(script)
}

/// The scripts of a folder as one, with the version that the root script compares.
fn joined(folder: &Path) -> Result<String> {
    let texts = build::files(folder)?.into_iter().map(|file| build::read(&file)).collect::<Result<Vec<_>>>()?;
    let version = env!("CARGO_PKG_VERSION");
    let check = "if ($script:FileVersion -ne $script:OwnVersion) { return }";
    Ok(format!("$script:FileVersion = '{version}'\n{check}\n\n{}", texts.join("\n")))
}

/// A function whose `Get-Help -Online` opens its source, which begins with its help.
fn with_help_address(file: &Path, text: &str) -> Result<String> {
    const BINDING: &str = "[CmdletBinding(";
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let address = format!("{}/powershell/{NAME}/Public/{name}", file_address()?);
    let (before, after) = text.split_once(BINDING).ok_or_else(|| format!("{name} has no {BINDING}"))?;
    let comma = if after.starts_with(')') { "" } else { ", " };
    Ok(format!("{before}{BINDING}HelpUri = '{address}'{comma}{after}"))
}

/// The manifest, with the addresses of the project, and what is new in this version.
fn manifest(source: &Path) -> Result<String> {
    const LICENSE: &str = "            LicenseUri =";
    let text = build::read(&source.join("PSSailpointCC.psd1"))?;
    let version = env!("CARGO_PKG_VERSION");
    if !text.contains(&format!("ModuleVersion        = '{version}'")) {
        return Err(format!("PSSailpointCC.psd1 has not the version of Cargo.toml, {version}."));
    }
    let begin = text.find(LICENSE).ok_or("PSSailpointCC.psd1 has no LicenseUri.")?;
    let end = begin + text[begin..].find('\n').ok_or("PSSailpointCC.psd1 ends in LicenseUri.")?;
    let notes = release_notes()?.replace('\'', "''");
    let addresses = format!(
        "            LicenseUri = '{}/LICENSE'\n            ProjectUri = '{}'\n            ReleaseNotes = '{notes}'",
        file_address()?,
        env!("CARGO_PKG_REPOSITORY"),
    );
    Ok(format!("{}{addresses}{}", &text[..begin], &text[end..]))
}

/// The project's folder of this version on the web.
fn file_address() -> Result<String> {
    match env!("CARGO_PKG_REPOSITORY") {
        "" => Err("Cargo.toml has no `repository`.".to_owned()),
        repository => Ok(format!("{repository}/blob/v{}", env!("CARGO_PKG_VERSION"))),
    }
}

/// What CHANGELOG.md says of this version.
pub(crate) fn release_notes() -> Result<String> {
    let version = env!("CARGO_PKG_VERSION");
    let text = build::read(&build::root().join("CHANGELOG.md"))?;
    let section = text.split("\n## ").find(|section| section.starts_with(&format!("[{version}]")));
    let section = section.ok_or_else(|| format!("CHANGELOG.md has no section \"## [{version}]\"."))?;
    let notes = section.split_once('\n').map_or("", |(_, notes)| notes).trim();
    match notes.is_ascii() {
        // Windows PowerShell reads a manifest in the code page.
        false => Err(format!("CHANGELOG.md's section {version} is not ASCII.")),
        true => Ok(notes.to_owned()),
    }
}

/// A value of the manifest: `Key = 'value'`.
fn manifest_value(manifest: &str, key: &str) -> Result<String> {
    let line = manifest.lines().find(|line| line.trim_start().starts_with(key) && line.contains('\''));
    let value = line.and_then(|line| Some(line[line.find('\'')? + 1..line.rfind('\'')?].replace("''", "'")));
    value.ok_or_else(|| format!("PSSailpointCC.psd1 has no {key}."))
}

/// What NuGet wants to know. PowerShell reads the manifest instead.
fn nuspec() -> Result<String> {
    let manifest = build::read(&build::root().join("powershell/PSSailpointCC/PSSailpointCC.psd1"))?;
    let value = |key| manifest_value(&manifest, key).map(|value| xml(&value));
    let line = manifest
        .lines()
        .find(|line| line.trim_start().starts_with("Tags "))
        .ok_or("PSSailpointCC.psd1 has no Tags.")?;
    let mut tags: Vec<String> = line.split('\'').skip(1).step_by(2).map(str::to_owned).collect();
    tags.push("PSModule".to_owned());
    Ok(format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
  <metadata>
    <id>{NAME}</id>
    <version>{}</version>
    <authors>{}</authors>
    <requireLicenseAcceptance>false</requireLicenseAcceptance>
    <license type="expression">{}</license>
    <projectUrl>{}</projectUrl>
    <description>{}</description>
    <releaseNotes>{}</releaseNotes>
    <copyright>{}</copyright>
    <tags>{}</tags>
  </metadata>
</package>
"#,
        env!("CARGO_PKG_VERSION"),
        value("Author")?,
        env!("CARGO_PKG_LICENSE"),
        env!("CARGO_PKG_REPOSITORY"),
        value("Description")?,
        xml(&release_notes()?),
        value("Copyright")?,
        tags.join(" "),
    ))
}

fn relationships(core: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
  <Relationship Type="http://schemas.microsoft.com/packaging/2010/07/manifest" Target="/{NAME}.nuspec" Id="R1" />
  <Relationship Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="/{core}" Id="R2" />
</Relationships>
"#
    )
}

fn core_properties(epoch: u64) -> Result<String> {
    Ok(format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<coreProperties xmlns="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <dc:creator>The PSSailpointCC authors</dc:creator>
  <dc:identifier>{NAME}</dc:identifier>
  <version>{}</version>
  <dcterms:created xsi:type="dcterms:W3CDTF">{}</dcterms:created>
</coreProperties>
"#,
        env!("CARGO_PKG_VERSION"),
        timestamp(epoch),
    ))
}

/// Each kind of file, as the packaging format demands. Files without an extension would need a line each.
fn content_types(files: &[Entry]) -> String {
    let extensions: std::collections::BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.path.rsplit('/').next()?.rsplit_once('.').map(|(_, extension)| extension))
        .collect();
    let lines = extensions.iter().map(|extension| {
        let kind = match *extension {
            "rels" => "application/vnd.openxmlformats-package.relationships+xml",
            "psmdcp" => "application/vnd.openxmlformats-package.core-properties+xml",
            _ => "application/octet",
        };
        format!("  <Default Extension=\"{extension}\" ContentType=\"{kind}\" />\n")
    });
    let lines: String = lines.collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\n{lines}</Types>\n"
    )
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
