"""Networks that read text: their tokens, encoders, baseline, models and predictions."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nets.steered import Steered, fit, outcome
from nets.test_packing import same
from nets.texts_for_tests import reviews
from osetra.catalogue import by_name
from osetra.data.dataset import TextColumn
from osetra.data.split import split
from osetra.errors import DataError
from osetra.nets import baseline as linear
from osetra.nets import model as models
from osetra.nets.architecture import Architecture
from osetra.nets.assessment import assess
from osetra.nets.examination import importance
from osetra.nets.initial import fit_to_data
from osetra.nets.network import build
from osetra.nets.paired import judge
from osetra.nets.predict import predict
from osetra.nets.preparation_json import from_json, to_json
from osetra.nets.prepare import apply
from osetra.nets.prepare import fit as fitted
from osetra.nets.task import Data, NetworkTask, rehearse
from osetra.nets.tokens import fit_tokens, share_of_new_words, token_codes, word_matrix
from osetra.nets.training import raw_outputs

ENCODERS = ("bag", "cnn", "transformer")


def column_of(*texts):
    levels = tuple(sorted({text for text in texts if text is not None}))
    codes = [-1 if text is None else levels.index(text) for text in texts]
    return TextColumn("note", np.array(codes, dtype=np.int64), levels)


def structure(encoder, **more):
    return Architecture(units=16, layers=1, word_size=8, text_encoder=encoder, **more)


def test_the_vocabulary_is_that_of_the_training_rows():
    column = column_of("a good day", "a poor day", "a sealed secret", "a secret night")
    how = fit_tokens(column, np.array([0, 1]))
    assert how.words == ("a", "day") and how.counts == (2, 2)
    assert how.length == 3
    codes = token_codes(how, column)
    assert codes[0, 0] == 1 and codes[0, 2] == 2 and codes[0, 1] > 2
    assert np.all(codes[2, 1:] > len(how.words))


def test_missing_texts_and_the_places_behind_short_ones_are_nothing():
    how = fit_tokens(column_of("a b c d", "a b c d", None), np.arange(3))
    codes = token_codes(how, column_of("a b", None))
    assert codes[0].tolist() == [1, 2, 0, 0] and not codes[1].any()


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=7).map(" ".join), min_size=1, max_size=12))
def test_every_token_has_a_number_and_equal_tokens_the_same(texts):
    column = column_of(*texts)
    how = fit_tokens(column, np.arange(len(texts)))
    codes = token_codes(how, column)
    assert codes.shape == (len(texts), how.length) and codes.max(initial=0) < how.size
    numbers = {}
    for text, row in zip(texts, codes, strict=True):
        for token, number in zip(text.split(), row, strict=False):
            assert number > 0 and numbers.setdefault(token, number) == number


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=6).map(" ".join), min_size=2, max_size=9))
def test_rows_of_the_word_matrix_have_length_one(texts):
    column = column_of(*texts)
    how = fit_tokens(column, np.arange(len(texts)))
    codes = token_codes(how, column)
    for row, text in zip(word_matrix(how, codes).toarray(), texts, strict=True):
        distinct = len(set(text.split())) == len(text.split())
        size = float(np.sqrt(np.sum(row**2)))
        assert size == pytest.approx(0.0 if not text else 1.0) or (not distinct and size >= 1.0)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_answers_do_not_depend_on_how_far_rows_are_filled_up(encoder):
    data = reviews(blank=7)
    how = fitted(data, np.arange(100))
    torch.manual_seed(0)
    network = build(structure(encoder), how).eval()
    for table in network.texts.votes:
        torch.nn.init.normal_(table.weight[1:])
    inputs = apply(how, data.columns)
    usual = raw_outputs(network, inputs)
    (text,) = how.texts
    longer = replace(
        how, columns=tuple(replace(c, length=c.length + 9) if c is text else c for c in how.columns)
    )
    other = build(structure(encoder), longer).eval()
    other.load_state_dict(network.state_dict())
    assert raw_outputs(other, apply(longer, data.columns)) == pytest.approx(usual, abs=1e-5)
    alone = np.concatenate([raw_outputs(network, inputs.rows(np.array([i]))) for i in range(20)])
    assert alone == pytest.approx(usual[:20], abs=1e-5)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_text_without_words_gives_finite_answers_and_gradients(encoder):
    data = reviews(blank=2)
    how = fitted(data, np.arange(100))
    network = build(structure(encoder, init="data"), how)
    inputs = apply(how, data.columns)
    values, codes = torch.from_numpy(inputs.values), torch.from_numpy(inputs.codes)
    fit_to_data(network, structure(encoder, init="data"), values, codes)
    network.train()
    network(values[:1], codes[:1] * 0).sum().backward()
    network(values, codes).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters() if p.grad is not None)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_after_every_epoch_going_on_is_bitwise_never_stopping(encoder):
    data = reviews(200)
    config = {
        **by_name("text").space.default,
        "units": 8,
        "batch_size": 16,
        "word_size": 8,
        "text_encoder": encoder,
        "word_dropout": 0.1,
        "dropout": 0.1,
    }
    whole = Steered(config)
    wanted = outcome(fit(whole, data))
    for epoch in (1, 4):
        torch.manual_seed(12345)
        run = Steered(config, state=whole.kept[epoch], step=epoch)
        assert same(outcome(fit(run, data)), wanted)


def test_the_network_learns_what_words_say():
    data = reviews(400, number=False)
    run = Steered({**by_name("text").space.default, "units": 16, "word_size": 8, "batch_size": 32})
    trained = fit(run, data, epochs=20, patience=20)
    assert trained.scores["error"] < 0.1


def test_the_baseline_reads_words_and_is_a_network_too():
    data = reviews(300)
    parts = split(data)
    found = linear.baseline(data, parts)
    assert found.scores["error"] < 0.15
    network = linear.network_of(found)
    inputs = apply(found.preparation, data.columns)
    assert raw_outputs(network, inputs) == pytest.approx(linear.linear_outputs(found, data, np.arange(300)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("texts") / "reviews"
    data = reviews(200, number=False)
    (column,) = data.texts
    for i, code in enumerate(data.target):
        (place / data.classes[code]).mkdir(parents=True, exist_ok=True)
        (place / data.classes[code] / f"{i}.txt").write_text(column.levels[column.codes[i]])
    return place


@pytest.fixture(scope="module")
def task(folder):
    return NetworkTask(data=Data(where=str(folder)), epochs=12)


@pytest.fixture(scope="module")
def model(task):
    return rehearse(task, {**task.catalogue.space.default, "word_size": 8, "units": 16, "batch_size": 16}, 0)


def test_a_folder_of_texts_is_searched_with_the_space_of_texts(task):
    assert task.catalogue.name == "text" and "mixup" not in task.catalogue.names


def test_a_model_of_texts_predicts_a_folder_and_a_frame(model, folder):
    found = predict(model, folder)
    assert len(found) == 200 and found.names[0].startswith("no/")
    right = np.mean(
        [name.split("/")[0] == value for name, value in zip(found.names, found.values, strict=True)]
    )
    assert right > 0.85
    frame = predict(model, {"text": ["loved it, great", "awful and poor"]})
    assert frame.values == ("yes", "no")
    assert assess(model, folder).scores["error"].value < 0.15


def test_a_saved_model_answers_the_same(model, folder, tmp_path):
    again = models.load(models.save(model, tmp_path / "model"))
    assert again.preparation == model.preparation
    assert np.array_equal(predict(again, folder).probabilities, predict(model, folder).probabilities)
    assert len((tmp_path / "model" / "card.json").read_text().splitlines()) < 2000


def test_a_saved_linear_model_of_texts_answers_the_same(task, model, folder, tmp_path):
    found = task.baseline()
    kept = models.Model(linear.network_of(found), None, found.preparation, model.card)
    again = models.load(models.save(kept, tmp_path / "model"))
    assert np.array_equal(predict(again, folder).probabilities, predict(kept, folder).probabilities)


def test_texts_of_another_language_are_warned_of(model):
    strange = predict(model, {"text": ["was ist das denn hier", "ganz andere worte bitte"]}).warning
    assert "of the words in 'text' were never seen in training" in strange
    assert not predict(model, {"text": ["we saw the thing", "it was great"]}).warning


def test_the_share_of_new_words_counts_rows():
    how = fit_tokens(column_of("a b", "a b"), np.arange(2))
    assert share_of_new_words(how, column_of("a b", "c d", "c d", None)) == pytest.approx(4 / 6)


def test_the_text_column_is_what_matters(task, model):
    (found,) = importance(model, task.dataset, task.split.test)
    assert found["column"] == "text" and found["loss"] > 0.1


def test_the_network_is_judged_against_the_baseline(task, model):
    assert judge([model], task.baseline(), task.dataset, task.split.test).rows == len(task.split.test)


DAMAGED = {
    "more counts": lambda text: text.update(counts=text["counts"] + " 3"),
    "a word twice": lambda text: text.update(words=" ".join(["it"] * len(text["words"].split()))),
    "too long": lambda text: text.update(length=10**9),
    "too many buckets": lambda text: text.update(buckets=10**9),
    "no count": lambda text: text.update(counts=text["counts"].replace(" ", " -", 1)),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_strangers_card_with_impossible_words_is_refused(model, tmp_path, damage):
    folder = models.save(model, tmp_path / "model")
    state = json.loads((folder / "card.json").read_text())
    del state["checksums"]
    (text,) = (column for column in state["preparation"]["columns"] if "text" in column)
    DAMAGED[damage](text)
    (folder / "card.json").write_text(json.dumps(state))
    with pytest.raises(DataError, match="not a card that osetra wrote"):
        models.load(folder)


def test_weights_of_another_vocabulary_are_refused(model, tmp_path):
    folder = models.save(model, tmp_path / "model")
    state = json.loads((folder / "card.json").read_text())
    del state["checksums"]
    (text,) = (column for column in state["preparation"]["columns"] if "text" in column)
    text.update(words=text["words"].rpartition(" ")[0], counts=text["counts"].rpartition(" ")[0])
    (folder / "card.json").write_text(json.dumps(state))
    with pytest.raises(DataError, match="does not fit its card"):
        models.load(folder)


def test_preparations_of_texts_are_json(model):
    assert from_json(json.loads(json.dumps(to_json(model.preparation)))) == model.preparation


def test_one_word_and_one_row_are_enough(model):
    assert len(predict(model, {"text": ["great"]})) == 1
    assert len(predict(model, {"text": [""]})) == 1
