"""Writing files so that nothing is lost on the way.

A file is written beside its place and renamed into it when it is whole. If the program is
stopped in the middle, the old file is still there, and never half of a new one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write `content` to `path`, all of it or nothing. Text is UTF-8; folders are made.

    Raises OSError, which names the path, if it cannot be written.
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    handle, beside = _open_beside(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, path)
    except BaseException:
        # Ctrl-C may come right after the renaming, when there is nothing left to remove.
        Path(beside).unlink(missing_ok=True)
        raise


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise OSError if `path` cannot be written, so that one is told before the work, not after.

    The folder it is in is made.
    """
    handle, beside = _open_beside(Path(path))
    os.close(handle)
    os.unlink(beside)


def _open_beside(path: Path) -> tuple[int, str]:
    """A new file beside `path`, open: its handle and its name."""
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        why = error.strerror or error
        raise OSError(f"{path} cannot be written ({why}); choose another place") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
