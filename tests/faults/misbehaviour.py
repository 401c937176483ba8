"""Trainings that misbehave in every way, each of which writes its own value to a file of its own.

`python misbehaviour.py FOLDER EXECUTOR RUNS` runs a study of them in which each kind comes so often, in
another order each time. Whatever a kind does, the study may know no other value of a trial than the one in
its file. `benchmarks/misbehaviour.py` judges it.
"""

import atexit
import concurrent.futures
import contextlib
import copy
import functools
import gc
import io
import logging
import multiprocessing
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import osetra as ose
from osetra.command import CommandTraining

PROGRAMS = Path(__file__).with_name("misbehaving_programs.py")
WRONG = 777.0
"""What strangers and latecomers say."""
SPACE = ose.Space(x=ose.Float(0, 1))
MEGABYTES = float(os.environ.get("OSETRA_MEGABYTES", "4"))


def worth(run):
    """What a trial is worth: its whole part names the trial."""
    return run.trial + 0.5 * run.config["x"]


def speak(run, count=200, pause=0.001):
    """Say something wrong, again and again."""
    for step in range(1, count):
        with contextlib.suppress(BaseException):
            run.report(step, loss=WRONG)
            run.checkpoint({"wrong": WRONG})
            run.live("x")
        time.sleep(pause)


# --- who speaks


def child_returns(run, value):
    os.fork()
    return value if os.getpid() == OWN else WRONG


def child_raises(run, value):
    if os.fork() == 0:
        raise ValueError("of the child")
    return value


def child_exits(run, value):
    if os.fork() == 0:
        sys.exit(3)
    return value


def child_goes_on_in_the_loop(run, value):
    for step in run.steps(4):
        if step == 2:
            os.fork()
        run.report(loss=value if os.getpid() == OWN else WRONG)


def daemon_speaks(run, value):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            speak(run, 1500, 0.002)
        os._exit(0)
    os.wait()
    return value


def thread_outlives(run, value):
    def on_and_on():
        for _ in range(500):
            # What it says before the end is the training's own word.
            with contextlib.suppress(BaseException):
                run.report(loss=WRONG if run.interrupted else value)
            time.sleep(0.0005)

    threading.Thread(target=on_and_on, daemon=True).start()
    return value


def helpers_speak(run, value):
    context = multiprocessing.get_context("fork")
    with context.Pool(2, initializer=speak, initargs=(run, 5)) as pool:
        return sum(pool.map(float, [value, 0.0]))


def futures_compute(run, value):
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        return pool.submit(float, value).result()


def threads_of_a_pool_report(run, value):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: run.report(loss=value), range(40)))


def copy_speaks(run, value):
    with contextlib.suppress(TypeError):  # of one that holds locks there is no copy
        speak(copy.deepcopy(run), 5)
    return value


def child_forks_on(run, value):
    for _ in range(3):
        os.fork()
    return value if os.getpid() == OWN else WRONG


def thread_starts_late(run, value):
    def late():
        time.sleep(0.05)
        speak(run)

    threading.Thread(target=late, daemon=True).start()
    for _ in run.steps(3):
        run.report(loss=value)


def thread_loops_late(run, value):
    def late():
        time.sleep(0.02)
        for _ in run.steps(10**6):
            run.report(loss=WRONG)

    threading.Thread(target=late, daemon=True).start()
    run.report(loss=value)


def thread_never_ends(run, value):
    threading.Thread(target=lambda: [time.sleep(0.05) for _ in iter(int, 1)]).start()
    return value


def thread_exits(run, value):
    threading.Thread(target=sys.exit, args=(3,)).start()
    return value


