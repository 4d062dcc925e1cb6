"""Writing files so that nothing is lost on the way.

A file is written beside its place and renamed into it when it is whole. If the program is
stopped in the middle, the old file is still there, and never half of a new one. A link stays a
link, a mode stays as it was, and what is no ordinary file is left alone.

Before a file is read, `check_readable` says what is there if it is none.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UNFINISHED: set[str] = set()
"""The names of files that are being written beside their places."""

NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
"""How such a file is opened: as bytes, on Windows too, and never one that was there before."""


def write_whole(path: str | os.PathLike[str], content: bytes | str) -> None:
    """Write `content` to `path`, all of it or nothing. Text is UTF-8; folders are made.

    If `path` is a link, the file that it leads to is written. A file that is replaced keeps its
    mode and its owner.

    Raises OSError, which names the path, if it cannot be written, or is a folder, a device, a pipe
    or a file that its mode says is only to be read.

    >>> from pathlib import Path
    >>> from tinygrad_mlp.files import write_whole
    >>> write_whole("notes/first.txt", "a line")
    >>> Path("notes/first.txt").read_text()
    'a line'
    """
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    handle, beside, place = _open_beside(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        _look_like(place, beside)
        os.replace(beside, place)
    except BaseException as error:
        if not isinstance(error, OSError):
            raise
        kept = "the old file is kept" if place.exists() else "nothing of it is left"
        raise OSError(
            f"{path} could not be written ({error.strerror or error}); {kept}; make room, or "
            "choose another place"
        ) from error
    finally:
        _remove(beside)  # if it is still there


def remove_unfinished() -> None:
    """Remove what is being written: for a program that is about to end at once."""
    for beside in list(UNFINISHED):
        _remove(beside)


def _remove(beside: str) -> None:
    Path(beside).unlink(missing_ok=True)
    UNFINISHED.discard(beside)


def check_readable(path: str | os.PathLike[str], advice: str) -> None:
    """Raise OSError, which says what is there instead, if there is no file at `path`.

    advice  what to do about it, in words

    >>> from tinygrad_mlp.files import check_readable
    >>> check_readable("no-such-file.npz", advice="give the path of a file")
    Traceback (most recent call last):
        ...
    FileNotFoundError: no-such-file.npz: no such file; give the path of a file
    """
    path = Path(path)
    if path.is_file():
        return
    if path.is_dir():
        raise IsADirectoryError(f"{path}: this is a folder, not a file; {advice}")
    if path.exists():
        raise OSError(f"{path}: this is a device or a pipe, not a file; {advice}")
    raise FileNotFoundError(f"{path}: no such file; {advice}")


@contextmanager
def alone_in(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Raise OSError if another program is in such a block for the same folder, which is made.

    For programs that read a file, work for long, and write it again: two at once would lose what
    the other has found. Where the system has no such locks, as on Windows, nothing is checked.
    """
    try:
        import fcntl

        Path(folder).mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):  # what is wrong with the folder is told when it is written
        yield
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError(
                f"another command is writing its results into {folder}; wait until it has ended, "
                "or choose another place with --out"
            ) from error
        yield
    finally:
        os.close(handle)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise OSError if `path` cannot be written, so that one is told before the work, not after.

    The folder it is in is made.
    """
    handle, beside, _ = _open_beside(Path(path))
    os.close(handle)
    _remove(beside)


def _open_beside(path: Path) -> tuple[int, str, Path]:
    """A new file beside the place of `path`, open: its handle and its name; and that place."""
    try:
        place = Path(os.path.realpath(path))
        _refuse_what_is_no_file(place if place.exists() else path)
        place.parent.mkdir(parents=True, exist_ok=True)
        # A name has at most 255 bytes, and a character at most 4. It is noted before there is a
        # file, as the program may be stopped between any two lines.
        beside = str(place.parent / f".{place.name[:50]}.{os.urandom(6).hex()}")
        UNFINISHED.add(beside)
        handle = os.open(beside, NEW, 0o600)
    except OSError as error:
        why = error.strerror or error
        raise OSError(f"{path} cannot be written ({why}); choose another place") from error
    return handle, beside, place


def _refuse_what_is_no_file(path: Path) -> None:
    """Raise OSError if something stands at `path` that a new file must not replace."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise IsADirectoryError("it is a folder")
    if not stat.S_ISREG(mode):
        raise OSError("it is a device or a pipe, not a file")
    # The system would let the superuser write all the same.
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError("its mode says that it is only to be read")


def _look_like(place: Path, beside: str) -> None:
    """Give the new file the owner and the mode of the one at `place`, or those of any new file."""
    try:
        old = os.stat(place)
    except FileNotFoundError:
        os.chmod(beside, 0o666 & ~_umask())
        return
    if hasattr(os, "chown"):  # Windows has none
        with suppress(PermissionError):
            os.chown(beside, old.st_uid, old.st_gid)
    os.chmod(beside, stat.S_IMODE(old.st_mode))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
