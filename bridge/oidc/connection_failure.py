"""Why a provider was not reached, in words that say what to do; nothing of the address or of an answer is quoted."""

import ssl

import aiohttp

_CERTIFICATE = "its TLS certificate "
_AUTHORITY = "a private authority needs http: {ca_file: …}, with that authority's certificate"

# OpenSSL's X509_V_ERR_…, openssl/x509_vfy.h.
_REFUSED: dict[int | None, str] = {
    9: "is not valid yet. Are its clock and ours right?",
    10: "has expired. The provider needs a new one",
    18: f"is signed by nobody but itself; {_AUTHORITY}, and this one that certificate",
    19: f"is not of an authority that we trust; {_AUTHORITY}",
    20: f"is not of an authority that we trust; {_AUTHORITY}",
    21: f"is not of an authority that we trust; {_AUTHORITY}",
    62: "is another host's. Is the address right, also its name?",
    64: "is another host's: it does not name this IP address. Is the address right?",
}
_NO_COMMON_VERSION = frozenset(
    {"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "WRONG_SSL_VERSION"}
)
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})


def connection_failure(error: Exception) -> str:
    """The cause, and its cure where there is one.

    Args:
        error: What aiohttp or the system raised, but for time limits. Its own text may quote an address with whatever
            stands in it; its kind, and the system's word for it, do not.
    """
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _certificate(error.certificate_error)
    if isinstance(error, ssl.SSLError):
        return _tls(error)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"its name cannot be resolved ({_system(error)}). Is the host right, and does the resolver know it?"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection ({_system(error)})"
    if isinstance(error, aiohttp.ClientResponseError):
        return "what answered is no HTTP. Is the address right, also its port and its http or https?"
    return f"the exchange broke off ({type(error).__name__})"


def _system(error: aiohttp.ClientConnectorError) -> str:
    return error.os_error.strerror or type(error.os_error).__name__


def _certificate(error: Exception) -> str:
    # Only what OpenSSL itself refuses has a code and a message.
    code, message = getattr(error, "verify_code", None), getattr(error, "verify_message", "")
    return _CERTIFICATE + _REFUSED.get(
        code, f"is not trusted ({message})" if message else f"is not trusted; {_AUTHORITY}"
    )


def _tls(error: ssl.SSLError) -> str:
    # aiohttp's own kind is made of OpenSSL's, and leaves its reason behind.
    told = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    reason = getattr(told, "reason", None) or ""
    if reason in _NO_TLS:
        return "it does not speak TLS there. Is the address right, also its port?"
    if reason in _NO_COMMON_VERSION:
        return "it speaks no version of TLS that is still safe, 1.2 was expected"
    return f"TLS could not be agreed upon ({reason or type(told).__name__})"