def threads_report_at_once(run, value):
    crowd = [threading.Thread(target=lambda: [run.report(loss=value) for _ in range(50)]) for _ in range(6)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()


def helpers_compute(run, value):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return sum(pool.map(float, [value, 0.0]))


def daemon_helper(run, value):
    sleep = [sys.executable, "-S", "-c", "import time; time.sleep(1000)"]
    subprocess.Popen(sleep, start_new_session=True)
    return value


# --- what it prints on


def stdout_closed(run, value):
    sys.stdout.close()
    return value


def streams_are_none(run, value):
    sys.stdout = sys.stderr = None
    return value


def stdout_cannot_flush(run, value):
    sys.stdout = type("Odd", (), {"write": lambda *_: 1 / 0, "flush": lambda _: time.sleep(1000)})()
    return value


def stdout_is_a_number(run, value):
    sys.stdout = 5
    return value


def outputs_closed(run, value):
    os.close(1)
    os.close(2)
    return value


def prints_much(run, value):
    line = "." * 1023
    for _ in range(int(MEGABYTES * 1024)):
        print(line)
    return value


def stdout_is_a_text(run, value):
    sys.stdout = sys.stderr = io.StringIO()
    print("into nothing")
    return value


def descriptors_closed(run, value):
    os.closerange(3, 256)
    return value


def low_descriptors_closed(run, value):
    for number in range(21):
        with contextlib.suppress(OSError):
            os.close(number)
    run.report(loss=value)
    return value


def low_descriptors_replaced(run, value):
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(40):
        os.dup2(nothing, number)
    run.report(loss=value)


def descriptors_written_to(run, value):
    run.report(loss=value)
    for number in range(3, 1024):
        with contextlib.suppress(OSError):
            os.write(number, b"\xc1ose\0\0garbage" * 20)
    return value


# --- what it leaves behind


def atexit_raises(run, value):
    atexit.register(lambda: 1 / 0)
    return value


def atexit_hangs(run, value):
    atexit.register(time.sleep, 1000)
    return value


def folder_gone(run, value):
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    shutil.rmtree(folder)
    return value


def limits_lowered(run, value):
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_AS):
        hard = resource.getrlimit(limit)[1]
        resource.setrlimit(limit, (0, hard))
    return value


def hard_limits_lowered(run, value):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
    return value


def collector_played_with(run, value):
    gc.disable()
    gc.freeze()
    gc.set_threshold(1)
    for thing in gc.get_objects():
        if hasattr(type(thing), "fileno") and type(thing).__module__ == "_io":
            with contextlib.suppress(Exception):
                thing.close()
    return value


def recursion(run, value):
    def deep():
        return deep()

    with contextlib.suppress(RecursionError):
        deep()
    sys.setrecursionlimit(80)
    return value


def signals_handled(run, value):
    def handle(number, frame):
        raise RuntimeError(f"signal {number}")

    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGCHLD):
        signal.signal(number, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    return value


def alarm_repeats(run, value):
    class Alarm(Exception):
        pass

    def handle(number, frame):
        raise Alarm

    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    step = 0
    while step < 100:
        with contextlib.suppress(Alarm):
            step += 1
            run.report(step, loss=value)
    return value


def signals_itself(run, value):
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGHUP)
    os.kill(os.getpid(), signal.SIGINT)
    return value


def modules_edited(run, value):
    before = os.write, os.read, os.getpid, time.monotonic
    os.write = os.read = os.getpid = time.monotonic = lambda *_: 0
    for _ in run.steps(3):
        run.report(loss=value)
    os.write, os.read, os.getpid, time.monotonic = before
    sys.modules.pop("osetra", None)
    return value


def run_edited(run, value):
    for name, other in (("trial", 1), ("attempt", 9), ("seed", -1), ("config", {"x": WRONG})):
        setattr(run, name, other)
    for _ in range(3):
        run.report(loss=value)


def configuration_edited(run, value):
    run.config["x"] *= WRONG
    run.config.update(y=1, loss=WRONG)
    run.config.pop("x")
    run.config.clear()
    return value


def claim_edited(run, value):
    claim = run._control.claim
    for values in (claim.config, claim.live, claim.meanings):
        with contextlib.suppress(Exception):  # some cannot be changed
            values.update(x=WRONG)
            values.clear()
    run._count = 10**9
    for _ in run.steps(3):
        run.report(loss=value)


def environment_cleared(run, value):
    os.environ.clear()
    os.umask(0o777)
    return value


def loop_left(run, value):
    for _ in run.steps(50):
        run.report(loss=value)
        break


def logging_ended(run, value):
    logging.disable()
    logging.shutdown()
    return value


# --- what it ends with: these have no value


def exits_at_once(run, value):
    os._exit(0)


def exits(run, value):
    sys.exit(0)


def exits_with_an_object(run, value):
    sys.exit(object())


def out_of_memory(run, value):
    return float(len(bytearray(2**62)))


def too_deep(run, value):
    return too_deep(run, value)


def crashes(run, value):
    os.kill(os.getpid(), signal.SIGSEGV)


