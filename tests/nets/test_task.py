"""The record that a worker calls for each trial."""

import pickle

import pytest

from nets.steered import curves, run_of
from osetra.errors import DataError
from osetra.nets import task as tasks
from osetra.nets.task import Data, NetworkTask
from osetra.training.execution import execute
from osetra.training.link import MemoryLink

CONFIG = {"units": 8, "layers": 1, "lr": 0.02}


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("y,x\n" + "".join(f"{'ab'[i % 2]},{i % 2 + i % 7 / 10}\n" for i in range(60)))
    return path


def task_on(path, **options):
    return NetworkTask(data=Data(where=str(path)), **options)


def test_calling_it_trains_and_reports(table):
    run = run_of(CONFIG)
    task_on(table, epochs=3)(run)
    assert set(curves(run)) == {"train_loss", "val_loss", "val_error"}
    assert len(curves(run)["val_loss"]) == 3


def test_it_travels_to_another_process_without_its_data(table):
    task = task_on(table)
    len(task.dataset)
    sent = pickle.dumps(task)
    assert len(sent) < 1000
    assert pickle.loads(sent) == task


def test_data_is_read_once_per_process(table, monkeypatch):
    reads = []
    load = tasks.load
    monkeypatch.setattr(tasks, "load", lambda *a, **k: reads.append(1) or load(*a, **k))
    task = task_on(table, epochs=1, split_seed=7)
    for seed in range(3):
        task(run_of(CONFIG, seed))
    assert len(reads) == 1


def test_each_fold_is_an_instance_with_a_training_of_its_own(table):
    run = run_of(CONFIG)
    task_on(table, epochs=2, folds=3)(run)
    curve = curves(run)["val_loss"]
    assert len(curve) == 6
    assert len(set(curve[::2])) == 3


def test_a_file_that_changed_in_the_middle_of_a_study_is_refused(table):
    before = task_on(table).dataset.fingerprint
    table.write_text(table.read_text() + "a,0.5\n")
    task = NetworkTask(data=Data(where=str(table), fingerprint=before), epochs=1)
    with pytest.raises(DataError, match=r"the data changed since the study began .* Start a new study"):
        task(run_of(CONFIG))


def test_a_file_written_again_is_read_again(table):
    assert len(task_on(table).dataset) == 60
    table.write_text(table.read_text() + "a,0.5\n")
    assert len(task_on(table).dataset) == 61


def test_unbalanced_classes_add_the_balanced_error(tmp_path):
    path = tmp_path / "rare.csv"
    path.write_text("y,x\n" + "".join(f"{'yes' if i % 12 == 0 else 'no'},{i % 5}\n" for i in range(96)))
    run = run_of(CONFIG)
    task_on(path, epochs=1)(run)
    assert "val_balanced_error" in curves(run)


def test_pictures_below_sixteen_pixels_go_to_the_mlp():
    assert NetworkTask(data=Data(where="digits")).family == "mlp"


@pytest.mark.parametrize("options", [{"epochs": -1}, {"folds": 0}, {"threads": 0}])
def test_impossible_settings_are_refused(table, options):
    with pytest.raises(DataError):
        task_on(table, **options)


class Stopping(MemoryLink):
    def stop_requested(self):
        return len({(point.instance, point.step) for point in self.points}) >= 2


def ending_of(task, config, link):
    return execute(task, run_of(config, link=link))


def test_a_real_run_finishes_with_the_best_epoch(table):
    link = MemoryLink()
    ending = ending_of(task_on(table, epochs=4), CONFIG, link)
    losses = [point.value for point in link.points if point.metric == "val_loss"]
    assert (ending.outcome, ending.value) == ("finished", min(losses))


def test_a_real_run_ends_as_diverged_with_the_reason(table):
    ending = ending_of(task_on(table, epochs=20), {"optimizer": "sgd", "lr": 1e4}, MemoryLink())
    assert ending.outcome == "diverged"
    assert ending.reason


def test_a_real_run_stops_at_the_next_report_in_every_fold(table):
    link = Stopping()
    ending = ending_of(task_on(table, epochs=10, folds=3), CONFIG, link)
    assert ending.outcome == "interrupted"
    assert {(point.instance, point.step) for point in link.points} == {(0, 1), (0, 2)}


def test_the_defaults_beat_the_linear_model_on_digits():
    task = NetworkTask(data=Data(where="digits"), epochs=20)
    scores = task.fit(run_of({}, 1)).card.metrics["validation"]
    assert scores["error"] < 0.06
    assert scores["loss"] < task.baseline().scores["loss"]


def test_a_search_that_ends_by_the_clock_has_shorter_trainings_on_a_table(table, monkeypatch):
    task = task_on(table)
    monkeypatch.setattr("osetra.nets.cost.seconds_of", lambda dataset: 80.0)
    assert task.budget == 256
    assert task.within(60).budget == 256
    assert task.within(5).budget == round(256 * (5 * 60 / 8) / 80)
    assert task.within(0.001).budget == 16
    assert task_on(table, epochs=7).within(0.001).budget == 7
    assert task_on(table, earlier=True).within(1).budget == 40
