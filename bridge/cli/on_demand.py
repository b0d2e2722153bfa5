"""Commands that are imported when they are asked for: a health check must not load what it takes to serve."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Context
    from typer._click.formatting import HelpFormatter


@dataclass(frozen=True, slots=True)
class OnDemand:
    """Where a command is, and what it does in a few words, so that the list of commands imports none of them.

    Attributes:
        module: Its file, in ``bridge.cli``.
        attribute: The function, or the ``typer.Typer`` of a group, in it.
        summary: For the list of commands.
    """

    module: str
    attribute: str
    summary: str

    def load(self, name: str) -> TyperCommand | TyperGroup:
        """The command itself."""
        found = getattr(import_module(f"bridge.cli.{self.module}"), self.attribute)
        around = typer.Typer(rich_markup_mode=None)
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=name)
        else:
            around.command(name)(found)
        command: TyperCommand | TyperGroup = typer.main.get_group(around).commands[name]  # type: ignore[assignment]  # it makes no other
        return command


class Commands(Mapping[str, Any]):
    """The commands by name, each imported when it is looked at, and once.

    Args:
        places: Where each is.
    """

    def __init__(self, places: Mapping[str, OnDemand]) -> None:
        self.places = places
        self._loaded: dict[str, TyperCommand | TyperGroup] = {}

    def __getitem__(self, name: str) -> TyperCommand | TyperGroup:
        if name not in self._loaded:
            self._loaded[name] = self.places[name].load(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


def group_of(places: Mapping[str, OnDemand]) -> type[TyperGroup]:
    """The class of a group with these commands, for ``typer.Typer``'s ``cls``."""
    return type("Group", (_Group,), {"places": places})


class _Group(TyperGroup):
    places: ClassVar[Mapping[str, OnDemand]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = Commands(self.places)  # type: ignore[assignment]  # nobody adds to it

    def format_commands(self, ctx: "Context", formatter: "HelpFormatter") -> None:  # noqa: ARG002 - as the base has it
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in self.places.items()])
