"""The whole examination: each thing that a run needs, one after the other."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pipelines.disk import disk_errors
from pipelines.doctor import folders, machine, project
from pipelines.doctor.findings import Finding, of_error
from pipelines.errors import MetabolismeError

Look = Callable[[], Finding | Iterable[Finding]]


def examine(
    outputs: Path, say: Callable[[str], object] = lambda _: None, *, links: bool = False
) -> list[Finding]:
    """Look at all that a run into `outputs` needs; nothing is changed, nothing is left.

    Args:
        outputs: the folder of the releases, which need not be there yet.
        say: told what is looked at.
        links: ask the publishers' links too, over the network.
    """
    looks: dict[str, Look] = {
        "Python": machine.python,
        "libraries": machine.libraries,
        "processors": machine.processors,
        "memory": machine.memory,
        "room": lambda: machine.room(outputs),
        "writing": lambda: folders.writable(outputs),
        "links and renames": lambda: folders.links(outputs),
        "latest release": lambda: folders.pointers(outputs),
        "other runs": lambda: folders.locks(outputs),
        "leftovers": lambda: folders.leftovers(outputs),
        "catalogues": project.catalogues,
        "Chromium": project.chromium,
    }
    if links:
        looks["links"] = lambda: project.publishers(say)
    found: list[Finding] = []
    for about, look in looks.items():
        say(f"looking at: {about}")
        found += _seen(about, look)
    return found


def _seen(about: str, look: Look) -> Iterator[Finding]:
    """What a look finds; where it cannot even look, that is what it found."""
    try:
        with disk_errors(Path(about)):
            seen = look()
            yield from [seen] if isinstance(seen, Finding) else seen
    except MetabolismeError as error:
        yield of_error(about, error)
