"""What ``explain`` has found out, as a person reads it and as a program does."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from bridge.cli.console import bad, doubtful, good, printable, say
from bridge.cli.masking import in_full, masked, shown
from bridge.config.cases import Data
from bridge.config.model import Callback
from bridge.contract.response import Responses
from bridge.errors import BridgeError, ProviderError
from bridge.mapping.parse import IDENTITY
from bridge.oidc.introspected import SAID_BY_INTROSPECTION
from bridge.trace import RecordingTrace, Step, Verdict

# What each check reads: claims about the token, never about the visitor, so they are shown as they came.
READ: Mapping[str, tuple[str, ...]] = {
    "issuer": ("iss",),
    "dates": ("exp", "nbf", "iat"),
    "kind": ("typ", "token_type", "token_use", "tokenType", "TokenType"),
    "audience": ("aud",),
    "authorized party": ("azp", "client_id", "cid", "appid"),
    "expiry": ("exp",),
    "not yet valid": ("nbf", "iat"),
    "age": ("iat", "exp"),
    "scopes": ("scope", "scp"),
}

# What to do where the refusal itself does not say.
CURES: Mapping[str, str] = {
    "form": 'Hand the widget the provider\'s token exactly as it came: data-token="…".',
    "signature": "Was the token made by this very provider (realm, tenant, environment), and not changed on its way?",
    "issuer": "Write the token's iss under the provider's issuer:, letter by letter.",
    "dates": "Ask the provider for a token with exp (and nbf, iat, if any) in seconds since 1970.",
    "subject": "Ask the provider for a token of a person: one of a service has no sub.",
    "kind": "Hand the widget a token of the kind that the provider's accept: names.",
    "audience": "Ask the provider for a token with this audience, or correct audience:.",
    "authorized party": "Add the client to authorized_parties: if its visitors may chat.",
    "sender constraint": "Ask the provider for a plain bearer token.",
    "expiry": "Hand the widget a fresh token: fetch it when the chat is opened, not when the page is built.",
    "not yet valid": "Set the clocks of the provider and of this machine by NTP.",
    "age": "Hand the widget a fresh token, or raise max_token_age:.",
    "incident switches": "The provider's refuse: names it; remove it there when the incident is over.",
    "introspection": "Is the token fresh, and this very provider's?",
    "introspection's subject": "Introspection speaks of somebody else: is introspection.url this provider's?",
    "token_check": "Is the token fresh, and this very provider's?",
    "userinfo": "Is the token fresh, and was the login asked for the scope openid?",
    "userinfo's subject": "Userinfo speaks of another, or of nobody: are userinfo.url and userinfo.subject right?",
    "refused subjects": "The provider's refuse: names the visitor; remove it there when the incident is over.",
    "scopes": "Ask for these scopes at login, or correct required_scopes:.",
}
_IDENTITY_CURE = (
    "Have the provider send that claim, proven, or map {target} from one that it sends; see its steps above."
)
_PROVIDER_CURE = "Can the provider be reached from here, and is it well? `idp-bridge doctor` asks it without a token."
_RULE_CURE = "Change that rule if this visitor should be let in."


@dataclass(frozen=True, slots=True)
class Explanation:
    """One token or set of claims, explained.

    Attributes:
        callback: The callback that was asked.
        provider: Whose token it is, as far as that is known.
        trace: Every step that was taken.
        data: What CX Genie would be given; ``None`` where it is refused.
        refusal: Why it is refused, or cannot be judged.
        untrusted_claims: What the token itself says; of a refused token nothing in it is verified.
    """

    callback: Callback
    provider: str | None
    trace: RecordingTrace
    data: Data | None
    refusal: BridgeError | None
    untrusted_claims: Mapping[str, Any]

    @property
    def answer(self) -> tuple[int, str]:
        """The HTTP status and the public text of a refusal, as the callback gives them."""
        if self.refusal is None:
            return 200, ""
        answer = Responses(self.callback.settings).failure(self.refusal, "")
        return answer.status, json.loads(answer.body)["message"]

    @property
    def rule(self) -> Step | None:
        """The step that refused."""
        return next((step for step in reversed(self.trace.steps) if step.verdict == "refused"), None)

    def found(self, *, show_values: bool) -> str:
        """What the refusing rule found: of the token as it came, of the visitor masked unless asked for."""
        rule = self.rule
        if rule is None:
            return ""
        if rule.stage == "mapping":
            tried = (step for step in self.trace.steps if (step.stage, step.name) == (rule.stage, rule.name))
            reasons = (step.reason for step in tried if step.verdict != "ok" and step is not rule)
            return "; ".join(dict.fromkeys(reasons))
        if rule.stage == "require":
            return shown(rule.value, show_values=show_values)
        check = _own_check(rule.name)
        members = self._answer if check != rule.name else self.untrusted_claims or self._answer
        present = [name for name in READ.get(check, ()) if name in members]
        return ", ".join(f"{name} is {in_full(members[name])[:200]}" for name in present)

    @property
    def _answer(self) -> Mapping[str, Any]:
        """What the provider said of the token."""
        asked = (step.value for step in self.trace.steps if step.name in ("introspection", "token_check"))
        return next((value for value in asked if isinstance(value, Mapping)), {})

    def cure(self) -> str:
        """What to change."""
        if self.refusal is None or self.rule is None:
            return self.refusal.hint if self.refusal else ""
        if isinstance(self.refusal, ProviderError):
            return self.refusal.hint or _PROVIDER_CURE
        if self.rule.stage == "require":
            return _RULE_CURE
        if self.rule.stage == "mapping":
            return _IDENTITY_CURE.format(target=IDENTITY[self.callback.settings.identity_method])
        return self.refusal.hint or cure_of(self.rule.name)


def cure_of(check: str) -> str:
    """What to do where this check refuses; empty for a check that is not known."""
    return CURES.get(check) or CURES.get(_own_check(check), "")


def _own_check(check: str) -> str:
    """The check of a token's own claims that is made of introspection's answer under this name."""
    return check.removeprefix(SAID_BY_INTROSPECTION)


def say_explanation(explained: Explanation, *, show_values: bool) -> None:
    """Every step in reading order, then the answer as CX Genie would see it, or why there is none."""
    provider = f", provider {explained.provider}" if explained.provider else ""
    say(printable(f"callback {explained.callback.name}{provider}"))
    for stage, steps in groupby(explained.trace.steps, key=attrgetter("stage")):
        say(f"\n{stage}")
        for step in steps:
            say(_line(step, show_values=show_values))
    say()
    for line in _verdict(explained, show_values=show_values):
        say(line)


_PAINT: Mapping[Verdict, Callable[[str], str]] = {"ok": good, "refused": bad, "skipped": doubtful, "note": str}


def _line(step: Step, *, show_values: bool) -> str:
    value = "" if step.value is None else f"  [{shown(step.value, show_values=show_values)}]"
    text = ": ".join(filter(None, (step.name, step.reason)))
    return f"  {_PAINT[step.verdict](f'{step.verdict:8}')} {printable(text)}{value}"


def _verdict(explained: Explanation, *, show_values: bool) -> Iterator[str]:
    refusal = explained.refusal
    if refusal is None:
        yield good("CX Genie would be given:")
        for name, value in (explained.data or {}).items():
            yield f"  {name}: {in_full(value) if show_values else masked(value)}"
        return
    status, text = explained.answer
    yield bad(printable(f"{refusal.code}, HTTP {status}: “{text}”"))
    if explained.rule is not None:
        yield printable(f"  rule:   {explained.rule.name} ({explained.rule.stage})")
    found = "; ".join(filter(None, (refusal.detail, explained.found(show_values=show_values))))
    yield printable(f"  found:  {found}")
    if cure := explained.cure():
        yield printable(f"  change: {cure}")


def explanation_as_json(explained: Explanation, *, show_values: bool) -> dict[str, Any]:
    """The same for a program; values are masked there too unless asked for."""
    refusal, outline = explained.refusal, (lambda value: value) if show_values else masked
    answer: dict[str, Any] = {"data": {name: outline(value) for name, value in (explained.data or {}).items()}}
    if refusal is not None:
        rule, (status, text) = explained.rule, explained.answer
        answer = {
            "code": refusal.code,
            "http_status": status,
            "message": text,
            "rule": None if rule is None else {"stage": rule.stage, "name": rule.name},
            "detail": refusal.detail,
            "found": explained.found(show_values=show_values),
            "change": explained.cure(),
        }
    return {
        "ok": refusal is None,
        "callback": explained.callback.name,
        "provider": explained.provider,
        "steps": [_step_as_json(step, show_values=show_values) for step in explained.trace.steps],
        **answer,
    }


def _step_as_json(step: Step, *, show_values: bool) -> dict[str, Any]:
    words = {"stage": step.stage, "name": step.name, "verdict": step.verdict, "reason": step.reason}
    if step.value is None:
        return words
    return words | {"value": step.value if show_values else shown(step.value, show_values=False)}
