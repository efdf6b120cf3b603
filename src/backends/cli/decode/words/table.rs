//! The words themselves, as patterns.

use std::sync::LazyLock;

use regex::Regex;

use crate::chat::ErrorClass;

use super::{Meaning, pattern};

pub(super) struct Row {
    pub meaning: Meaning,
    pub pattern: Regex,
}

fn rows(table: &[(Meaning, &[&str])]) -> Vec<Row> {
    table.iter().map(|(meaning, words)| Row { meaning: *meaning, pattern: any_of(words) }).collect()
}

/// Any of these, as whole words, in any case.
#[allow(clippy::missing_panics_doc, clippy::expect_used, reason = "the tables are constants, and tested")]
fn any_of(words: &[&str]) -> Regex {
    Regex::new(&format!(r"(?i)(?:^|\b|_)(?:{})", words.join("|"))).expect("a pattern of the table")
}

/// Told by these words even where a status stands beside them.
pub(super) static CERTAIN: LazyLock<Vec<Row>> = LazyLock::new(|| {
    rows(&[
        (
            Meaning::SessionGone,
            &[
                r"no (?:conversation|session|rollout|thread|saved session|previous session)s? (?:was |were )?found",
                "no previous sessions?",
                r"(?:session|conversation|thread) (?:id |identifier )?\S* ?(?:was |is )?(?:not found|does not exist)",
                "invalid session (?:id|identifier)",
                "could not (?:find|load|resume) (?:the )?(?:session|conversation|thread)",
            ],
        ),
        (
            Meaning::Settings,
            &[
                "error (?:loading|parsing) config",
                "invalid config(?:uration)? (?:file|in|at)",
                "is no longer supported",
            ],
        ),
        (
            Meaning::NotAllowed,
            &[
                "approval required",
                "requires? (?:an )?(?:approval|interactive terminal)",
                "not (?:inside|running in) a trusted directory",
                "(?:untrusted|not trusted|not a trusted) (?:folder|directory|workspace)",
                "insufficient permission to proceed",
            ],
        ),
        (
            Meaning::Class(ErrorClass::Truncated),
            &[
                "reason: max_output_tokens",
                r"max_output_tokens\)?$",
                "(?:maximum )?output token (?:limit|maximum)",
                r"exceeded the \d+ output token",
                "response was truncated",
                "MessageOutputLengthError",
            ],
        ),
        (
            Meaning::Class(ErrorClass::ContextOverflow),
            &[
                "ContextWindowExceeded",
                "ContextOverflow",
                "context_length_exceeded",
                "context (?:window|length|limit|size)",
                "(?:prompt|input|conversation) is too long",
                "exceeds? the maximum number of (?:input )?tokens",
                "too many (?:input )?tokens",
            ],
        ),
        (
            Meaning::Class(ErrorClass::Quota),
            &[
                "usage[ _]limit",
                r"(?:hit|reached) your (?:\S+ )?limit",
                r"(?:hour|daily|weekly|monthly|session|spend(?:ing)?|credit) limit (?:reached|exceeded)",
                "quota",
                "(?:insufficient|out of|no|not enough) (?:credits?|balance|funds)",
                "credit balance",
                "billing",
                "payment required",
                "spending (?:cap|limit)",
                "exhausted your (?:capacity|daily|credits)",
            ],
        ),
    ])
});

