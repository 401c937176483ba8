"""Shim: starts one program, stands between it and who wants it, and leaves nothing behind.

Run as a file of its own by `python -I -S shim.py STATUS_FD SCRATCH PROGRAM ARGUMENT…`: it imports
nothing of osetra and starts in a few hundredths of a second. The program gets a process group of its
own. Bytes on stdin are requests: `T` asks the group to end (SIGTERM), `K` ends it (SIGKILL). When stdin
closes, who started it is gone: the group is killed and the scratch folder removed. Whatever the
program started and left running is killed after it, on Linux also what has left its group.

The program is one of a trial, or, without a scratch folder, a training process of ours: that one inherits
which signals are ignored, and takes care of the rest itself.

On STATUS_FD it writes one of `exit N`, `signal N` and `errno N`, the last when the program
could not be started.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

PATIENCE = 5.0
"""Seconds that a shim below this process gets."""
_PR_SET_CHILD_SUBREAPER = 36
_IGNORED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")
_DEFAULT = ("SIGINT", "SIGTERM", "SIGHUP", "SIGPIPE", "SIGXFSZ", "SIGUSR1", "SIGUSR2", "SIGCHLD")


def main(status: int, scratch: str, argv: list[str]) -> None:
    """Run a program to its end."""
    os.set_inheritable(status, False)
    adopt_orphans()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for ignored in _IGNORED:
        signal.signal(getattr(signal, ignored), signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        pid = os.posix_spawnp(
            argv[0],
            argv,
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, nothing, 0)],
            setpgroup=0,
            setsigmask=[],
            setsigdef=[getattr(signal, name) for name in _DEFAULT if scratch or name not in _IGNORED],
        )
    except OSError as error:
        os.write(status, b"errno %d\n" % (error.errno or 0))
        return
    for copy in (1, 2):
        os.dup2(nothing, copy)  # so that the readers see the end when the program's own are closed
    release({status, woken, wake, nothing})
    ended = watch(pid, woken)
    deserted = ended is None
    signal_group(pid, signal.SIGKILL)
    if ended is None:
        ended = os.waitpid(pid, 0)[1]
    sweep()
    code = os.waitstatus_to_exitcode(ended)
    # Of a process that is dying, the other end of this pipe may be open a little longer.
    unheard = tell(status, b"exit %d\n" % code if code >= 0 else b"signal %d\n" % -code)
    if scratch and (unheard or deserted):
        import shutil

        shutil.rmtree(scratch, ignore_errors=True)


def watch(pid: int, woken: int) -> int | None:
    """Return how the program ended, as `wait` tells it; None when nobody waits for it any more."""
    while True:
        gone, ended = os.waitpid(-1, os.WNOHANG)
        if gone == pid:
            return ended
        if gone:
            continue  # something that the program has left behind
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 1024)
        if 0 in ready:
            requests = os.read(0, 64)
            if not requests:
                return None
            if b"T" in requests:
                signal_group(pid, signal.SIGTERM)
                signal_group(pid, signal.SIGCONT)  # a stopped program could not obey
            if b"K" in requests:
                signal_group(pid, signal.SIGKILL)


def release(kept: set[int]) -> None:
    """Close what only the program needs, likewise."""
    before = 2
    for number in (*sorted(kept), 2**16):
        os.closerange(before + 1, number)
        before = number


def tell(status: int, message: bytes) -> bool:
    """Write a message; True when nobody reads it."""
    try:
        os.write(status, message)
    except BrokenPipeError:
        return True
    return False


def signal_group(group: int, number: int) -> None:
    """Send a signal to a process group, which may be gone."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def adopt_orphans() -> None:
    """Become the parent of whatever the program leaves behind (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def sweep() -> None:
    """Kill all that is left below this process, generation by generation.

    A shim that is left ends by itself, and what is below it, for nobody wants anything of it any more; it
    gets the time for that, since it alone knows what else is to be removed.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        shims = 0
        for child in children():
            if is_shim(child) and time.monotonic() < deadline:
                shims += 1
                continue
            try:
                os.kill(child, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        try:
            gone, _ = os.waitpid(-1, os.WNOHANG if shims else 0)
        except ChildProcessError:
            return
        if not gone:
            time.sleep(0.01)


def is_shim(pid: int) -> bool:
    """Return whether a process runs this file."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123 - likewise
            return os.fsencode(__file__) in file.read().split(b"\0")
    except OSError:
        return False


def children() -> list[int]:
    """Return the processes whose parent this one is."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:  # noqa: PTH123 - pathlib is slow to import
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
    os._exit(0)  # nothing to tidy up, and somebody waits
