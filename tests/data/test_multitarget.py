"""Several targets as they are read: of several columns, and labels of one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osetra.data.dataset import MultiTarget
from osetra.data.loading import load
from osetra.data.multitarget import split_labels
from osetra.data.options import DataOptions
from osetra.data.split import split
from osetra.errors import DataError

N = 60
RNG = np.random.default_rng(3)
A = RNG.normal(size=N).round(3)


@pytest.fixture
def write(tmp_path):
    def written(text: str, name: str = "data.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


def table(**columns) -> str:
    head = ",".join(["a", *columns]) + "\n"
    rows = zip(A.tolist(), *columns.values(), strict=True)
    return head + "".join(",".join(map(str, row)) + "\n" for row in rows)


def texts(data, rule: str) -> list[str]:
    return [note.text for note in data.notes if note.rule == rule]


U, V = (2 * A).round(3).tolist(), (A**2).round(3).tolist()
YES = ["yes" if a > 0 else "no" for a in A]
ONE = [int(a > 0.5) for a in A]


@pytest.mark.parametrize("target", ["u,v", "u, v", ["u", "v"], ("u", "v"), ["u,v"]])
def test_numbers_of_several_columns_are_one_target(write, target):
    data = load(write(table(u=U, v=V)), target=target)
    assert (data.task, data.multi, data.target_name) == ("multioutput", MultiTarget(("u", "v")), "u, v")
    np.testing.assert_array_equal(data.target, np.column_stack([U, V]))
    assert [column.name for column in data.columns] == ["a"]


def test_a_column_whose_name_has_a_comma_is_one_column(write):
    text = 'a,"u,v"\n' + "".join(f"{a},{u}\n" for a, u in zip(A, U, strict=True))
    assert load(write(text), target="u,v").task == "regression"


def test_one_name_in_a_list_is_one_target(write):
    assert load(write(table(u=U, v=V)), target=["u"]).task == "regression"


def test_yes_no_columns_are_labels_however_they_are_written(write):
    data = load(write(table(w=YES, k=ONE)), target="w,k")
    assert (data.task, data.classes) == ("multilabel", ())
    assert data.multi.answers == (("no", "yes"), ("0", "1"))
    np.testing.assert_array_equal(data.target, np.column_stack([A > 0, A > 0.5]))


def test_yes_is_the_word_for_it_and_not_the_later_one(write):
    words = ["true" if a > 0 else "wrong" for a in A]
    data = load(write(table(w=words, k=ONE)), target="w,k")
    assert data.multi.answers[0] == ("wrong", "true")


def test_rows_without_any_target_are_left_out_and_single_cells_are_unknown(write):
    u = ["" if i in (2, 5, 9) else value for i, value in enumerate(U)]
    v = ["" if i in (5, 7) else value for i, value in enumerate(V)]
    data = load(write(table(u=u, v=v)), target="u,v")
    assert len(data) == N - 1
    assert np.isnan(data.target).sum(axis=0).tolist() == [2, 1]
    assert texts(data, "no-target") == ["1 of 60 rows have no 'u' or 'v' and are left out (rows 6)"]
    assert texts(data, "targets-missing")[0].startswith("targets are missing in some rows (u 2, v 1)")


@pytest.mark.parametrize(
    ("target", "task", "message"),
    [
        ("u,u", None, "'u': named twice among the targets; name each column once"),
        ("u,nosuch", None, "'nosuch': no such column in"),
        ("u,w", None, "u holds numbers and w two classes; several targets are all numbers, or all yes/no"),
        ("u,k", None, "--task regression reads all as numbers"),
        ("u,c", None, "c: 3 classes, such as 'x'; several targets are all numbers"),
        ("u,v", "multiclass", "predict one column of classes at a time"),
        ("u,v", "binary", "u: more than two different values; a binary target has two"),
        ("w,k", "regression", "w: a regression needs numbers, and this column holds text"),
        ("e,f", None, "e, f: no row has a target; predict other columns"),
        ("s,t", None, "s, t: every row is the same in each; there is nothing to predict"),
        ("u,d", None, "d: holds dates such as"),
    ],
)
def test_targets_that_do_not_fit_are_refused(write, target, task, message):
    empty, same = [""] * N, ["x"] * N
    days = [f"2024-01-{1 + i % 28:02d}" for i in range(N)]
    three = ["xyz"[i % 3] for i in range(N)]
    text = table(u=U, v=V, w=YES, k=ONE, c=three, e=empty, f=empty, s=same, t=same, d=days)
    with pytest.raises(DataError, match=message):
        load(write(text), target=target, task=task)


def test_numbers_of_two_values_are_numbers_where_that_is_said(write):
    assert load(write(table(u=U, k=ONE)), target="u,k", task="regression").task == "multioutput"


def test_a_constant_target_is_left_out_and_said(write):
    data = load(write(table(w=YES, k=ONE, s=["no"] * N)), target="w,k,s")
    assert data.multi.names == ("w", "k")
    assert texts(data, "labels-left-out") == ["'s' is not predicted: every row is the same"]


def test_a_label_of_one_row_is_left_out_and_said(write):
    once = ["yes" if i == 3 else "no" for i in range(N)]
    data = load(write(table(w=YES, once=once)), target="w,once")
    assert data.multi.names == ("w",)
    assert "1 label is not predicted: 'once', in fewer than 3 rows" in texts(data, "labels-left-out")[0]


def test_logarithms_of_several_numbers_need_numbers_above_0(write):
    with pytest.raises(DataError, match="u: --log-target needs numbers above 0, and row"):
        load(write(table(u=U, v=V)), target="u,v", reading=DataOptions(log_target=True))


TAGS = ["action;comedy", "action", "comedy;drama", "drama", "none", "action;drama"]


@pytest.mark.parametrize("mark", [";", "|", ","])
def test_labels_of_one_column_are_recognised(write, mark):
    cells = [f'"{TAGS[i % 6].replace(";", mark)}"' for i in range(N)]
    data = load(write(table(genre=cells)), target="genre")
    assert (data.task, data.multi) == ("multilabel", MultiTarget(("action", "comedy", "drama"), (), mark))
    assert data.target[:6].tolist() == [[1, 1, 0], [1, 0, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0], [1, 0, 1]]
    assert "each of 3 is answered by itself" in texts(data, "several-labels")[0]
    assert load(write(table(genre=cells)), target="genre", task="multiclass").task == "multiclass"


def test_labels_need_no_target_and_may_be_empty(write):
    cells = ["" if i == 4 else TAGS[i % 6] for i in range(N)]
    data = load(write(table(genre=cells)), reading=DataOptions(labels="genre"))
    assert (data.target_name, len(data)) == ("genre", N - 1)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["a"] * 30 + ["b"] * 30, "genre: no row has several labels"),
        ([""] * N, "genre: no row has several labels|genre: no row has a label"),
        (["none;none"] * N, "genre: no label is in at least 3 rows|genre: no row has a label"),
        ([f"x{i};y{i}" for i in range(N)], "genre: no label is in at least 3 rows and missing in 3 others"),
    ],
)
def test_labels_that_are_none_are_refused(write, cells, message):
    with pytest.raises(DataError, match=message):
        load(write(table(genre=cells)), reading=DataOptions(labels="genre"))


def test_labels_beside_another_target_are_refused(write):
    text = table(genre=[TAGS[i % 6] for i in range(N)], u=U)
    with pytest.raises(
        DataError, match="--labels genre: the labels of one column are predicted by themselves"
    ):
        load(write(text), target="u", reading=DataOptions(labels="genre"))


def test_places_are_no_labels(write):
    towns = [f'"Town {i % 12}, {"TX" if i % 12 < 7 else "NY"}"' for i in range(N)]
    assert load(write(table(town=towns)), target="town").task == "multiclass"


def test_a_thousand_labels_are_read(write):
    rng = np.random.default_rng(0)
    rows = [
        ";".join(f"t{k}" for k in rng.choice(1000, 1 + rng.integers(16), replace=False)) for _ in range(600)
    ]
    text = "a,tags\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(rows))
    data = load(write(text), reading=DataOptions(labels="tags"))
    assert len(data.multi.names) > 800
    assert [note.rule for note in data.notes].count("rare-labels") == 1
    parts = split(data)
    assert len(parts.train) + len(parts.validation) + len(parts.test) == 600


def test_a_rare_label_is_in_every_part(write):
    rare = ["yes" if i % 6 == 0 else "no" for i in range(N)]
    data = load(write(table(w=YES, rare=rare)), target="w,rare")
    parts = split(data, seed=1)
    for rows in (parts.train, parts.validation, parts.test):
        assert 0 < data.target[rows, 1].sum() < len(rows)


def test_a_copy_of_one_target_is_said(write):
    data = load(write(table(w=YES, k=ONE, copy=[f"c{w}" for w in YES])), target="w,k")
    assert any("'copy' alone is right in 100% of the rows" in text for text in texts(data, "leak"))


def test_targets_of_arrays_may_be_several(tmp_path):
    x, y = RNG.normal(size=(N, 3)), RNG.normal(size=(N, 2))
    np.savez(tmp_path / "y.npz", x=x, y=y)
    np.savez(tmp_path / "uv.npz", x=x, u=y[:, 0], v=y[:, 1])
    assert load(tmp_path / "y.npz").multi.names == ("y0", "y1")
    np.testing.assert_array_equal(load(tmp_path / "uv.npz", target=["u", "v"]).target, y)


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=6).filter(
    lambda word: word.lower() not in ("none", "no", "nothing", "na", "nan", "null", "nat")
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.lists(WORDS, max_size=4, unique=True), min_size=1, max_size=12), st.sampled_from(";|,"))
def test_labels_are_read_back_as_they_were_written(rows, mark):
    names = tuple(sorted({name for row in rows for name in row})) or ("x",)
    folded = {}
    for name in names:
        folded.setdefault(name.casefold(), name)
    cells = [mark.join(row) if row else "none" for row in rows]
    found, strange = split_labels(cells, MultiTarget(names, (), mark))
    assert strange == []
    for row, flags in zip(rows, found, strict=True):
        assert {name for name, flag in zip(names, flags, strict=True) if flag} == set(row)