/// Told by these words when no status stands beside them.
pub(super) static LIKELY: LazyLock<Vec<Row>> = LazyLock::new(|| {
    rows(&[
        (
            Meaning::Class(ErrorClass::Auth),
            &[
                "auth(?:entication|orization)?[ _](?:error|failed|failure|required)",
                "not (?:logged in|signed in|authenticated|authorized)",
                r"please (?:run )?(?:\S+ )?(?:log ?in|sign ?in)",
                "(?:log ?in|sign ?in) (?:is )?required",
                r"(?:invalid|incorrect|missing|no|expired) (?:\S+ )?(?:api[ _-]?key|credentials?|access token|auth token)",
                r"api[ _-]?key (?:is |was )?(?:\S+ )?(?:not found|missing|required|not set|invalid|expired)",
                "(?:set|specify|provide) (?:an auth method|the .*api_key|.*api key)",
                "(?:token|session|credentials?) (?:has |have )?expired",
                "unauthori[sz]ed",
                "unauthenticated",
                r"\w*AuthenticationError",
                r"\w*AuthError",
            ],
        ),
        (
            Meaning::Class(ErrorClass::Unreachable),
            &[
                "ECONNREFUSED",
                "ECONNRESET",
                "ENOTFOUND",
                "EAI_AGAIN",
                "EHOSTUNREACH",
                "ENETUNREACH",
                "EPIPE",
                "connection ?(?:error|refused|reset|failed|aborted)",
                r"\w*ConnectionError",
                "(?:cannot|could not|can't|unable to|failed to) (?:connect|reach)",
                "fetch failed",
                "network error",
                "network is unreachable",
                "waiting for network",
                "error sending request",
                "failed to resolve",
                "name or service not known",
                "temporary failure in name resolution",
                "dns error",
                "getaddrinfo",
                "socket hang up",
                "no route to host",
            ],
        ),
        (
            Meaning::Class(ErrorClass::Timeout),
            &["timed? ?out", "ETIMEDOUT", "deadline[ _]exceeded", "APITimeoutError", r"litellm\.Timeout"],
        ),
        (
            Meaning::Class(ErrorClass::NotFound),
            &[
                r"models? [^.]{0,80}(?:not (?:found|exist|available|supported)|does not exist|may not exist)",
                "issue with the selected model",
                "(?:unknown|invalid|no such|unsupported) model",
                r"\w*ModelNotFound",
                r"\w*NotFoundError",
                "resource not found",
            ],
        ),
        (
            Meaning::Class(ErrorClass::Refused),
            &[
                "content[ _](?:filter|policy|management policy)",
                "ContentPolicyViolation",
                r"violates? \S+ usage polic",
                "prohibited_content",
                "blocked (?:for|by) safety",
            ],
        ),
        (
            Meaning::Class(ErrorClass::Overloaded),
            &[
                "overloaded",
                "(?:internal)? ?server ?error",
                "service ?unavailable",
                "bad gateway",
                "(?:at|over) capacity",
                "high demand",
                "servers? (?:is|are) (?:down|busy)",
            ],
        ),
        (
            Meaning::Class(ErrorClass::BadResponse),
            &[
                "stream (?:disconnected|closed|ended|error)",
                "incomplete (?:response|stream)",
                "premature close",
            ],
        ),
    ])
});

pub(super) static LIMITED: LazyLock<Regex> =
    LazyLock::new(|| any_of(&["rate[ _-]?limit", "too many requests", "resource_exhausted", "throttl"]));

/// A limit that will not pass in a moment.
pub(super) static HARD_LIMIT: LazyLock<Regex> = LazyLock::new(|| {
    any_of(&[
        "usage[ _]limit",
        r"(?:hit|reached) your (?:\S+ )?limit",
        "exhausted your (?:capacity|daily|credits)",
        "TerminalQuotaError",
        "insufficient_quota",
    ])
});

pub(super) static DENIED: LazyLock<Regex> = LazyLock::new(|| {
    any_of(&[
        "requested permissions? (?:to|for)",
        "(?:haven't|have not|not been) granted",
        "(?:user|policy) (?:has )?(?:rejected|declined|denied|refused)",
        "(?:rejected|declined|denied|refused|cancelled) by (?:the )?(?:user|policy|configuration)",
        "(?:rejected|denied) permission",
        "requires? (?:user |manual |an )?approval",
        "approval (?:is )?required",
        "(?:was|were|is) not approved",
        "blocked by policy",
        "insufficient permission to proceed",
        "not allowed in (?:read-only|plan|this) mode",
    ])
});

pub(super) static STATUS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r#"(?i)\b(?:status(?:[ _]?code)?|http(?:/[\d.]+)?|error code|code)["']?\s*[:=]?\s*\(?([45]\d\d)\b"#,
        r"|^\W{0,2}(?:(?:API )?error:? )?([45]\d\d) ",
        r"|\(([45]\d\d)\)",
        r"|\b([45]\d\d) (?:bad request|unauthori[sz]ed|payment required|forbidden|not found|request time-?out|",
        r"conflict|too many requests|internal server error|bad gateway|service unavailable|gateway time-?out)",
    ))
});

pub(super) static RETRY_AFTER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)\b(?:try again|retry|resets?) (?:in|after) ~?(\d+(?:\.\d+)?) ?(ms|[smhd])")
});

pub(super) static INNER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r#""message"\s*:\s*(?P<json>"(?:[^"\\]|\\.)*")"#,
        r#"|'message': '(?P<single>[^']*)'|'message': "(?P<double>[^"]*)""#,
    ))
});
