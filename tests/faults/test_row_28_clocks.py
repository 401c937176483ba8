"""Row 28: the wall clock of real processes jumps by an hour, forth and back.

A small library put before the system's adds what a file says to the wall clock alone. (libfaketime
does not let the monotonic clock be: Python's sleep fails under it.)
"""

import os
import shutil
import struct
import subprocess
import sys
import time

import pytest

from executors.test_processes import PROGRAMS, open_when_there, processes_about, until
from faults import KILLS

SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*next)(clockid_t, struct timespec *);
    static volatile long *offset;
    if (!next) next = (int (*)(clockid_t, struct timespec *)) dlsym(RTLD_NEXT, "clock_gettime");
    if (!offset) offset = mmap(0, 8, PROT_READ, MAP_SHARED, open(getenv("CLOCK_OFFSET"), O_RDONLY), 0);
    int result = next(clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec += *offset;
    return result;
}
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or not shutil.which("cc"), reason="needs Linux and a C compiler"
    ),
]


@pytest.fixture
def told(tmp_path):
    """How to set the clock of the programs, and how to start one."""
    offset = tmp_path / "offset"
    offset.write_bytes(struct.pack("l", 0))
    (tmp_path / "shim.c").write_text(SHIM)
    library = tmp_path / "shim.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "shim.c", "-ldl"], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library), "CLOCK_OFFSET": str(offset)}

    def set_clock(seconds):
        with offset.open("r+b") as file:
            file.write(struct.pack("l", seconds))

    programs = []

    def start(url):
        command = [sys.executable, str(PROGRAMS), "endless", str(url), "1000", "2"]
        program = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        programs.append(program)
        return program

    yield set_clock, start
    for program in programs:
        program.kill()
        program.wait()
    assert until(lambda: processes_about(tmp_path / "s.db") == [], 15)


def lost(study):
    return [(t.number, a.reason) for t in study.trials for a in t.attempts if a.outcome == "lost"]


def test_row_28_no_live_training_is_given_up_when_the_clock_jumps(told, tmp_path):
    set_clock, start = told
    url = tmp_path / "s.db"
    start(url)
    study = open_when_there(url)
    assert until(lambda: len(study.history.running) == 2)
    for jump in range(KILLS if KILLS > 20 else 6):
        set_clock(0 if jump % 2 else 3600 if jump % 4 else -3600)
        time.sleep(1.2)  # the program looks for lost workers once a second
    assert lost(study) == []


def test_row_28_a_program_that_starts_after_a_jump_gives_nobody_up(told, tmp_path):
    set_clock, start = told
    url = tmp_path / "s.db"
    start(url)
    study = open_when_there(url)
    assert until(lambda: len(study.history.running) == 2)
    set_clock(3600)
    start(url)
    assert until(lambda: len(study.history.running) == 4)
    assert lost(study) == []
