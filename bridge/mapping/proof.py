"""What must hold of the field that CX Genie identifies by (CONFIG.md, "verified_by proves one claim"): checked at load.

A visitor must not be able to choose it, and two visitors must not share it.
"""

from bridge.mapping.findings import Findings
from bridge.mapping.node import TRUSTED, Node
from bridge.mapping.transform_grammar import CHECK

_SHARED = "Every visitor who is given it would be the same chat user."
_HARMLESS = frozenset({"trim", "lower", "first", CHECK})
"""Transforms of a proven claim that make nobody's text of somebody else's."""

_MAKING = ("join", "template", "lookup", "cel")
_FLAGS = {"email": "email_verified", "phone number": "phone_number_verified"}


def refuse_unproven(
    findings: Findings, node: Node, field: str, *, subject: str = "", proven: bool = False, vouched: bool = False
) -> None:
    """Notes everything in a VALUE that makes it unfit to be an identity.

    Args:
        findings: Takes the problems.
        node: The VALUE.
        field: What it gives, in an operator's words.
        subject: The provider's subject, for the advice.
        proven: Whether a condition around it proves its one claim.
        vouched: Whether something around it is trusted on the whole.
    """
    vouched = vouched or node.proof == TRUSTED
    if node.shared:
        cure = "Name the claim that tells visitors apart."
        findings.refuse((*node.path, node.form), f"a constant as {field}", _SHARED, cure)
    # An id is exactly what came (CONFIG.md, "The targets"): "A" and "a" may be two visitors.
    harmless = _HARMLESS - {"trim", "lower"} if field == "id" else _HARMLESS
    shaping = [name for name in node.transforms if name not in harmless]
    if shaping and not vouched:
        why = "What is made of a proven text is not proven itself, and may be what another visitor has."
        cure = f"Remove it, or write verified_by: trusted beside it if no two visitors can come to the same {field}."
        findings.refuse((*node.path, "transform"), f"{shaping[0]} on {field} without verified_by: trusted", why, cure)
    if node.default is not None:
        findings.refuse((*node.path, "default"), f"a default for {field}", _SHARED, "Remove it.")
    if node.form == "claim" and not (vouched or proven or node.proof):
        if field == "id":
            why = "Whoever can change that claim becomes another chat user. Only the provider's subject needs no proof."
            cure = f"Use {subject}, or add verified_by: with the claim that proves it, or verified_by: trusted."
        else:
            why = _merged(field)
            cure = (
                f"Write {{claim: {node.claim}, verified_by: {_FLAGS[field]}}}, or verified_by: trusted"
                " if this provider proves every value of it."
            )
        findings.refuse(node.path, f"{field} from {node.claim} without verified_by", why, cure)
    if node.form in _MAKING and not (vouched or node.shared):
        vouched = True
        cure = "Use one claim with its verified_by, or write verified_by: trusted beside it if what it makes is proven."
        findings.refuse(node.path, f"{field} from a {node.form} without verified_by", _merged(field), cure)
    for member in node.members:
        refuse_unproven(findings, member, field, subject=subject, proven=proven, vouched=vouched)


def warn_unproven(findings: Findings, node: Node, field: str, *, proven: bool = False) -> None:
    """Notes an address or a number that nothing proves, where it is no identity and so is taken all the same.

    Args:
        findings: Takes the doubts.
        node: The VALUE.
        field: What it gives, in an operator's words.
        proven: Whether something around it proves it.
    """
    proven = proven or bool(node.proof)
    if (node.form == "claim" or node.form in _MAKING) and not (proven or node.shared):
        of = f" from {node.claim}" if node.form == "claim" else ""
        why = f"A visitor who can type any {field} into the provider is shown to your agents with it."
        cure = (
            f"Write {{claim: {node.claim}, verified_by: {_FLAGS[field]}}}"
            if node.form == "claim"
            else "Use proven claims"
        )
        cure += f", or verified_by: {TRUSTED} if this provider proves every value of it."
        findings.warn(node.path, f"{field}{of} without verified_by", why, cure)
        return
    for member in node.members:
        warn_unproven(findings, member, field, proven=proven)


def _merged(field: str) -> str:
    return f"A visitor who can type any {field} into the provider would be merged with its owner's chat history."
