"""A study that runs shows itself: in a terminal, in a notebook, in a log, or not at all."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pexpect
import pytest

import osetra as ose
from osetra.study.display import log_display, usual_display

PROGRAM = """
import logging, sys, time
import osetra as ose

def train(run):
    for step in range(1, 9):
        time.sleep(float(sys.argv[1]))
        print("printed" if step == 8 else "", end="\\n" if step == 8 else "")
        run.report(cost=run.config["x"] / step)

{before}
study = ose.Study("memory:", ose.Space(x=ose.Float(0, 1)), minimize="cost", searcher="random")
study.run(train, trials=3{options})
print("over")
"""


def program(here: Path, *, options: str = "", before: str = "") -> list[str]:
    file = here / "program.py"
    file.write_text(PROGRAM.format(options=options, before=before))
    return [sys.executable, str(file)]


def run(words: list[str], pause: float = 0.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*words, str(pause)], capture_output=True, text=True, timeout=60, check=True)


def cost(run: ose.Run) -> float:
    return float(run.config["x"])


def small(**options: Any) -> ose.Study:
    return ose.Study("memory:", ose.Space(x=ose.Float(0, 1)), minimize="cost", searcher="random", **options)


def test_a_plain_script_gets_one_line_per_ended_trial_on_stderr(tmp_path: Path) -> None:
    done = run(program(tmp_path))
    assert re.findall(r"^[★✓] trial (\d): \d", done.stderr, re.MULTILINE) == ["1", "2", "3"]
    assert len(done.stderr.splitlines()) == 3
    assert "\x1b" not in done.stderr
    assert "trial" not in done.stdout


def test_progress_false_is_silent(tmp_path: Path) -> None:
    assert run(program(tmp_path, options=", progress=False")).stderr == ""


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        ("logging.basicConfig(level=logging.WARNING)", 0),
        ("logging.getLogger('osetra').addHandler(logging.NullHandler())", 0),
        ("logging.basicConfig(level=logging.INFO, format='%(levelname)s %(name)s %(message)s')", 3),
        ("logging.getLogger('osetra').setLevel(logging.WARNING)", 0),
    ],
)
def test_a_program_that_has_set_up_logging_decides_what_is_shown(
    tmp_path: Path, before: str, shown: int
) -> None:
    lines = run(program(tmp_path, before=before)).stderr.splitlines()
    assert len(lines) == shown
    assert all(re.match(r"INFO osetra [★✓] trial \d: ", line) for line in lines)


def test_logging_is_left_as_it_was(tmp_path: Path) -> None:
    after = "\nlog = logging.getLogger('osetra')\nprint(log.handlers, log.level)"
    words = program(tmp_path)
    file = Path(words[1])
    file.write_text(file.read_text() + after)
    assert run(words).stdout.splitlines()[-1] == "[] 0"


def test_in_a_terminal_a_block_is_redrawn_and_the_result_stays(tmp_path: Path) -> None:
    words = program(tmp_path)
    child = pexpect.spawn(
        words[0], [words[1], "0.1"], dimensions=(30, 100), encoding="utf-8", timeout=30
    )  # fmt: skip
    child.expect(r"searching.*0 of 3 trials")
    child.expect(r"▸ 1\W.*[█▇▆▅▄▃▂▁]{3}.*step \d")
    child.expect("printed")
    child.expect(r"searching.*1 of 3 trials\s+about \d.* left")
    child.expect(r"study.*done in \d.*3 of 3 trials")
    child.expect(r"best.*cost.*in trial \d")
    child.expect("over")
    child.expect(pexpect.EOF)


def test_a_dumb_terminal_gets_lines(tmp_path: Path) -> None:
    words = program(tmp_path)
    child = pexpect.spawn(
        words[0],
        [words[1], "0"],
        encoding="utf-8",
        timeout=30,
        env={"TERM": "dumb", "PATH": ""},
    )
    child.expect(pexpect.EOF)
    assert re.findall(r"[★✓] trial (\d): ", child.before) == ["1", "2", "3"]
    assert "\x1b" not in child.before


class Cell:
    """What a notebook shows below a cell: the latest version of a page."""

    def __init__(self) -> None:
        self.pages: list[Any] = []

    def display(self, page: object, display_id: bool = False) -> Cell:
        assert display_id
        self.pages.append(page)
        return self

    def update(self, page: object) -> None:
        self.pages.append(page)


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cell]:
    """Pretend to be the kernel of a notebook."""
    shown = Cell()
    package, display = ModuleType("IPython"), ModuleType("IPython.display")
    package.get_ipython = lambda: SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    display.display = shown.display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    yield shown


def test_in_a_notebook_one_page_is_replaced_in_place(cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as kernels do
    study = small()
    study.run(cost, trials=3)
    assert len(cell.pages) >= 2
    last = cell.pages[-1]
    html, text = last._repr_html_(), repr(last)
    assert html.startswith("<pre") and "3 of 3 trials" in html and "<script" not in html
    assert "done in" in text and f"in trial {study.best.number}" in text
    assert "\x1b" not in text


def test_a_study_in_a_notebook_is_escaped(cell: Cell) -> None:
    study = ose.Study(
        "memory:", ose.Space(x=ose.Choice("<script>alert(1)</script>", "b")), minimize="cost", name="<b>"
    )
    study.run(lambda run: 0.5, trials=2)
    html = cell.pages[-1]._repr_html_()
    assert "<script" not in html and "<b>" not in html
    assert "&lt;b&gt;" in html


def test_a_display_of_ones_own_and_watch_both_see_the_end() -> None:
    seen: list[str] = []

    def mine(progress: Any, phase: str, history: ose.History) -> Any:
        from contextlib import contextmanager

        @contextmanager
        def shown() -> Iterator[Any]:
            seen.append(phase)
            yield lambda history: seen.append(f"display {len(history.ended)}")

        return shown()

    small().run(
        cost, trials=2, progress=mine, watch=lambda history: seen.append(f"watch {len(history.ended)}")
    )
    assert seen[0] == "searching"
    assert seen[-2:] == ["watch 2", "display 2"]


def test_a_log_that_nobody_reads_costs_nothing() -> None:
    assert usual_display("x") is log_display
    assert not logging.getLogger("osetra").isEnabledFor(logging.INFO)
    study = small()
    from osetra.core.limits import Limits
    from osetra.views.progress import Progress

    progress = Progress.begin(study.problem, Limits(trials=1), study.history, 0.0)
    with log_display(progress, "searching", study.history) as watch:
        assert watch is None


def test_confirming_shows_itself_too(caplog: pytest.LogCaptureFixture) -> None:
    study = small().run(cost, trials=2)
    with caplog.at_level(logging.INFO, "osetra"):
        study.confirm(cost, top=1, seeds=2)
    told = [record.getMessage() for record in caplog.records]
    assert len([line for line in told if "repeat of trial" in line]) == 2


def test_importing_osetra_and_a_silent_run_load_no_rich() -> None:
    code = (
        "import sys, osetra as ose\n"
        "s = ose.Study('memory:', ose.Space(x=ose.Float(0, 1)), minimize='l')\n"
        "s.run(lambda run: run.config['x'], trials=2)\n"
        "sys.exit('rich' in sys.modules or 'IPython' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True)


def test_a_study_its_trials_and_its_advice_are_short_when_printed(tmp_path: Path) -> None:
    study = ose.Study(
        str(tmp_path / "digits.db"), ose.Space(x=ose.Float(0, 1)), minimize="cost", searcher="random"
    )
    assert str(study) == "digits: minimize cost, 0 trials\nno result yet"
    assert str(study.advice) == "no advice yet"
    study.run(cost, trials=3)
    best = study.best
    number, x = best.number, f"{best.value:.4g}"
    head, line = str(study).splitlines()
    assert head == "digits: minimize cost, 3 trials (3 finished)"
    assert line.startswith(f"best cost {x[:5]}") and line.endswith(f"in trial {number}  x={x}")
    assert re.fullmatch(rf"trial {number}: finished {x[:5]}\d*  x={x}  \d.*s", str(best))
    assert repr([best]) == f"[<{best}>]"
    words = str(study.advice).split()
    assert words == [word for finding in study.advice for word in str(finding).split()]
    assert len(str(study.advice)) < 400 and "Finding(" not in repr(study.advice)


def test_a_failed_trial_says_why_in_print() -> None:
    def broken(run: ose.Run) -> float:
        raise ValueError("bad\nbatch \x1b[31m")

    study = small().run(broken, trials=1)
    assert str(study.trials[0]).startswith("trial 1: failed: ValueError: bad batch  x=")


def test_what_notebooks_show_is_escaped() -> None:
    space = ose.Space(x=ose.Choice("<script>", "b"))
    study = ose.Study("memory:", space, minimize="cost", searcher="random").run(lambda run: 0.5, trials=2)
    advice = type(study.advice)(
        [ose.Finding(rule="r", level="advice", text="<script>a</script>", action="<b>")]
    )
    for page in (
        study._repr_html_(),
        study.trials[0]._repr_html_(),
        space._repr_html_(),
        advice._repr_html_(),
    ):
        assert "<script" not in page and "<b>d" not in page
    assert advice._repr_html_() == "<ul><li>→ &lt;script&gt;a&lt;/script&gt;<br><i>&lt;b&gt;</i></li></ul>"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_view_that_exits_fails_no_trial(
    workers: int, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("osetra.study.loop.WATCH", 0.0)

    def leave(_: object) -> None:
        sys.exit(5)

    study = ose.Study(tmp_path / "s.db", ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random")
    study.run(_reporting, trials=4, workers=workers, progress=False, watch=leave)
    assert [trial.state for trial in study.trials] == ["finished"] * 4
    assert caplog.text.count("is not called any more") == 1


def test_ctrl_c_in_a_view_is_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("osetra.study.loop.WATCH", 0.0)
    looks = []

    def interrupt(_: object) -> None:
        looks.append(1)
        if len(looks) == 3:
            raise KeyboardInterrupt

    study = ose.Study(tmp_path / "s.db", ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random")
    with pytest.raises(KeyboardInterrupt):
        study.run(_reporting, trials=40, progress=False, watch=interrupt)
    assert {trial.state for trial in study.trials} <= {"finished", "queued"}
    assert not any("KeyboardInterrupt" in trial.reason for trial in study.trials)


def _reporting(run: ose.Run) -> None:
    for step in run.steps(5):
        run.report(loss=1 / step)
