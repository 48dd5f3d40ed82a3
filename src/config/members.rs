// The members of a configuration, each declared once. The library (mod.rs), the header's manual (build.rs) and the
// tests (tests/configuration.rs) include this file; each defines its own macro `members!`.
//
//     /// The text of the manual, where it follows the default.
//     field "name": Type [unit, range] = default, from Source "key", ...;
//
// The type decides how a value is read, and how cc_configure shows it (types.rs): secrets as "***". The default is
// JSON. `from` lists further places for the member, besides the call and cc_configure, and its name there. The manual
// keeps the line breaks of the text, so a line has at most 91 characters.

members! {
    // Address and credentials: from one source, see sources.rs.
    origin {
        /// https://{tenant}.api.identitynow.com; http: for loopback addresses only
        base_url "baseUrl": Address, from Environment "SAIL_BASE_URL", ConfigJson "BaseUrl", ConfigYaml "baseurl";
        /// default {baseUrl}/oauth/token
        token_url "tokenUrl": Address, from ConfigJson "TokenUrl";
        /// never renewed; a leading "Bearer " is removed
        access_token "accessToken": Secret;
        /// of a personal access token or an API client: the library fetches a token, shares it between
        /// threads, caches it until 30 s before it expires (one that lives at most a minute: until it
        /// expires), and renews it once after a 401
        client_id "clientId": String,
            from Environment "SAIL_CLIENT_ID", ConfigJson "ClientId", ConfigYaml "pat.clientid";
        /// the secret of the clientId
        client_secret "clientSecret": Secret,
            from Environment "SAIL_CLIENT_SECRET", ConfigJson "ClientSecret", ConfigYaml "pat.clientsecret";
        /// object: `environment` (object of texts), `directory`, `home`, which replace the process's
        /// environment variables, working directory and home directory (default: HOME of `environment`,
        /// on Windows USERPROFILE); `proxy`, the system's, where `environment` names none
        lookup "lookup": Lookup;
    }
    // From the call, or from cc_configure if the call has no credentials.
    settings {
        /// object of texts: headers of every request; they replace the library's headers of the same
        /// name. With an Authorization header no token is fetched. Headers that would change how the
        /// service reads the body are refused. They are not sent to an address that only a file names
        default_headers "defaultHeaders": HeaderMap = {};
        /// whether to accept any certificate
        skip_certificate_check "skipCertificateCheck": bool = false;
        /// an HTTP proxy, http://user:password@host:port, user and password percent-encoded. Default:
        /// HTTPS_PROXY, ALL_PROXY; one that cannot be used is an error. Never for loopback addresses
        proxy "proxy": Proxy;
        /// what is reached without proxy, separated by commas: names with their subdomains, *.name,
        /// addresses, networks (10.0.0.0/8), each name or address with an optional port, or *.
        /// Default: NO_PROXY
        no_proxy "noProxy": String;
        /// a PEM file with authorities to trust beside the system's; it is read again when it has
        /// changed. On Unix, SSL_CERT_FILE and SSL_CERT_DIR replace the system's
        ca_file "caFile": String;
        /// for one exchange with its retries, without waits for the rate limit
        timeout "timeoutSec": Duration = 100;
        /// to open a connection
        connect_timeout "connectTimeoutSec": Duration = 10;
        /// the maximum number of retries of a request that was not sent, or was answered with 429
        maximum_retry_count "maximumRetryCount": u64 ["tries", 0..=100] = 3;
        /// between two attempts, unless the service sends Retry-After
        retry_interval "retryIntervalSeconds": Duration = 1;
        /// the service's limit per credential (see RATE LIMIT)
        rate_limit "rateLimit": RateLimit = { "requests": 100, "seconds": 10 };
        /// the maximum number of concurrent calls of one request
        maximum_concurrency "maximumConcurrency": u64 ["calls", 1..=16] = 4;
        /// the maximum size of an answer
        maximum_response_bytes "maximumResponseBytes": u64 ["bytes", 1..=4294967296] = 16777216;
        /// whether to count the matches of a filter before it is sent
        preflight "preflight": bool = true;
        /// the maximum number of identities of a refresh, also of a full one
        maximum_identities "maxIdentities": u64 ["identities", 1..=1000000000];
        /// or cc, or process, see BACKENDS
        backend "backend": Backend = "auto";
        /// the form of paths. v1: /{service}/v1/...; v2026, v2025 and v2024: /{version}/{service}/...
        /// On a host without v1, questions are repeated with v2026, and on one without another version
        /// with v1: see VERSIONS. The paths of /cc and /oauth have no version
        api_version "apiVersion": ApiVersion = "v1";
        /// whether the successor of /cc may do more or less than the arguments say
        allow_broader "allowBroader": bool = false;
        /// sent with every request
        user_agent "userAgent": HeaderValue = "PSSailpointCC/{version} ({system})";
        /// the environment in ~/.sailpoint/config.yaml; by default the active one
        environment "environment": String;
    }
}

// Members of the official module's configuration: accepted and ignored.
const UNUSED: [&str; 9] = [
    "apiKey",
    "apiKeyPrefix",
    "username",
    "password",
    "cookie",
    "experimental",
    "consumerIdentifier",
    "consumerVersion",
    "nermBaseUrl",
];
