"""Factors of users and items: what they answer, what they cost, and ratings from a file to a model."""

import numpy as np
import pytest
import torch

from osetra.errors import DataError
from osetra.nets.architecture import architecture
from osetra.nets.factorization import BIAS_DECAY, FactorTable, Interaction
from osetra.nets.model import load, save
from osetra.nets.network import build
from osetra.nets.predict import predict
from osetra.nets.preparation_json import from_json, to_json
from osetra.nets.recommend import recommend
from osetra.nets.task import Data, NetworkTask, rehearse

CONFIG = {"factors": 4, "units": 8, "layers": 1, "lr": 0.05, "factor_decay": 1.0, "batch_size": 64}


def ratings(n: int = 1500, users: int = 30, items: int = 25, *, features: bool = True) -> str:
    """Ratings that follow biases and one factor: fans of odd items dislike even ones."""
    rng = np.random.default_rng(0)
    u, i = rng.integers(0, users, n), rng.integers(0, items, n)
    taste, kind = np.where(np.arange(users) % 2, 1.0, -1.0), np.where(np.arange(items) % 2, 1.0, -1.0)
    bias = rng.normal(0, 0.5, items)
    stars = 3 + bias[i] + taste[u] * kind[i] + rng.normal(0, 0.3, n)
    head = "user_id,item_id,hour,rating" if features else "user_id,item_id,rating"
    rows = [
        f"{a + 100},{b + 5000}," + (f"{c % 24}," if features else "") + f"{d:.2f}"
        for a, b, c, d in zip(u, i, range(n), stars, strict=True)
    ]
    return "\n".join([head, *rows]) + "\n"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("ratings") / "ratings.csv"
    path.write_text(ratings())
    return path


@pytest.fixture(scope="module")
def task(file):
    return NetworkTask(data=Data(where=str(file), target="rating"), epochs=12)


@pytest.fixture(scope="module")
def model(task):
    return rehearse(task, CONFIG, seed=0)


def test_the_answer_is_the_product_of_factors_and_the_biases():
    told = Interaction((1, 0), [3, 4], 2.0, shared=False).eval()
    with torch.no_grad():
        told.biases[0].weight.copy_(torch.tensor([[0.0], [0.5], [1.0], [1.5]]))
        told.biases[1].weight.copy_(torch.tensor([[0.0], [0.25], [-0.25]]))
    looked_up = [torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, -1.0]])]
    answer = told(looked_up, torch.tensor([[2, 3]]))
    assert answer.item() == pytest.approx(3.0 - 2.0 + 1.5 - 0.25)


def test_all_rows_together_pay_the_decay_of_every_factor_once():
    codes = torch.tensor([[1, 1], [1, 2], [1, 1], [2, 2]])
    told = Interaction((0, 1), [3, 3], 2.0, shared=False).train()
    told.settle(codes)
    tables = [FactorTable(3, 2), FactorTable(3, 2)]
    with torch.no_grad():
        for bias in told.biases:
            bias.weight[1:].fill_(0.5)
    told([table(codes[:, place]) for place, table in enumerate(tables)], codes)
    squares = sum(float((table.weight.detach() ** 2).sum()) for table in tables) + BIAS_DECAY * 4 * 0.25
    assert told.penalty.item() == pytest.approx(2.0 * squares / len(codes), rel=1e-5)


def test_factors_of_what_was_never_seen_are_and_stay_zero(model):
    for place in model.preparation.pair_places:
        assert torch.all(model.network.embeddings[place].weight[0] == 0)
    for bias in model.network.interaction.biases:
        assert torch.all(bias.weight[0] == 0)


def test_names_tell_users_and_items_and_numbers_are_read_as_categories(task):
    dataset = task.dataset
    assert dataset.pair == ("user_id", "item_id")
    assert task.family == "factorization"
    assert dataset.task == "regression"
    note = next(note for note in dataset.notes if note.rule == "recommendation")
    assert "30 users (user_id) and 25 items (item_id)" in note.text
    assert note.action == "--user none says otherwise"
    assert not [note for note in dataset.notes if note.rule == "groups"]


