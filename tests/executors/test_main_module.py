"""A script's helpers in worker processes: pools and data loaders of a training find them."""

import subprocess
import sys

import pytest

SCRIPT = """
import multiprocessing, sys
import osetra as ose
OFFSET = 1
def _sq(x):
    return x * x + OFFSET
class Items:
    def __len__(self): return 4
    def __getitem__(self, at): return float(_sq(at))
def collate(items):
    return sum(items)
def train(run):
    {}
def main():
    study = ose.Study(sys.argv[1], ose.Space(x=ose.Float(0, 1)), minimize="loss", searcher="random")
    study.run(train, trials=int(sys.argv[2]), executor=ose.Processes(1), report_timeout=40, progress=False)
    print([trial.value for trial in study.trials], [trial.reason for trial in study.trials])
{}
"""
POOL = "return sum(multiprocessing.get_context({!r}).Pool(2).map(_sq, range(3)))"
GUARDED, UNGUARDED = 'if __name__ == "__main__":\n    main()', "main()"
LOADER = (
    "import torch.utils.data as d; "
    "return sum(d.DataLoader(Items(), 2, num_workers=1, collate_fn=collate, multiprocessing_context={!r}))"
)


def ran(folder, body, start, trials=2):
    (folder / "s.py").write_text(SCRIPT.format(body, start))
    command = [sys.executable, "s.py", "s.db", str(trials)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout, done.stderr


@pytest.mark.parametrize(("kind", "start"), [("fork", GUARDED), ("fork", UNGUARDED), ("spawn", GUARDED)])
def test_a_pool_finds_functions_of_the_script(tmp_path, kind, start):
    out, errors = ran(tmp_path, POOL.format(kind), start)
    assert out.startswith("[8.0, 8.0]"), (out, errors)


@pytest.mark.parametrize("kind", ["fork", "spawn"])
def test_a_data_loader_finds_the_data_of_the_script(tmp_path, kind):
    pytest.importorskip("torch")
    out, errors = ran(tmp_path, LOADER.format(kind), GUARDED, trials=1)  # each loader's process loads torch
    assert out.startswith("[18.0]"), (out, errors)


def test_a_script_that_cannot_be_imported_is_told_so_where_it_spawns(tmp_path):
    out, _ = ran(tmp_path, POOL.format("spawn"), UNGUARDED)
    assert out.startswith("[None, None]")
    assert "under `if __name__ == '__main__':`" in out and "helpers into a module" in out


def test_what_stands_in_the_script_does_not_replace_what_trains_it(tmp_path):
    names = "global main, Channel; return 5.0"
    out, errors = ran(tmp_path, names, GUARDED.replace("main()", "main()  # also a name of ours"))
    assert out.startswith("[5.0, 5.0]"), (out, errors)
