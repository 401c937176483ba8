"""Programs that misbehave, each of which writes its own value to a file of its own.

`misbehaving_programs.py FOLDER` is what `osetra run` starts for a trial; its kind is by the trial's number.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

WRONG = 777.0
SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(1000)"]
LATE = "import time; time.sleep(0.5); print('loss=777.0', flush=True); time.sleep(1000)"
MEGABYTES = float(os.environ.get("OSETRA_MEGABYTES", "4"))


def say(value):
    print(f"loss={value!r}", flush=True)


# --- these have a result


def forked_child_speaks_late(value):
    say(value)
    if os.fork() == 0:
        time.sleep(0.5)
        say(WRONG)
        os._exit(0)


def daemon_speaks_late(value):
    subprocess.Popen([sys.executable, "-S", "-c", LATE], start_new_session=True)
    say(value)


def daemons_stay(value):
    for session in (True, False):
        subprocess.Popen(SLEEP, start_new_session=session)
    say(value)


def prints_much(value):
    say(value)
    for _ in range(int(MEGABYTES * 1024)):
        print("." * 1023)


def prints_one_endless_line(value):
    say(value)
    sys.stdout.write("loss=" * int(MEGABYTES * 2**18))


def prints_bytes(value):
    os.write(1, bytes(range(256)) * 50 + b"\n\n")
    say(value)
    os.write(1, b"\xc1ose\0\0\xff\xfe")


def errors_look_like_reports(value):
    say(value)
    print(f"loss={WRONG}", file=sys.stderr, flush=True)


def text_looks_like_reports(value):
    say(value)
    print(f"the best loss={WRONG} was of yesterday, and {{'loss': {WRONG}}}", flush=True)


def outputs_closed(value):
    say(value)
    os.closerange(0, 256)


def ignores_signals(value):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    say(value)


def folder_left(value):
    os.chdir("/")
    say(value)


def report_in_pieces(value):
    for letter in f"loss={value!r}\n":
        os.write(1, letter.encode())
        time.sleep(0.001)


# --- these have none


def silent(value):
    pass


def exits(value):
    say(value)
    sys.exit(3)


def crashes(value):
    say(value)
    os.kill(os.getpid(), signal.SIGSEGV)


def raises(value):
    raise ValueError(value)


WELL = (
    *(forked_child_speaks_late, daemon_speaks_late, daemons_stay, prints_much, prints_one_endless_line),
    *(prints_bytes, errors_look_like_reports, text_looks_like_reports, outputs_closed, ignores_signals),
    *(folder_left, report_in_pieces),
)
BROKEN = (silent, exits, crashes, raises)
KINDS = (*WELL, *BROKEN)


def main(folder):
    trial = int(os.environ["OSETRA_TRIAL"])
    value = trial + 0.5 * float(os.environ["OSETRA_X"])
    (Path(folder) / "values" / str(trial)).write_text(repr(value))
    turn, place = divmod(trial - 1, len(KINDS))
    random.Random(turn).sample(KINDS, len(KINDS))[place](value)


if __name__ == "__main__":
    main(sys.argv[1])
