"""Figures: drawn from the panels, whatever the study went through, and changing nothing of the program's."""

from __future__ import annotations

import io
import json
import re
import sys
import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest

import osetra
from osetra import Int, Run, Study
from osetra.errors import MissingExtra, StudyError
from osetra.installing import install_line
from osetra.views.colours import PALETTE, STATES, colour_of
from osetra.views.figures.drawing import words
from osetra.views.figures.kinds import KINDS
from osetra.views.figures.space import place_on, ticks_of
from osetra.views.panels.parameters import parameter, searched
from views.panels.odd import PROBLEM, SPACE, STUDIES


def falling(run: Run) -> None:
    for step in run.steps(3):
        run.report(val_loss=1 / step)


def written(figure: Any, form: str = "svg") -> str:
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none"}):
        figure.savefig(buffer, format=form, dpi=40)
    return buffer.getvalue().decode("utf-8", "replace")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("study", STUDIES)
def test_a_figure_is_drawn_whatever_the_study_went_through(study: str, kind: str) -> None:
    problem, history = STUDIES[study]()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            figure = KINDS[kind](problem, history)
        except StudyError as error:
            asked_too_much = ("two searched hyperparameters", "the study has one objective")
            assert any(words in str(error) for words in asked_too_much)
            return
        drawn = written(figure)
    assert drawn.count("<svg") == 1
    assert "<script" not in drawn and "<img" not in drawn


def test_nothing_is_shown_and_nothing_is_left_behind() -> None:
    before = dict(mpl.rcParams)
    study = Study("memory:", SPACE, minimize="val_loss")
    study.run(falling, trials=4, progress=False)
    figures = [study.plot.curves(), study.plot.history(by="cost"), study.plot.parallel(top=2)]
    figures += [study.plot.slice(), study.plot.contour(), study.plot.importance(), study.plot.timeline()]
    assert dict(mpl.rcParams) == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    for figure in figures:
        assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_axes_have_the_names_of_what_they_show() -> None:
    study = Study("memory:", SPACE, minimize="val_loss")
    study.run(falling, trials=4, progress=False)
    curves = study.plot.curves().axes[0]
    assert (curves.get_xlabel(), curves.get_ylabel()) == ("step", "val_loss")
    assert study.plot.history(by="cost").axes[0].get_xlabel() == "cost, full trainings"
    assert "since the study began" in study.plot.history(by="time").axes[0].get_xlabel()
    contour = study.plot.contour("lr", "layers").axes[0]
    assert (contour.get_xlabel(), contour.get_ylabel()) == ("lr", "layers")
    assert "since the first training began" in study.plot.timeline().axes[0].get_xlabel()


def test_wrong_arguments_are_named() -> None:
    study = Study("memory:", SPACE, minimize="val_loss")
    with pytest.raises(StudyError, match="'tim': no such axis; known: trials, time, cost"):
        study.plot.history(by="tim")
    with pytest.raises(StudyError, match="no such searched hyperparameter"):
        study.plot.contour("lr", "nothing")
    with pytest.raises(StudyError, match="no such metric was reported"):
        study.plot.curves(metric="los")
    with pytest.raises(StudyError, match="no such trial"):
        study.plot.curves(trials=[7])


def test_without_matplotlib_the_command_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=re.escape(install_line("plot"))):
        Study("memory:", SPACE, minimize="val_loss").plot.curves()


def test_a_trial_has_one_colour_and_neighbours_have_others() -> None:
    first = [colour_of(trial) for trial in range(1, len(PALETTE["light"]) + 1)]
    assert len(set(first)) == len(first) and colour_of(len(first) + 1) == first[0]
    assert len(PALETTE["light"]) == len(PALETTE["dark"]) and STATES["light"].keys() == STATES["dark"].keys()
    assert json.loads(json.dumps([PALETTE, STATES]))


def test_the_live_page_has_the_same_colours() -> None:
    page = Path(osetra.__file__).parent / "dashboard" / "page"
    script, tokens = (page / "logic" / "palette.js").read_text(), (page / "tokens.css").read_text()
    for name, theme in (("LIGHT", "light"), ("DARK", "dark")):
        listed = re.search(rf"const {name} = (\[.*?\]);", script)
        assert listed is not None and json.loads(listed[1]) == list(PALETTE[theme])
    for place, theme in enumerate(("light", "dark")):
        for state, colour in STATES[theme].items():
            assert re.findall(rf"--{state}: (#\w+);", tokens)[place] == colour, (theme, state)


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_stand_out_from_their_background() -> None:
    assert min(contrast(colour, "#ffffff") for colour in PALETTE["light"]) > 3.0
    assert min(contrast(colour, "#14181c") for colour in PALETTE["dark"]) > 4.5


def test_text_of_users_is_no_formula() -> None:
    assert words("$x^2$") == r"\$x^2\$" and len(words("n" * 1_000)) == 40
    assert words("a\n\x1b[31mb") == "a b"


def test_values_stand_on_their_own_scale() -> None:
    lr, optimizer, momentum, *_ = searched(PROBLEM.space)
    assert [round(place_on(lr)(value), 6) for value in (1e-4, 1e-2, 1)] == [0.0, 0.5, 1.0]
    assert place_on(optimizer)("adam") == 0.75
    assert ticks_of(lr)[1] == ["0.0001", "0.001", "0.01", "0.1", "1"]
    assert ticks_of(momentum)[1][0] == "0.5" and "0.99" in ticks_of(momentum)[1]
    units = parameter("units", Int(16, 512, scale="log"), "units")
    assert ticks_of(units)[1] == ["20", "50", "100", "200", "500"]
