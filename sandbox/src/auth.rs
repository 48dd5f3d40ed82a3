//! Clients, their tokens, and their permissions.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use crate::answer::Answer;
use crate::multipart;
use crate::people::mix;
use crate::route::Endpoint;
use crate::tenant::Ask;

/// The access token that is always valid, for the documented `$Configuration.AccessToken`; an ORG_ADMIN's.
pub const ACCESS_TOKEN: &str = "sandbox-token";

/// Client credentials, and the permissions of their tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    id: String,
    secret: String,
    level: Level,
    scopes: Vec<String>,
    application: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    OrgAdmin,
    Helpdesk,
}

impl Client {
    /// A personal access token of an ORG_ADMIN with every scope.
    pub fn new(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
            level: Level::OrgAdmin,
            scopes: vec!["sp:scopes:all".to_owned()],
            application: false,
        }
    }

    /// The same for a HELPDESK user: search, identity attributes and attribute synchronisation refuse it.
    pub fn helpdesk(mut self) -> Self {
        self.level = Level::Helpdesk;
        self
    }

    /// The same with these scopes only.
    pub fn scopes(mut self, scopes: &[&str]) -> Self {
        self.scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        self
    }

    /// The same for a client of the API management: an application's token, which `GET /identities` refuses.
    pub fn application(mut self) -> Self {
        self.application = true;
        self
    }

    /// The clients that every sandbox has: `sandbox-client`/`sandbox-secret` (ORG_ADMIN, all scopes),
    /// `helpdesk-client`/`helpdesk-secret`, `noscope-client`/`noscope-secret` (no scope: 403 everywhere) and
    /// `application-client`/`application-secret` (API management).
    pub fn defaults() -> Vec<Self> {
        vec![
            Self::new("sandbox-client", "sandbox-secret"),
            Self::new("helpdesk-client", "helpdesk-secret").helpdesk(),
            Self::new("noscope-client", "noscope-secret").scopes(&[]),
            Self::new("application-client", "application-secret").application(),
        ]
    }

    fn may(&self, endpoint: Endpoint) -> Result<(), String> {
        let (scopes, helpdesk, application): (&[&str], bool, bool) = match endpoint {
            Endpoint::Search | Endpoint::Count => (&["sp:search:read"], false, true),
            Endpoint::IdentityAttributes => (&["idn:identity-profile-attribute:read"], false, true),
            Endpoint::Identities => (&["idn:identity:read"], true, false),
            Endpoint::Process => (&["idn:identity:process", "idn:identity:manage"], true, true),
            Endpoint::Synchronize => (&["idn:identity:manage"], false, true),
            Endpoint::TaskStatus | Endpoint::TaskList => (&["idn:task-management:read"], true, true),
            // No scope is documented for /cc; a token without any scope is refused nevertheless.
            _ => (&[], true, true),
        };
        let has = |scope: &str| self.scopes.iter().any(|own| own == scope || own == "sp:scopes:all");
        if self.scopes.is_empty() || !(scopes.is_empty() || scopes.iter().any(|scope| has(scope))) {
            return Err("the token lacks the scope".to_owned());
        }
        if self.level == Level::Helpdesk && !helpdesk {
            return Err("the user level is not enough".to_owned());
        }
        if self.application && !application {
            return Err("the token is an application's".to_owned());
        }
        Ok(())
    }
}

/// Clients, the issued tokens, and the recent requests of each client.
#[derive(Debug)]
pub(crate) struct Auth {
    clients: Vec<Client>,
    /// By token: the client, and the time of expiry.
    tokens: HashMap<String, (usize, Instant)>,
    given: u64,
    asked: HashMap<usize, VecDeque<Instant>>,
}

impl Auth {
    pub(crate) fn new(clients: Vec<Client>) -> Self {
        Self { clients, tokens: HashMap::new(), given: 0, asked: HashMap::new() }
    }

