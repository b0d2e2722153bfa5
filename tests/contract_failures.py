"""CONTRACT.md's table of failures, written down a second time: what unit tests and running bridges are held to."""

CONTRACT = {
    "body_invalid": 400,
    "caller_unauthorized": 401,
    "token_missing": 401,
    "token_malformed": 401,
    "token_invalid": 401,
    "token_untrusted": 401,
    "token_expired": 401,
    "token_not_yet_valid": 401,
    "token_inactive": 401,
    "visitor_refused": 403,
    "identity_unusable": 403,
    "method_not_allowed": 405,
    "not_found": 404,
    "body_too_large": 413,
    "media_type_unsupported": 415,
    "head_too_large": 431,
    "provider_busy": 429,
    "provider_unavailable": 503,
    "overloaded": 503,
    "too_many_failed_calls": 429,
    "internal_error": 500,
    "request_invalid": 400,  # THREATS.md H16, H20: HTTP that cannot be understood
}
"""CONTRACT.md, "Failures", row by row: the HTTP status of each code."""
