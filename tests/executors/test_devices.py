"""Devices: which GPU a slot gets, and what its trainings leave behind. No GPU is needed here."""

import os
import sys
from pathlib import Path

import pytest

import osetra as ose
from executors import programs
from executors.test_processes import study_at
from osetra.errors import StudyError
from osetra.executors import devices
from osetra.executors.devices import choose, environment_of
from osetra.executors.output import LIMIT
from osetra.executors.processes import log_folder, slot_log
from osetra.stores.address import Address

SLURM = {"CUDA_VISIBLE_DEVICES": "4,6,MIG-8f6a"}


@pytest.mark.parametrize(
    ("gpus", "environment", "expected"),
    [
        ("0,1", {}, ("0", "1")),
        ([1, 0], {}, ("1", "0")),
        ("0, 2", SLURM, ("4", "MIG-8f6a")),
        ("all", SLURM, ("4", "6", "MIG-8f6a")),
        ("GPU-1a,MIG-2b", SLURM, ("GPU-1a", "MIG-2b")),
        ("01", {}, ("1",)),
        ("", {}, ()),
        ((), SLURM, ()),
    ],
)
def test_which_devices_are_meant(gpus, environment, expected):
    assert choose(gpus, environment) == expected


@pytest.mark.parametrize(
    ("gpus", "environment", "words"),
    [
        ("3", SLURM, "no device 3; CUDA_VISIBLE_DEVICES=4,6,MIG-8f6a gives this program 0 to 2"),
        ("0", {"CUDA_VISIBLE_DEVICES": ""}, "no device at all"),
        ("0", {"CUDA_VISIBLE_DEVICES": "-1"}, "no device at all"),
        ("all", {"CUDA_VISIBLE_DEVICES": ""}, "CUDA_VISIBLE_DEVICES is empty"),
        ("first", {}, "'first' names no device; write numbers such as 0,1"),
        ("-1", {}, "'-1' names no device"),
        ("0,0", {}, "0 is named twice"),
        ("0,4", {"CUDA_VISIBLE_DEVICES": "4,5"}, "no device 4"),
        ("GPU-a,0", {"CUDA_VISIBLE_DEVICES": "GPU-a"}, "twice"),
    ],
)
def test_what_is_no_device_is_named_with_what_would_be(gpus, environment, words):
    with pytest.raises(StudyError, match=words):
        choose(gpus, environment)


def test_all_without_a_driver_says_how_to_go_on(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(StudyError, match=r"nvidia-smi lists none.*leave gpus out"):
        choose("all", {})


def test_all_are_those_that_nvidia_smi_lists(monkeypatch, tmp_path):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!{sys.executable}\nprint('0\\n1\\n3')")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert choose("all", {}) == ("0", "1", "3")


def test_numbers_mean_what_nvidia_smi_means_unless_somebody_counted_before(monkeypatch):
    monkeypatch.delenv(devices.VISIBLE, raising=False)
    assert environment_of("1") == {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "1"}
    monkeypatch.setenv(devices.VISIBLE, "4,5")
    assert environment_of("5") == {"CUDA_VISIBLE_DEVICES": "5"}
    assert environment_of("") == {}


def visible(run):
    """Report the device and the process that this training was given."""
    gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    run.report(gpu=-1.0 if gpu == "" else float(gpu), pid=os.getpid())
    return 1.0


@pytest.mark.slow
def test_each_slot_has_its_own_device_and_stays_warm_there(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "6,7")
    study = study_at(tmp_path).run(visible, trials=8, executor=ose.Processes(2, gpus="0,1"))
    for trial in study.trials:
        assert study.curve(trial, "gpu")[1] == [6.0 + trial.attempts[0].worker.slot]
    pids = {study.curve(trial, "pid")[1][0] for trial in study.trials}
    assert len(pids) == len({trial.attempts[0].worker.slot for trial in study.trials})


@pytest.mark.slow
def test_slots_that_share_a_device_leave_no_process_behind_each_trial(tmp_path):
    study = study_at(tmp_path).run(visible, trials=6, executor=ose.Processes(2, gpus=[3]))
    assert {study.curve(trial, "gpu")[1][0] for trial in study.trials} == {3.0}
    pids = [study.curve(trial, "pid")[1][0] for trial in study.trials]
    assert len(set(pids)) == 6


def test_without_gpus_the_training_sees_what_the_program_sees(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    study = study_at(tmp_path).run(visible, trials=1, executor=ose.Processes(1))
    assert study.curve(1, "gpu")[1] == [5.0]


def test_a_senseless_device_starts_nothing(tmp_path):
    with pytest.raises(StudyError, match="'gpu0' names no device"):
        study_at(tmp_path).run(programs.short, trials=1, executor=ose.Processes(1, gpus="gpu0"))


def chatty(run):
    """Print four times what is kept, and something before and after."""
    print("the first line")
    for _ in range(4 * LIMIT // 1024):
        print("x" * 1023)
    print("the last line", flush=True)
    for _ in range(3):
        run.report(loss=1.0, size=0.0)
    print("said later", flush=True)


@pytest.mark.slow
def test_the_log_of_a_training_that_prints_much_keeps_both_ends(tmp_path):
    study = study_at(tmp_path).run(chatty, trials=1, executor=ose.Processes(1))
    assert study.trials[0].state == "finished"
    log = tmp_path / "s.logs" / "worker-0.log"
    assert log.stat().st_size <= LIMIT
    text = log.read_text()
    assert text.startswith("the first line\n") and "bytes left out" in text
    assert text.endswith("the last line\nsaid later\n")


def test_two_programs_on_one_study_write_into_different_logs(tmp_path):
    with slot_log(tmp_path, 0) as first, slot_log(tmp_path, 1) as second, slot_log(tmp_path, 0) as third:
        names = [Path(log.name).name for log in (first, second, third)]
        assert names == ["worker-0.log", "worker-1.log", "worker-2.log"]
    with slot_log(tmp_path, 0) as again:
        assert again.name == first.name


def test_the_logs_of_a_study_on_a_server_go_into_this_users_state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    url = "postgresql://ann:s3cret@host/db?password=other"
    folder = log_folder(Address(url, "my study"))
    assert folder.parent == tmp_path / "state" / "osetra"
    assert folder.name.startswith("my-study-")
    assert "s3cret" not in str(folder)
    assert "other" not in str(folder)
    assert folder != log_folder(Address("postgresql://host/other", "my study"))
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/no-such")
    assert log_folder(Address(url, "x")).is_dir()


def test_the_logs_of_a_file_stay_beside_it(tmp_path):
    for url in (f"sqlite:///{tmp_path}/a.db", f"{tmp_path}/a.db"):
        assert log_folder(Address(url)) == tmp_path / "a.logs"