    /// `POST /oauth/token`, in each of the three documented forms.
    pub(crate) fn give_token(&mut self, ask: &Ask, lifetime: Duration) -> Answer {
        let form = match token_form(ask) {
            Ok(form) => form,
            Err(why) => return token_error(400, "invalid_request", why),
        };
        match form.get("grant_type").map(String::as_str) {
            Some("client_credentials") => {}
            Some(other) => {
                return token_error(400, "unsupported_grant_type", &format!("Unsupported grant type: {other}"));
            }
            None => return token_error(400, "invalid_request", "Missing grant type"),
        }
        let (id, secret) = match basic(ask.header("authorization")) {
            Some(pair) => pair,
            None => (
                form.get("client_id").cloned().unwrap_or_default(),
                form.get("client_secret").cloned().unwrap_or_default(),
            ),
        };
        let Some(client) = self.clients.iter().position(|client| client.id == id) else {
            return token_error(400, "invalid_client", "Bad client credentials");
        };
        if self.clients[client].secret != secret {
            return token_error(401, "invalid_grant", "Bad Credentials");
        }
        self.given += 1;
        let token = format!("sbx-{:016x}{:016x}", mix(self.given), mix(self.given ^ 0x70_6b65));
        self.tokens.insert(token.clone(), (client, Instant::now() + lifetime));
        Answer::json(
            200,
            &json!({
                "access_token": token, "token_type": "bearer", "expires_in": lifetime.as_secs(),
                "scope": self.clients[client].scopes.join(" "), "tenant_id": "sandbox", "pod": "sandbox",
                "org": "sandbox", "strong_auth_supported": true, "identity_id": "2c91", "jti": format!("{}", self.given),
            }),
        )
        .with("cache-control", "no-store")
    }

    /// The id of the client whose token this request carries, valid or not.
    pub(crate) fn client_of(&self, authorization: Option<&str>) -> Option<&str> {
        let token = bearer(authorization?)?;
        let client = if token == ACCESS_TOKEN { 0 } else { self.tokens.get(token)?.0 };
        self.clients.get(client).map(|client| client.id.as_str())
    }

    /// Admits a request, or returns the answer that refuses it: 401, then 429, then 403.
    pub(crate) fn admit(
        &mut self,
        authorization: Option<&str>,
        endpoint: Endpoint,
        limit: usize,
        window: Duration,
    ) -> Result<(), Answer> {
        let unauthorized = |text: &str| Answer::error(401, &format!("JWT validation failed: {text}"));
        let authorization = authorization.ok_or_else(|| unauthorized("JWT is missing"))?;
        let token = bearer(authorization).ok_or_else(|| unauthorized("not a bearer token"))?;
        let now = Instant::now();
        let client = match self.tokens.get(token) {
            _ if token == ACCESS_TOKEN => 0,
            None => return Err(unauthorized("JWT is not valid")),
            Some((_, until)) if *until <= now => return Err(unauthorized("JWT is expired")),
            Some((client, _)) => *client,
        };
        if limit > 0 {
            let asked = self.asked.entry(client).or_default();
            while asked.front().is_some_and(|first| now.duration_since(*first) >= window) {
                asked.pop_front();
            }
            if asked.len() >= limit {
                let wait = asked.front().map_or(window, |first| window.saturating_sub(now.duration_since(*first)));
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                return Err(Answer::error(429, "").with("retry-after", seconds.max(1).to_string()));
            }
            asked.push_back(now);
        }
        self.clients[client]
            .may(endpoint)
            .map_err(|why| Answer::error(403, &format!("{} ({why})", crate::answer::usual_text(403))))
    }

    /// Expires every token that was issued.
    pub(crate) fn expire(&mut self) {
        let now = Instant::now();
        self.tokens.values_mut().for_each(|(_, until)| *until = now);
    }
}

/// The fields of a token request: of the query, and of a body that is form-encoded or multipart.
fn token_form(ask: &Ask) -> Result<HashMap<String, String>, &'static str> {
    let mut form: HashMap<String, String> = form_urlencoded::parse(ask.query.as_bytes()).into_owned().collect();
    match ask.content_type().to_ascii_lowercase().as_str() {
        _ if ask.body.is_empty() => {}
        "application/x-www-form-urlencoded" => form.extend(form_urlencoded::parse(&ask.body).into_owned()),
        "multipart/form-data" => {
            form.extend(multipart::fields(ask.header("content-type").unwrap_or_default(), &ask.body)?);
        }
        _ => return Err("the body is neither form-encoded nor multipart"),
    }
    Ok(form)
}

fn token_error(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "error_description": description }))
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn basic(authorization: Option<&str>) -> Option<(String, String)> {
    let (scheme, encoded) = authorization?.split_once(' ')?;
    let decoded = BASE64.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