def kills_itself(run, value):
    os.kill(os.getpid(), signal.SIGKILL)


def raises_what_cannot_be_shown(run, value):
    class Hostile(Exception):
        def __str__(self):
            raise self

    raise Hostile


def raises_odd_text(run, value):
    raise ValueError("\0 \ud800 \x1b[31m " + "long " * 100_000)


def odd_name(run, value):
    run.report(**{("a\0b", "\udcff", "n" * 5000, "")[run.trial % 4]: value})


def odd_step(run, value):
    run.report((2**70, "three", float("nan"), -(2**70))[run.trial % 4], loss=value)


def odd_number(run, value):
    return (10**400, "0.5", [value, value], object())[run.trial % 4]


def gives_back(run, value):
    raise ose.Interrupted("skip this one")


def many_metrics(run, value):
    run.report(loss=value, **{f"metric{number}": 0.0 for number in range(3000)})


def keyboard(run, value):
    raise KeyboardInterrupt


WELL = (
    *(child_returns, child_raises, child_exits, child_goes_on_in_the_loop, daemon_speaks, thread_outlives),
    *(thread_starts_late, thread_loops_late, thread_never_ends, thread_exits, threads_report_at_once),
    *(helpers_compute, helpers_speak, futures_compute, threads_of_a_pool_report, copy_speaks),
    *(child_forks_on, daemon_helper, stdout_closed, streams_are_none, stdout_cannot_flush),
    *(stdout_is_a_number, stdout_is_a_text, prints_much, atexit_raises, atexit_hangs, folder_gone),
    *(limits_lowered, collector_played_with, recursion, signals_handled, run_edited, logging_ended),
    *(configuration_edited, claim_edited, loop_left, many_metrics),
)
"""Trainings that have a result, however they behave."""
WELL_ALONE = (
    *(outputs_closed, hard_limits_lowered, signals_itself, modules_edited, descriptors_closed),
    *(low_descriptors_closed, low_descriptors_replaced, descriptors_written_to, environment_cleared),
)
"""Likewise, in a process of their own."""
BROKEN = (
    *(raises_what_cannot_be_shown, raises_odd_text, odd_name, odd_step, odd_number, gives_back),
    *(exits, exits_with_an_object, out_of_memory, too_deep),
)
"""Trainings that have none."""
BROKEN_ALONE = (crashes, kills_itself, exits_at_once, keyboard)
"""Likewise, in a process of their own."""
ANYHOW = (alarm_repeats,)
"""Trainings in a process of their own that have one, or none."""
KINDS = {
    "inline": (*WELL, *BROKEN),
    "processes": (*WELL, *WELL_ALONE, *BROKEN, *BROKEN_ALONE, *ANYHOW),
}
KINDS["workers"] = KINDS["processes"]
OWN = 0


def kind_of(kinds, trial):
    """Return the kind of a trial: each comes once in so many trials as there are, in a random order."""
    turn, place = divmod(trial - 1, len(kinds))
    return random.Random(turn).sample(kinds, len(kinds))[place]


def train(folder, kinds, run):
    """Misbehave in the way that the trial's number says."""
    global OWN
    OWN = os.getpid()
    value = worth(run)
    (Path(folder) / "values" / str(run.trial)).write_text(repr(value))
    return kind_of(kinds, run.trial)(run, value)


def main(folder, executor, runs):
    (Path(folder) / "values").mkdir()
    study = ose.Study(Path(folder) / "s.db", SPACE, minimize="loss", searcher="random", scheduler="full")
    if executor.startswith("command"):
        from misbehaving_programs import KINDS as PROGRAM_KINDS

        words = (sys.executable, "-S", "-E", str(PROGRAMS), folder)
        training, kinds = CommandTraining(words, folder, str(Path(folder) / "logs")), PROGRAM_KINDS
    else:
        kinds = KINDS[executor]
        training = functools.partial(train, folder, kinds)
    slots = {"processes": 1, "workers": 2, "command-workers": 2}.get(executor)
    study.run(
        training,
        trials=int(runs) * len(kinds),
        executor=ose.Processes(slots) if slots else None,
        keep_going=True,
        progress=False,
    )
    study.close()
    os._exit(0)  # inline, threads that never end are its own


if __name__ == "__main__":
    main(*sys.argv[1:])