def test_factors_beat_biases_alone_where_tastes_differ(model, task):
    baseline = task.test_scores(task.baseline())
    ours = task.test_scores(model)
    assert baseline["rmse"] > 0.9
    assert ours["rmse"] < 0.5
    assert ours["ndcg"] > baseline["ndcg"] + 0.1
    assert {"ndcg", "recall", "hit_rate"} <= set(ours)


def test_a_model_is_read_back_and_answers_the_same(model, file, tmp_path):
    again = load(save(model, tmp_path / "model"))
    assert again.preparation == from_json(to_json(model.preparation))
    assert again.preparation.pair == ("user_id", "item_id")
    assert predict(again, file).values == predict(model, file).values


def test_users_and_items_never_seen_get_the_mean_and_that_is_said(model, task, tmp_path):
    new = tmp_path / "new.csv"
    new.write_text("user_id,item_id,hour\n100,5001,3\n7,5001,3\n7,8,3\n")
    found = predict(model, new)
    assert found.unseen == {"user_id": 2, "item_id": 1}
    assert "never seen in training are taken as average" in found.warning
    assert abs(found.values[2] - task.dataset.target.mean()) < 0.6


def test_thousands_of_items_each_have_factors_of_their_own(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"u{rng.integers(0, 40)},i{k % 2500},{rng.normal():.2f}" for k in range(7500)]
    (tmp_path / "r.csv").write_text("user,item,rating\n" + "\n".join(rows) + "\n")
    task = NetworkTask(data=Data(where=str(tmp_path / "r.csv"), target="rating"), epochs=1)
    preparation = rehearse(task, CONFIG, seed=0).preparation
    place = preparation.pair_places[1]
    assert preparation.embedded[place] > 2000
    assert all(not column.buckets for column in preparation.columns)


