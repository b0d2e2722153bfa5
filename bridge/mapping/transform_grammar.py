"""``transform`` as operators write it -> compiled, or every problem with its key path."""

from collections.abc import Callable
from typing import Any, Final

from bridge.errors import KeyPath
from bridge.mapping.findings import Findings, nearest, shown
from bridge.mapping.operand import OperandUnfit
from bridge.mapping.path import Wanted, describe
from bridge.mapping.transform import FORMS, NAMED, OBJECT, Kind, Transform, on_texts

MAX_TRANSFORMS: Final = 16
"""Steps of one ``transform``."""


class TransformReader:
    """Reads the ``transform`` of one target's VALUEs.

    Args:
        findings: Takes what is wrong.
        check: What a text must be before any transform: an e-mail address is not made of what was none.
    """

    def __init__(self, findings: Findings, check: Callable[[str], str | None] | None = None) -> None:
        self.findings = findings
        self.check = check

    def read(self, written: Any, path: KeyPath, *, of: Kind, wanted: Wanted, whole: bool) -> tuple[Transform, ...]:
        """The steps, or none and a problem.

        Args:
            written: One step or a list of them.
            path: Where they stand.
            of: What they begin with.
            wanted: What must come of them.
            whole: Whether it is the target's whole value.
        """
        steps = written if isinstance(written, list) else [written]
        if not steps or len(steps) > MAX_TRANSFORMS:
            self.findings.refuse(path, f"{len(steps)} steps", f"There are 1 to {MAX_TRANSFORMS}.", "Write [trim].")
            return ()
        read = [
            self._step(step, (*path, position) if steps is written else path) for position, step in enumerate(steps)
        ]
        transforms = [transform for transform in read if transform is not None]
        if len(transforms) < len(read) or not self._types_fit(transforms, path, of, wanted):
            return ()
        if whole and self.check is not None:
            makes = (place for place, transform in enumerate(transforms) if not transform.selects)
            transforms.insert(next(makes, len(transforms)), on_texts(CHECK, self.check))
        return tuple(transforms)

    def _step(self, written: Any, path: KeyPath) -> Transform | None:
        if isinstance(written, str):
            if written not in NAMED:
                close = nearest(written, (*NAMED, *FORMS))
                cure = f"Did you mean {close}?" if close else f"Known here: {', '.join((*NAMED, *FORMS))}."
                if written in FORMS:
                    cure = f"It takes something: write {{{written}: …}}."
                self.findings.refuse(path, f"unknown transform {shown(written)}", "", cure)
            return NAMED.get(written)
        if not isinstance(written, dict):
            found = f"{describe(written)}, a transform was expected"
            self.findings.refuse(path, found, "", f"Write one of {', '.join((*NAMED, *FORMS))}.")
            return None
        forms = [key for key in written if key in FORMS]
        if len(forms) != 1:
            self.findings.not_one(path, written, FORMS, [key for form in FORMS.values() for key in form.keys])
            return None
        form = FORMS[forms[0]]
        for key in written:
            if key != forms[0] and key not in form.keys:
                self.findings.unknown_key(path, key, (forms[0], *form.keys))
        try:
            return form.read(written)
        except OperandUnfit as unfit:
            self.findings.refuse((*path, *unfit.inside), unfit.found, unfit.why, unfit.cure)
            return None

    def _types_fit(self, transforms: list[Transform], path: KeyPath, kind: Kind, wanted: Wanted) -> bool:
        for position, transform in enumerate(transforms):
            if transform.takes is OBJECT and kind != "any":
                cure = f"Put {transform.name} first, beside the claim that is an object."
                self.findings.refuse((*path, position), f"{transform.name} of {_NAMES[kind]}", "", cure)
                return False
            kind = kind if transform.gives == "same" else transform.gives
        if kind == "list" and not wanted.lists:
            cure = "Add first, last or {join: …}; or look the list up in a table."
            self.findings.refuse(path, "a list comes of it, text was wanted", "It would always be absent.", cure)
            return False
        return True


CHECK: Final = "the address as it came"
"""The step that no operator writes."""

_NAMES: Final = {"text": "text", "list": "a list"}
