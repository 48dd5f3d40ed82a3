// The members of a configuration, each declared once. The library (mod.rs), the header's manual (build.rs) and the
// tests (tests/configuration.rs) include this file; each defines a macro `members!` that takes from it what it needs.
//
//     /// The manual's text; there it follows the default.
//     field "name": Type [unit, range] = default, from Source "key", ...;
//
// The type decides how a value is read, and how cc_configure shows it (types.rs): secrets as "***". The default is
// JSON. `from` lists the places that may give the member, besides the call and cc_configure, and its name there.
// The manual keeps the lines of the text: at most 91 characters.

members! {
    // Where to send requests, and as whom: from one source, see sources.rs.
    origin {
        /// https://{tenant}.api.identitynow.com; http: for loopback addresses only
        base_url "baseUrl": Address, from Environment "SAIL_BASE_URL", ConfigJson "BaseUrl", ConfigYaml "baseurl";
        /// default {baseUrl}/oauth/token
        token_url "tokenUrl": Address, from ConfigJson "TokenUrl";
        /// sent as it is, never renewed; "Bearer " before it is dropped
        access_token "accessToken": Secret;
        /// of a personal access token or an API client: a token is fetched, shared by all threads,
        /// kept until 30 s before it expires, and fetched again once when the service answers 401
        client_id "clientId": String,
            from Environment "SAIL_CLIENT_ID", ConfigJson "ClientId", ConfigYaml "pat.clientid";
        /// belongs to the clientId
        client_secret "clientSecret": Secret,
            from Environment "SAIL_CLIENT_SECRET", ConfigJson "ClientSecret", ConfigYaml "pat.clientsecret";
        /// object: `environment` (object of texts), `directory`, `home`, instead of the process's
        /// own environment variables, working directory and home directory
        lookup "lookup": Lookup;
    }
    // From the call, or from cc_configure where the call has no credentials.
    settings {
        /// object of texts, the headers of every request, in place of the library's own of these
        /// names. With an Authorization among them no token is fetched. Headers that would change
        /// how the service reads the body are refused
        default_headers "defaultHeaders": HeaderMap = {};
        /// whether any certificate is accepted
        skip_certificate_check "skipCertificateCheck": bool = false;
        /// http://host:port. Default: HTTPS_PROXY, ALL_PROXY. Loopback addresses are never proxied
        proxy "proxy": Proxy;
        /// host names and networks that need no proxy, with commas between. Default: NO_PROXY
        no_proxy "noProxy": String;
        /// a PEM file: authorities to trust beside this system's
        ca_file "caFile": String;
        /// one exchange with its retries, without its waits for the rate limit
        timeout "timeoutSec": Duration = 100;
        /// for a connection to be made
        connect_timeout "connectTimeoutSec": Duration = 10;
        /// how often a request is repeated that was not sent, or was answered 429
        maximum_retry_count "maximumRetryCount": u64 ["tries", 0..=100] = 3;
        /// between two tries, where the service does not say how long to wait
        retry_interval "retryIntervalSeconds": Duration = 1;
        /// what the service allows one credential (see RATE LIMIT)
        rate_limit "rateLimit": RateLimit = { "requests": 100, "seconds": 10 };
        /// the most calls under way at the same time for one request
        maximum_concurrency "maximumConcurrency": u64 ["calls", 1..=16] = 4;
        /// a larger answer is an error
        maximum_response_bytes "maximumResponseBytes": u64 ["bytes", 1..=4294967296] = 16777216;
        /// whether the matches of a filter are counted before it is sent
        preflight "preflight": bool = true;
        /// the most identities that a refresh may touch, a full refresh included
        maximum_identities "maxIdentities": u64 ["identities", 1..=1000000000];
        /// which endpoint refreshes; or cc, or process, see BACKENDS
        backend "backend": Backend = "auto";
        /// the form of the paths. v1 is /{service}/v1/...; v2026, v2025, v2024 and beta are
        /// /{version}/{service}/... The paths of /cc and /oauth have no version
        api_version "apiVersion": ApiVersion = "v1";
        /// whether scripts that set arguments to false also run on a tenant without /cc
        allow_broader "allowBroader": bool = false;
        /// sent with every request
        user_agent "userAgent": HeaderValue = "PSSailpointCC/{version} ({system})";
        /// the environment in ~/.sailpoint/config.yaml; the active one if not given
        environment "environment": String;
    }
}

// Members of the official module's configuration: accepted and not used.
const UNUSED: [&str; 5] = ["apiKey", "apiKeyPrefix", "username", "password", "cookie"];
