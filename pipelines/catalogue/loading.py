"""Read the catalogue's YAML files through their models, with errors that name file and field."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from pipelines.errors import CatalogueError


class Entry(BaseModel):
    """A part of the catalogue: an unknown field is an error, and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Text(Entry):
    """The same words in French and in English."""

    fr: str
    en: str


Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path) -> Any:
    """The content of one YAML file (dates stay text).

    Raises:
        CatalogueError: the file is not valid YAML; the message names the line.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_TextDates)
    except yaml.YAMLError as error:
        raise CatalogueError(
            "a catalogue file is not valid YAML",
            where=str(path),
            found=str(error),
            todo="mend the line named",
        ) from error


def line_of(path: Path, *keys: str | int) -> int | None:
    """The line of a YAML file where an entry begins, by its keys; none if it is not there."""
    node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_TextDates)
    line = None
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            found = [(name, value) for name, value in node.value if name.value == str(key)]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            found = [(value, value) for value in node.value[key : key + 1]]
        else:
            found = []
        if not found:
            return None
        name, node = found[0]
        line = name.start_mark.line + 1
    return line


def validate(model: type[Model], content: Any, path: Path) -> Model:
    """Check `content` (read from `path`) against `model`.

    Raises:
        CatalogueError: all mismatches of the file in one message: field, expected, found.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, e['loc'])) or '(whole file)'}: expected {e['msg'].lower()},"
            f" found {e['input']!r:.80}"
            for e in error.errors()
        ]
        raise CatalogueError(
            f"{path.name} does not follow its schema ({len(lines)} mismatch(es))",
            where=str(path),
            found="; ".join(lines),
            todo=f"mend the fields named; the schema is {model.__module__}.{model.__name__}",
        ) from error


def read_entries(model: type[Model], path: Path) -> dict[str, Model]:
    """A YAML file of named entries, all of one model.

    Raises:
        CatalogueError: all mismatches of the file in one message: entry, field, expected, found.
    """
    return dict(validate(RootModel[dict[str, model]], read_yaml(path), path).root)  # type: ignore[valid-type]


class _TextDates(yaml.CSafeLoader):
    """The safe loader, in C, that leaves dates as the text a person wrote."""


_TextDates.yaml_implicit_resolvers = {
    first_letter: [
        (tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"
    ]
    for first_letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
