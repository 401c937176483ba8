"""Ray: the same trials, reasons and promises as with worker processes, at the places that Ray gives."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import osetra as ose
from executors import programs
from executors.test_processes import open_when_there, processes_about, study_at, until
from osetra.core.facts import Claimed, Worker
from osetra.errors import Conflict, StoreAway, StoreError, StudyError
from osetra.installing import install_line
from osetra.stores import open_store
from osetra.testing.stores import CHECKS

ray = pytest.importorskip("ray")
from ray.cluster_utils import Cluster  # noqa: E402

from osetra.executors import ray as rays  # noqa: E402
from osetra.executors import ray_store, remote  # noqa: E402
from osetra.executors.ray import Ray  # noqa: E402
from osetra.executors.ray_store import RemoteStore, StoreHolder  # noqa: E402

HEAD = {"num_cpus": 2, "num_gpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
TESTS = str(Path(__file__).parents[1])
WORKER = Worker("host", "boot", 1, 0.0)


def check_ends_quickly(program, seconds=30):
    begun = time.monotonic()
    program.wait(seconds)
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def cluster():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", TESTS)  # for the actors of this file
        cluster = Cluster(initialize_head=True, head_node_args=HEAD)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"resources_per_trial": {"cpu": -1}}, "cpu=-1: a number such as 1 or 0.5 is needed"),
        ({"resources_per_trial": {"cpu": "1"}}, "cpu='1': a number"),
        ({"resources_per_trial": {"cpu": float("nan")}}, "cpu=nan: a number"),
        ({"resources_per_trial": {"gpu": True}}, "gpu=True: a number"),
        ({"resources_per_trial": {"gpu": 1.5}}, "above 1, Ray gives whole ones only"),
        ({"resources_per_trial": {"cpu": 0}}, "a trial needs something"),
        ({"slots": 0}, "slots=0: a whole number of at least 1"),
        ({"slots": 1.5}, "slots=1.5: a whole number"),
    ],
)
def test_senseless_resources_are_refused_before_ray_is_touched(settings, message):
    with pytest.raises(StudyError, match=message):
        Ray(**settings)


def test_an_address_where_nobody_answers_is_named_at_once(monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(StudyError, match=f"no Ray cluster answers at 127.0.0.1:{port}.*ray start --head"):
        assert Ray(f"127.0.0.1:{port}").slots
    assert time.monotonic() - begun < 20
    with pytest.raises(StudyError, match="run this program on one of its nodes"):
        assert Ray("ray://somewhere:10001").slots
    with pytest.raises(StudyError, match="Ray at nonsense cannot be used: Invalid address"):
        assert Ray("nonsense").slots
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
    with pytest.raises(StudyError, match=f"no Ray cluster answers at 127.0.0.1:{port}"):
        assert Ray().slots


def test_a_study_in_memory_cannot_be_reached_by_a_cluster():
    study = ose.Study(space=programs.SPACE, minimize="loss")
    with pytest.raises(StudyError, match=r"a path such as 'study.db', or postgresql://"):
        study.run(programs.short, trials=2, executor=Ray(slots=1))


def test_nothing_of_osetra_loads_ray_but_its_executor_which_says_how_to_get_it():
    program = (
        "import sys, osetra, osetra.executors, osetra.cli\n"
        "assert 'ray' not in sys.modules and 'distributed' not in sys.modules\n"
        "sys.modules['ray'] = None\n"
        "from osetra.errors import MissingExtra\n"
        "try: from osetra.executors.ray import Ray\n"
        "except MissingExtra as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == f"the Ray executor needs Ray: {install_line('ray')}\n", done.stderr


@pytest.mark.slow
def test_actors_share_the_trials_and_leave_the_cluster_as_it_was(tmp_path, cluster):
    executor = Ray()
    assert executor.slots == 2
    study = study_at(tmp_path).run(programs.short, trials=10, executor=executor)
    assert [trial.state for trial in study.trials] == ["finished"] * 10
    assert study.curve(1, "loss")[0] == [1, 2, 3]
    assert os.getpid() not in {trial.attempts[0].worker.pid for trial in study.trials}
    assert ray.is_initialized()
    assert until(lambda: ray.available_resources().get("CPU") == 2.0)
    assert processes_about(tmp_path / "s.db") == []


@pytest.mark.slow
def test_each_kind_of_trouble_ends_its_trial_with_a_reason(tmp_path, cluster):
    study = study_at(tmp_path).run(programs.trouble, trials=7, executor=Ray())
    assert [trial.state for trial in study.trials] == ["failed"] * 5 + ["finished"] * 2
    assert study.trials[2].reason == "the training process crashed (SIGSEGV)"
    assert study.trials[3].reason == "the training process exited with status 7"


@pytest.mark.slow
def test_half_a_device_is_shared_by_two_and_visible_to_the_training(tmp_path, cluster):
    def train(run):
        run.report(loss=float(os.environ["CUDA_VISIBLE_DEVICES"]))

    half = Ray(resources_per_trial={"cpu": 0.5, "gpu": 0.5})
    assert half.slots == 2
    study = study_at(tmp_path).run(train, trials=2, executor=half)
    assert [trial.value for trial in study.trials] == [0.0, 0.0]


@pytest.mark.slow
def test_what_no_node_has_is_said_with_what_there_is(tmp_path, cluster, caplog):
    study = study_at(tmp_path)
    for needs in ({"gpu": 2}, {"cpu": 3}, {"odd": 1}, {"memory": 1e17}):
        with pytest.raises(StudyError, match=r"no node .* has room for one trial .*CPU 2, GPU 1") as error:
            study.run(programs.short, trials=1, executor=Ray(resources_per_trial=needs))
        assert next(iter(needs)) in str(error.value)
    # With slots= somebody says that nodes are to come: wait, but not silently, and stop when asked.
    begun = time.monotonic()
    study.run(programs.short, minutes=0.02, executor=Ray(resources_per_trial={"odd": 1}, slots=2))
    assert time.monotonic() - begun < 20
    assert "waiting for nodes that have it" in caplog.text
    assert study.history.running == []


@pytest.mark.slow
def test_more_slots_than_room_wait_without_harm(tmp_path, cluster):
    study = study_at(tmp_path).run(programs.short, trials=6, executor=Ray(slots=4))
    assert [trial.state for trial in study.trials] == ["finished"] * 6


@pytest.mark.slow
def test_a_worker_that_cannot_work_is_reported_with_its_error(tmp_path, cluster, monkeypatch):
    class Broken(rays.Slot):
        def work(self, start, store=None):
            raise StoreError("no way to the study")

    monkeypatch.setattr(rays, "Slot", Broken)
    monkeypatch.setattr(remote, "FAILURES", 0.5)
    study = study_at(tmp_path)
    with pytest.raises(StudyError, match=r"worker \d cannot work in this cluster: .*no way to the study"):
        study.run(programs.short, trials=2, executor=Ray())
    assert study.history.running == []


class Shelf(StoreHolder):
    """An actor that changes its store, and dies when asked to."""

    def __init__(self):
        self.armed = None

    def open(self, url):
        self._store = open_store(url)

    def arm(self, *when):
        """Die at the next append: before it, after it, or both times."""
        self.armed = when

    def call(self, method, *arguments, **options):
        if method == "append" and self.armed == ("before",):
            os._exit(1)
        reply = super().call(method, *arguments, **options)
        if method == "append" and self.armed == ("after",):
            os._exit(1)
        return reply


class Lasting(Shelf):
    """The same, open again after its death."""

    def __init__(self, url):
        super().__init__()
        self.open(url)


@pytest.mark.slow
def test_a_store_behind_an_actor_does_what_any_store_does(tmp_path, cluster):
    actor = ray.remote(Shelf).options(num_cpus=0).remote()
    for check in CHECKS:
        url = str(tmp_path / f"{check.__name__}.db")
        ray.get(actor.open.remote(url))
        check(lambda url=url: RemoteStore(actor, url, "main", tmp_path))
    ray.kill(actor)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_claim_whose_reply_is_lost_is_ours_and_only_ours(tmp_path, cluster, moment):
    url = str(tmp_path / "s.db")
    actor = ray.remote(Lasting).options(num_cpus=0, max_restarts=-1).remote(url)
    store, other = RemoteStore(actor, url, "main", tmp_path), Worker("other", "boot", 2, 0.0)
    ray.get(actor.arm.remote(moment))
    assert store.append([Claimed(1, 1, WORKER)]) == 1
    assert [entry.fact for entry in open_store(url).read()] == [Claimed(1, 1, WORKER)]
    ray.get(actor.arm.remote(moment))
    open_store(url).append([Claimed(2, 1, other)])
    with pytest.raises(Conflict, match="claimed/2/1"):
        store.append([Claimed(2, 1, WORKER)])
    ray.kill(actor)


@pytest.mark.slow
def test_a_store_that_stays_away_is_an_error_in_the_end(tmp_path, cluster, monkeypatch):
    monkeypatch.setattr(ray_store, "PATIENCE", 0.5)
    actor = ray.remote(Shelf).options(num_cpus=0).remote()
    ray.kill(actor)
    with pytest.raises(StoreAway, match="no way from here to the study's machine"):
        RemoteStore(actor, "s.db", "main", tmp_path).version()


def driver(name, url, address, trials=1000):
    """Start this file as a program that runs a study in the cluster."""
    with url.with_suffix(".errors").open("w") as errors:
        return subprocess.Popen(
            [sys.executable, __file__, name, str(url), str(trials), address],
            stderr=errors,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": TESTS},
        )


@pytest.mark.slow
def test_a_termination_hands_everything_back_though_ray_has_a_handler_of_its_own(tmp_path, cluster):
    url = tmp_path / "s.db"
    program = driver("endless", url, cluster.address)
    study = open_when_there(url)
    assert until(lambda: len(study.history.running) == 2, 40)
    program.send_signal(signal.SIGTERM)
    assert program.wait(30) == 128 + signal.SIGTERM
    assert "running trials end at their next report" in url.with_suffix(".errors").read_text()
    assert study.history.running == []
    tried = [trial for trial in study.history.queued if trial.attempts]
    assert [trial.attempts[-1].outcome for trial in tried] == ["interrupted"] * 2
    assert until(lambda: processes_about(url) == [], 10)


@pytest.mark.slow
def test_the_second_ctrl_c_kills_at_once(tmp_path, cluster):
    url = tmp_path / "s.db"
    program = driver("deaf", url, cluster.address)
    study = open_when_there(url)
    assert until(lambda: len(study.history.running) == 2, 40)
    program.send_signal(signal.SIGINT)
    time.sleep(0.5)
    program.send_signal(signal.SIGINT)
    assert check_ends_quickly(program) < 8
    assert study.history.running == []
    assert until(lambda: processes_about(url) == [], 5)


@pytest.mark.slow
def test_a_ray_of_our_own_is_started_quietly_and_taken_down(tmp_path):
    url = tmp_path / "s.db"
    program = driver("short", url, "local", trials=4)
    assert program.wait(60) == 0
    assert url.with_suffix(".errors").read_text() == ""
    assert len(ose.Study(url).history.finished) == 4


def main(name, url, trials, address):
    study = ose.Study(url, programs.SPACE, minimize="loss", searcher="random", scheduler="full")
    study.run(getattr(programs, name), trials=int(trials), executor=Ray(address, slots=2))
    if address == "local":
        assert not ray.is_initialized()


if __name__ == "__main__":
    main(*sys.argv[1:])
