"""The vendor's requests and the answers to them, read from tests/vectors/callbacks."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEADER_TOKEN = "k3J9-vq_8ZrT2mXw5Lh0"  # replaces the vendor's placeholder of that name
USER_TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJl"  # likewise
REQUEST_ID = "01JD3Q8Z5T"


@dataclass(frozen=True)
class Callback:
    """One request and its answer, with the placeholders replaced; ``chat_user`` is None where it is a failure."""

    name: str
    callback: dict[str, Any]
    headers: list[tuple[bytes, bytes]]
    body: bytes
    chat_user: dict[str, Any] | None
    status: int
    answer: dict[str, Any]

    def header(self, name: bytes) -> list[bytes]:
        """All values of one header."""
        return [value for key, value in self.headers if key == name]


def _read(path: Path) -> Callback:
    text = path.read_text("utf-8").replace("HEADER_TOKEN", HEADER_TOKEN).replace("REQUEST_ID", REQUEST_ID)
    vector = json.loads(re.sub(r"(?<!%)USER_TOKEN", USER_TOKEN, text))
    return Callback(
        name=path.stem,
        callback={"header_token": HEADER_TOKEN, **vector["callback"]},
        headers=[(name.lower().encode(), value.encode()) for name, value in vector["request"]["headers"]],
        body=vector["request"]["body"].encode(),
        chat_user=vector.get("chat_user"),
        status=vector["answer"]["status"],
        answer=vector["answer"]["body"],
    )


CALLBACKS = [_read(path) for path in sorted((Path(__file__).parents[1] / "vectors" / "callbacks").glob("*.json"))]
