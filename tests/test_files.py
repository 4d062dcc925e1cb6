"""Writing files: nothing that stood in a place is lost but the file that was to be replaced."""

import errno
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_mlp
from tinygrad_mlp import files

on_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has other files, links and modes")


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


# --------------------------------------------------------------------------------------- links


def link(path, target):
    try:
        path.symlink_to(target)
    except OSError:  # Windows allows it to some users only
        pytest.skip("this system makes no links")


@pytest.mark.parametrize("old", ["old", None], ids=["to a file", "to nothing yet"])
def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path, old):
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "file"
    if old is not None:
        target.write_text(old)
    link(tmp_path / "second", target)
    link(tmp_path / "first", tmp_path / "second")
    files.write_whole(tmp_path / "first", "new")
    assert (tmp_path / "first").is_symlink() and (tmp_path / "second").is_symlink()
    assert target.read_text() == "new"
    assert list((tmp_path / "there").iterdir()) == [target]


def test_a_link_in_a_circle_is_refused(tmp_path):
    link(tmp_path / "one", tmp_path / "other")
    link(tmp_path / "other", tmp_path / "one")
    with pytest.raises(OSError, match=r"one cannot be written \(.+\); choose another place"):
        files.write_whole(tmp_path / "one", "new")
    assert (tmp_path / "one").is_symlink() and (tmp_path / "other").is_symlink()


# --------------------------------------------------------------------------------------- modes


@on_posix
@pytest.mark.parametrize("kept", [0o600, 0o640, 0o755, 0o666])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path, kept):
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(kept)
    files.write_whole(tmp_path / "file", "new")
    assert mode(tmp_path / "file") == kept


@on_posix
def test_a_new_file_has_the_mode_that_the_mask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        files.write_whole(tmp_path / "file", "new")
    finally:
        os.umask(before)
    assert mode(tmp_path / "file") == 0o640


@on_posix
@pytest.mark.skipif(getattr(os, "getuid", lambda: 1)() != 0, reason="only root gives files away")
def test_a_file_that_is_replaced_keeps_its_owner(tmp_path):
    (tmp_path / "file").write_text("old")
    os.chown(tmp_path / "file", 12345, 54321)
    files.write_whole(tmp_path / "file", "new")
    found = os.stat(tmp_path / "file")
    assert (found.st_uid, found.st_gid) == (12345, 54321)


@pytest.mark.parametrize("write", [lambda path: files.write_whole(path, ""), files.check_writable])
def test_a_file_that_is_only_to_be_read_is_refused_to_the_superuser_too(tmp_path, write):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(OSError, match="only to be read"):
        write(path)
    assert path.read_text() == "old"
    path.chmod(0o644)


# ---------------------------------------------------------------------------- what is no file


def make_device(path):
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")


def make_socket(path):
    here = os.getcwd()
    os.chdir(path.parent)  # the name of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


@on_posix
@pytest.mark.parametrize("write", [lambda path: files.write_whole(path, ""), files.check_writable])
@pytest.mark.parametrize("make", [lambda path: os.mkfifo(path), make_device, make_socket])
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_a_device_and_a_socket_are_refused_and_stay(tmp_path, make, write, linked):
    path = tmp_path / "odd"
    make(path)
    before = os.lstat(path)
    if linked:
        path = tmp_path / "link"
        path.symlink_to(tmp_path / "odd")
    with pytest.raises(OSError, match=f"{path.name} cannot be written .it is a device or a pipe"):
        write(path)
    after = os.lstat(tmp_path / "odd")
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


# ------------------------------------------------------------------------------ a disk that is full

FULL = """
import resource, sys
from tinygrad_mlp.files import write_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_whole(sys.argv[1], bytes(2000))
except OSError as error:
    print(error)
"""


@on_posix
@pytest.mark.parametrize("old", ["old", None])
def test_what_does_not_fit_names_the_file_and_says_what_was_kept(tmp_path, old):
    path = tmp_path / "file"
    if old is not None:
        path.write_text(old)
    done = subprocess.run(
        [sys.executable, "-c", FULL, path],
        env=os.environ | {"PYTHONPATH": str(Path(tinygrad_mlp.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    kept = "nothing of it is left" if old is None else "the old file is kept"
    assert done.stdout.startswith(f"{path} could not be written (File too large); {kept}"), done
    assert [found.read_text() for found in tmp_path.iterdir()] == ([] if old is None else [old])


def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "file").write_text("old")
    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError, match=r"file could not be written \(No space left.*old file is"):
        files.write_whole(tmp_path / "file", "new")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_name_that_is_as_long_as_names_can_be_is_written(tmp_path):
    path = tmp_path / ("é" * 127)
    files.write_whole(path, "new")
    assert path.read_text() == "new"
