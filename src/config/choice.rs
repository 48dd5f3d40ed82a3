//! Members that are one of a few words.

/// Which endpoint refreshes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// People by name by `process`; a filter by `cc` until the tenant is known to have lost it.
    Auto,
    /// The documented endpoint, `/cc/api/system/refreshIdentities`.
    Cc,
    /// Its successor, `identities/process`.
    Process,
}

/// The form of the paths of everything but `/cc` and `/oauth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiVersion {
    /// `/{service}/v1/…`
    V1,
    /// `/v2026/{service}/…`, as all that follow.
    V2026,
    V2025,
    V2024,
    Beta,
}

impl Backend {
    pub(super) const WORDS: [(&str, Self); 3] = [("auto", Self::Auto), ("cc", Self::Cc), ("process", Self::Process)];

    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        word(&Self::WORDS, self)
    }
}

impl ApiVersion {
    pub(super) const WORDS: [(&str, Self); 5] = [
        ("v1", Self::V1),
        ("v2026", Self::V2026),
        ("v2025", Self::V2025),
        ("v2024", Self::V2024),
        ("beta", Self::Beta),
    ];

    /// As it is written, and as it stands in paths.
    pub(crate) fn name(self) -> &'static str {
        word(&Self::WORDS, self)
    }
}

/// The word of a value; each has one.
fn word<T: PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, of)| *of == value).map_or("", |(word, _)| word)
}