@pytest.mark.parametrize("deep", ["features", "all"])
@pytest.mark.parametrize("features", [True, False])
def test_every_structure_trains_and_the_same_seed_gives_the_same(deep, features, tmp_path):
    (tmp_path / "r.csv").write_text(ratings(300, features=features))
    task = NetworkTask(data=Data(where=str(tmp_path / "r.csv"), target="rating"), epochs=2)
    first, second = (rehearse(task, CONFIG | {"deep": deep, "dropout": 0.2}, seed=1) for _ in range(2))
    for a, b in zip(first.network.state_dict().values(), second.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_clicks_are_two_classes(tmp_path):
    lines = ratings(600).splitlines()
    rows = [f"{line.rpartition(',')[0]},{int(float(line.rpartition(',')[2]) > 3)}" for line in lines[1:]]
    (tmp_path / "r.csv").write_text("user_id,item_id,hour,clicked\n" + "\n".join(rows) + "\n")
    task = NetworkTask(
        data=Data(where=str(tmp_path / "r.csv"), target="clicked"), epochs=8, metric="val_ndcg"
    )
    assert (task.dataset.task, task.dataset.pair) == ("binary", ("user_id", "item_id"))
    scores = task.test_scores(rehearse(task, CONFIG, seed=0))
    assert scores["ndcg"] > 0.8
    assert scores["auc"] > 0.8


def test_other_tables_keep_their_network(tmp_path):
    lines = ratings(300).splitlines()
    (tmp_path / "r.csv").write_text("\n".join(["user_id,item_id,hour,price", *lines[1:]]) + "\n")
    task = NetworkTask(data=Data(where=str(tmp_path / "r.csv"), target="price"))
    assert (task.dataset.pair, task.family) == ((), "mlp")


def test_a_factorization_of_a_plain_table_is_refused(file):
    from osetra.data.options import DataOptions

    data = Data(where=str(file), target="rating", reading=DataOptions(user="none"))
    task = NetworkTask(data=data, epochs=1)
    assert task.family == "mlp"
    preparation = rehearse(task, {"units": 4, "layers": 1}, seed=0).preparation
    with pytest.raises(DataError, match="give --user and --item"):
        build(architecture("factorization", {}), preparation)


def test_the_best_items_that_a_user_has_not_rated_are_recommended(model, file, tmp_path):
    history = tmp_path / "past.csv"
    lines = ratings(200).splitlines()
    history.write_text("\n".join(lines) + "\n")
    found = recommend(model, history, 3)
    assert found.header == ("user_id", "place", "item_id", "rating")
    rated = {tuple(line.split(",")[:2]) for line in lines[1:]}
    users = {user for user, _ in rated}
    rows = list(found.rows())
    assert len(rows) == 3 * len(users)
    assert not rated & {(user, item) for user, _, item, _ in rows}
    fans = [int(item) % 2 for user, _, item, _ in rows if int(user) % 2]
    assert sum(fans) > 0.9 * len(fans)  # odd users like odd items
    (tmp_path / "who.csv").write_text("user_id\n105\n999\n")
    some = recommend(model, history, 2, str(tmp_path / "who.csv"))
    assert [(each.user, each.place) for each in some.found] == [("105", 1), ("105", 2)]
    assert some.warnings == ("1 of 2 users have no past ratings and are left out (999)",)
    again = tmp_path / "pair.csv"
    last = [line for line in lines[1:] if line.startswith("105,")][-1]
    again.write_text(f"user_id,item_id,hour\n105,{some.found[0].item},{last.split(',')[2]}\n")
    assert predict(model, again).values[0] == pytest.approx(some.found[0].value)


def test_a_model_without_users_recommends_nothing(file, tmp_path):
    from osetra.data.options import DataOptions

    data = Data(where=str(file), target="rating", reading=DataOptions(user="none"))
    plain = rehearse(NetworkTask(data=data, epochs=1), {"units": 4, "layers": 1}, seed=0)
    with pytest.raises(DataError, match="learnt no users and items"):
        recommend(plain, file, 3)


def test_the_command_recommends_and_says_what_goes_with_what(model, file, tmp_path, monkeypatch):
    from click.testing import CliRunner

    from osetra.cli import main

    monkeypatch.chdir(tmp_path)
    save(model, tmp_path / "model")
    (tmp_path / "who.csv").write_text("user_id\n105\n")
    done = CliRunner().invoke(main, ["predict", "model", str(file), "--top", "2", "--for", "who.csv"])
    assert done.exit_code == 0, done.output
    # Of 25 items this user has rated all or nearly all.
    assert done.stdout.splitlines()[0] == "user_id,place,item_id,rating"
    for words, wanted in (
        (["--for", "who.csv"], "--for goes with --top"),
        (["--top", "0"], "--top 0: give at least 1"),
        (["--top", "2", "--for", "nobody.csv"], "nobody.csv: no such file"),
    ):
        refused = CliRunner().invoke(main, ["predict", "model", str(file), *words])
        assert refused.exit_code != 0
        assert wanted in refused.output


def test_judging_ratings_says_how_well_items_are_ordered(model, file, tmp_path, monkeypatch):
    from click.testing import CliRunner

    from osetra.cli import main
    from osetra.nets.assessment import assess

    found = assess(model, file).scores
    assert {"rmse", "ndcg", "recall", "hit_rate"} <= set(found)
    for name in ("ndcg", "recall", "hit_rate"):
        assert found[name].low <= found[name].value <= found[name].high <= 1
    assert found["ndcg"].value > 0.8  # the rows that it learnt from
    monkeypatch.chdir(tmp_path)
    save(model, tmp_path / "model")
    done = CliRunner().invoke(main, ["evaluate", "model", str(file)])
    assert "rmse" in done.stderr + done.stdout
    assert "ndcg at 10" in done.stderr + done.stdout
    assert "hit rate at 10" in done.stderr + done.stdout
