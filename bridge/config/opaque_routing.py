"""Whose an opaque token is, among the providers of one callback: told by its look, or by there being one provider."""

from collections.abc import Iterable, Iterator, Mapping

from bridge.config.entries import ProviderEntry
from bridge.errors import Problem


def opaque_routing_problems(providers: Mapping[str, ProviderEntry], names: Iterable[str]) -> Iterator[Problem]:
    """What keeps an opaque token from being shown to its own provider only. Key paths are absolute.

    Args:
        providers: All of the file's.
        names: Those of one callback.
    """
    takers = [name for name in names if providers[name].takes_opaque_tokens]
    for name in takers if len(takers) > 1 else ():
        if providers[name].token_pattern is None:
            other = next(each for each in takers if each != name)
            yield Problem(
                ("providers", name, "token_pattern"),
                f"missing, beside {other}, which takes opaque tokens too",
                "A visitor's token of the one would be shown to the other, who could use it.",
                'Say what its tokens look like, such as token_pattern: "[0-9a-f]{40}", or give each a callback.',
            )
    owners: dict[str, str] = {}
    for name in takers:
        pattern = providers[name].token_pattern
        if pattern is not None and owners.setdefault(pattern, name) != name:
            yield Problem(
                ("providers", name, "token_pattern"),
                f"that of {owners[pattern]} too",
                "A token that two patterns match is refused: it is shown to nobody.",
                "Write patterns that tell the tokens apart, or give each provider a callback of its own.",
            )
