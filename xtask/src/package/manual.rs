//! The header's manual as a page: its first comment, then each function with its own.

use crate::{Result, build};

pub(crate) fn html() -> Result<String> {
    let header = build::read(&build::root().join("include/pssailpointcc.h"))?;
    let (manual, rest) = header.split_once("\n */\n").ok_or("The header does not begin with its manual.")?;
    let manual = comment(manual.trim_start_matches("/*\n"));
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>pssailpointcc {version}</title>\n\
         <style>body {{ max-width: 60em; margin: 2em auto; padding: 0 1em; font-family: sans-serif }}\n\
         pre {{ white-space: pre-wrap }} h3 code {{ font-size: 1.1em }}</style>\n</head>\n<body>\n\
         <h1>pssailpointcc {version}</h1>\n",
        version = env!("CARGO_PKG_VERSION"),
    );
    // A line in capitals is a heading.
    let mut text = String::new();
    for line in manual.lines() {
        if !line.is_empty() && line.chars().all(|c| c.is_ascii_uppercase() || c == ' ') {
            page += &paragraph(&text);
            page += &format!("<h2>{}</h2>\n", capitalised(line));
            text.clear();
        } else {
            text += line;
            text.push('\n');
        }
    }
    page += &paragraph(&text);
    page += "<h2>Functions</h2>\n";
    for block in rest.split("\n/**\n").skip(1) {
        let Some((about, declaration)) = block.split_once("\n */\n") else { continue };
        let declaration = declaration.split_once("\n\n").map_or(declaration, |(declaration, _)| declaration);
        let declaration = declaration.split_whitespace().collect::<Vec<_>>().join(" ");
        page += &format!("<h3><code>{}</code></h3>\n{}", escaped(&declaration), paragraph(&comment(about)));
    }
    page += "</body>\n</html>\n";
    Ok(page)
}

/// The text of a comment, without its stars.
fn comment(text: &str) -> String {
    let lines = text.lines().map(|line| line.strip_prefix(" * ").or_else(|| line.strip_prefix(" *")).unwrap_or(line));
    lines.map(|line| format!("{line}\n")).collect()
}

fn paragraph(text: &str) -> String {
    match text.trim_matches('\n') {
        "" => String::new(),
        text => format!("<pre>{}</pre>\n", escaped(text.trim_end())),
    }
}

fn capitalised(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    lower[..1].to_ascii_uppercase() + &lower[1..]
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
