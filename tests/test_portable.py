"""The package runs where there is nothing that only POSIX has, as on Windows.

The names that Windows lacks are taken out of `os` and `signal`, and the modules that it lacks
cannot be imported, once what the package stands on has been loaded. It is no Windows: paths, locks
on open files and the console are those of this system.
"""

import os
import subprocess
import sys
from pathlib import Path

import tinygrad_mlp

WITHOUT = """
import os, signal, sys
import PIL.Image, matplotlib.backends.backend_agg, matplotlib.figure, numpy, safetensors.numpy
import threadpoolctl
import multiprocessing, platform, random, secrets, shutil, subprocess, tempfile, tqdm, webbrowser

threadpoolctl.threadpool_info()  # it looks for the C library once

lacking = {
    os: '''fork forkpty register_at_fork chown fchown lchown chroot getuid geteuid getgid getegid
    getgroups getpgid getpgrp getsid killpg setsid setpgid mkfifo mknod nice openpty
    sched_getaffinity sched_setaffinity statvfs sync sysconf uname wait wait3 wait4 WNOHANG
    WIFEXITED WEXITSTATUS posix_spawn pread pwrite sendfile O_NOFOLLOW O_DIRECTORY O_NONBLOCK
    O_CLOEXEC pipe2 getpriority setpriority ttyname ctermid tcgetpgrp''',
    signal: '''SIGALRM SIGKILL SIGHUP SIGQUIT SIGUSR1 SIGUSR2 SIGPIPE SIGCHLD SIGTSTP SIGCONT
    alarm setitimer getitimer pause pthread_kill pthread_sigmask sigwait siginterrupt''',
}
for module, names in lacking.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
for name in "fcntl resource pwd grp termios tty pty posix readline".split():
    sys.modules[name] = None
"""

COMMANDS = [
    "compare --quick --recipes small --no-compile --out compared",
    "train --recipe small --epochs 1 --no-compile --out model",
    "train --resume model --epochs 2 --no-compile",
    "evaluate model",
    "export model --out weights",
    "show --out digits.png",
    "predict one.png",
]


def test_all_commands_run_without_what_only_posix_has(tmp_path):
    code = f"""
import numpy as np
from tinygrad_mlp.data import load_mnist
from tinygrad_mlp.experiment import cli
image = np.uint8(255 - 255 * load_mnist(split="test").images[0])
PIL.Image.fromarray(image).resize((280, 280)).save("one.png")
print([cli.main(words.split()) for words in {COMMANDS}])
"""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(tinygrad_mlp.__file__).parents[1])},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str([0] * len(COMMANDS))
