"""Where things stand in the site: the same rules in Python here, and in `site.js` for scripts."""

import re

_STRANGE = re.compile(r"[^A-Za-z0-9_-]")


def file_name(code: str) -> str:
    """The code of a territory as a name of file: a person's own code may hold any sign."""
    return _STRANGE.sub(lambda sign: f"~{ord(sign[0]):x}~", code)


def address(level: str, code: str, paged: list[str]) -> str:
    """The page of a territory, from the folder of the pages of a language.

    Args:
        paged: the levels whose territories have a page each, in this language.
    """
    if level in paged:
        return f"{level}/{file_name(code)}.html"
    return f"place.html#{level}/{file_name(code)}"
