"""The part of the chart's ``values.schema.json`` that is the configuration's own schema, put there anew.

``python -m tests.deploy.values_schema`` writes the file; a test says when it is stale.
"""

import json
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
VALUES_SCHEMA = _ROOT / "charts/idp-bridge/values.schema.json"
_BRIDGE_SCHEMA = _ROOT / "config/bridge.schema.json"


def fresh() -> str:
    """The chart's schema with the configuration's under ``definitions``: by it Helm itself judges a structured form."""
    schema = json.loads(VALUES_SCHEMA.read_text())
    bridge = json.loads(_BRIDGE_SCHEMA.read_text())
    shared = bridge.pop("definitions")
    del bridge["$schema"]
    schema["definitions"] = _without_words({"bridge": bridge, **shared})
    return json.dumps(schema, indent=2) + "\n"


def _without_words(schema: Any) -> Any:
    """What judges; the words for people stand in the configuration's own schema, for editors."""
    if isinstance(schema, dict):
        words = {"description", "examples", "markdownDescription"}
        return {
            key: _without_words(value)
            for key, value in schema.items()
            if not (key in words and isinstance(value, (str, list)))
        }
    return [_without_words(each) for each in schema] if isinstance(schema, list) else schema


if __name__ == "__main__":
    VALUES_SCHEMA.write_text(fresh())
