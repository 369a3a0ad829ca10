"""Values as parse_json gives them."""

from typing import Any

from libs.web.strict_json import NumberText


def numbers(value: Any) -> Any:
    """Numbers as their texts."""
    if isinstance(value, dict):
        return {name: numbers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [numbers(member) for member in value]
    return NumberText(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
