//! Members with a fixed set of words.

/// The endpoint that refreshes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// `process` for people by name; `cc` for a filter until the tenant is known to have lost it.
    Auto,
    /// The documented endpoint, `/cc/api/system/refreshIdentities`.
    Cc,
    /// Its successor, `identities/process`.
    Process,
}

/// The form of all paths except those of `/cc` and `/oauth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiVersion {
    /// `/{service}/v1/…`
    V1,
    /// `/v2026/{service}/…`, and so on for the following ones.
    V2026,
    V2025,
    V2024,
}

impl Backend {
    pub(super) const WORDS: [(&str, Self); 3] = [("auto", Self::Auto), ("cc", Self::Cc), ("process", Self::Process)];

    pub(crate) fn name(self) -> &'static str {
        word(&Self::WORDS, self)
    }
}

impl ApiVersion {
    pub(super) const WORDS: [(&str, Self); 4] =
        [("v1", Self::V1), ("v2026", Self::V2026), ("v2025", Self::V2025), ("v2024", Self::V2024)];

    /// In the order of their numbers.
    pub(crate) const ALL: [Self; 4] = [Self::V1, Self::V2026, Self::V2025, Self::V2024];

    /// The version to try on a host that does not have this one: gateways that are older than v1 have v2026.
    pub(crate) fn next(self) -> Self {
        if self == Self::V1 { Self::V2026 } else { Self::V1 }
    }

    /// As it is written, and as it occurs in paths.
    pub(crate) fn name(self) -> &'static str {
        word(&Self::WORDS, self)
    }
}

fn word<T: PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, of)| *of == value).map_or("", |(word, _)| word)
}
