"""One attempt by a program: how values get in, how reports get out, and every way to end."""

import json
import math
import stat
import sys
from pathlib import Path

import pytest

import osetra as ose
from command.programs import alive, curve, last_checkpoint, make_run, output, ran, shell, until
from osetra.command import CommandTraining
from osetra.core.facts import Checkpointed, Noted, Obeyed, Ordered
from osetra.core.ports import Checkpoints
from osetra.errors import StudyError
from osetra.training.execution import execute
from osetra.training.run import control_of

GOOD = 'echo "{\\"val_loss\\": 0.5}"'

STATEFUL = """
step=0 state=$OSETRA_CHECKPOINT_DIR/state
[ -f $state ] && read step < $state
echo "begins $1 $step $OSETRA_RESUME_STEP"
while [ $step -lt 40 ]; do
    step=$((step + 1))
    echo $step > $state.part; mv $state.part $state
    echo "{\\"step\\": $step, \\"val_loss\\": $((100 - step))}"
    sleep 0.02
done
"""


def order(verb, **args):
    return Ordered(7, 1, verb, args, actor="ada")


def at_step(step, action):
    """Return an act that happens once, when that step was reported."""

    def act(link):
        if link.points and link.points[-1].step == step and not getattr(act, "done", False):
            act.done = True
            action(link)

    return act


@pytest.mark.parametrize(
    "printed",
    ['{"lr": 0.1}', '{"lr": 0.1, "layers": 2, "momentum": 0.9}', '{"epochs": 20}', '{"seconds": 3.5}'],
)
def test_an_object_without_step_and_metric_is_output_and_pairs_count_after_it(tmp_path, printed):
    run = make_run(tmp_path, config={"lr": 0.1})
    code = f"echo '{printed}'; echo val_loss=0.5; echo '{printed}'; echo val_loss=0.4"
    ending = execute(shell(code, tmp_path), run)
    assert (ending.outcome, ending.value) == ("finished", 0.4)
    assert {point.metric for point in control_of(run).link.points} == {"val_loss"}


# --- values in


def test_values_arrive_as_arguments_environment_and_file(tmp_path):
    code = 'echo "$@"; env | grep ^OSETRA_; cat "$OSETRA_CONFIG"; echo; ' + GOOD
    run = make_run(tmp_path, config={"lr": 1e-05, "layers": 2, "flag": True, "name": "; rm -rf $HOME `id`"})
    training = shell(code, tmp_path, "--lr", "{lr}", "--name={name}", "{flag}", "{trial}-{attempt}")
    assert execute(training, run).outcome == "finished"
    lines = output(tmp_path).splitlines()
    assert lines[1] == "--lr 1e-05 --name=; rm -rf $HOME `id` true 7-1"
    assert {"OSETRA_LR=1e-05", "OSETRA_LAYERS=2", "OSETRA_FLAG=true", "OSETRA_SEED=3"} <= set(lines)
    assert {"OSETRA_TRIAL=7", "OSETRA_ATTEMPT=1", "OSETRA_RESUME_STEP=0"} <= set(lines)
    assert "OSETRA_NAME=; rm -rf $HOME `id`" in lines
    assert json.loads(next(line for line in lines if line.startswith("{"))) == run.config
    assert curve(run) == [(1, 0.5)]
    assert {p.metric for p in control_of(run).link.points} == {
        "val_loss"
    }  # a configuration on stdout is no report


def test_an_inactive_hyperparameter_leaves_no_trace(tmp_path, monkeypatch):
    monkeypatch.setenv("OSETRA_MOMENTUM", "stale")
    monkeypatch.setenv("OSETRA_PASSWORD", "secret")
    ending, _ = ran(f'echo "<$@>"; env; {GOOD}', tmp_path, "--momentum", "{momentum}", "{lr}")
    assert ending.outcome == "finished"
    assert "<0.1>" in output(tmp_path)
    assert "stale" not in output(tmp_path)
    assert "hush-hush-9f31" not in output(tmp_path)


def test_the_program_runs_where_it_was_typed_and_nothing_of_it_stays(tmp_path):
    ending, _ = ran(f'pwd; touch here; echo "at $OSETRA_CONFIG"; {GOOD}', tmp_path)
    assert ending.outcome == "finished"
    assert (tmp_path / "here").exists()
    where = next(line for line in output(tmp_path).splitlines() if line.startswith("at "))
    assert not Path(where[3:]).parent.exists()


def test_a_program_has_no_input_and_usual_signals(tmp_path):
    code = f"cat; yes | head -1; trap 'exit 0' TERM; {GOOD}; kill $$; exit 9"
    assert ran(code, tmp_path)[0].outcome == "finished"


def test_an_argument_with_a_null_byte_fails_in_words(tmp_path):
    run = make_run(tmp_path, config={"lr": "a\0b"})
    ending = execute(shell(GOOD, tmp_path, "{lr}"), run)
    assert ending.outcome == "failed"
    assert "/bin/sh cannot be started: embedded null byte" in ending.reason


# --- reports out


def test_lines_of_json_are_reports_and_all_else_is_output(tmp_path):
    code = """
    echo "epoch 1"; echo '{"step": 1, "val_loss": 3, "acc": 0.1}'; echo '{"msg": "hello"}'
    echo '{"val_loss": 2}'; echo '{"step": 5, "val_loss": "Infinity"}'; printf '{"val_loss": 1}'
    """
    ending, run = ran(code, tmp_path)
    assert (ending.outcome, ending.value) == ("finished", 1.0)
    assert curve(run) == [(1, 3.0), (2, 2.0), (5, math.inf), (6, 1.0)]
    assert "epoch 1" in output(tmp_path)


def test_step_0_counts(tmp_path):
    _, run = ran("""echo '{"step": 0, "val_loss": 3}'; echo '{"val_loss": 2}'""", tmp_path)
    assert curve(run) == [(0, 3.0), (1, 2.0)]


def test_reports_also_come_through_the_file(tmp_path):
    code = (
        """echo '{"val_loss": 3}' >> $OSETRA_REPORT; sleep 0.2; printf '{"val_loss": 2}' >> $OSETRA_REPORT"""
    )
    ending, run = ran(code, tmp_path)
    assert ending.outcome == "finished"
    assert curve(run) == [(1, 3.0), (2, 2.0)]


def test_a_program_that_overwrites_the_file_is_heard_all_the_same(tmp_path):
    code = """for i in 3 2 1; do echo "{\\"val_loss\\": $i}" > $OSETRA_REPORT; done"""
    _, run = ran(code, tmp_path)
    assert curve(run) == [(1, 3.0), (2, 2.0), (3, 1.0)]


def test_more_reports_than_a_pipe_holds_all_come(tmp_path):
    code = """i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo "{\\"val_loss\\": $i}"; done > $OSETRA_REPORT"""
    assert len(curve(ran(code, tmp_path)[1])) == 5000


def test_the_verb_report_writes_that_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON", sys.executable)
    code = """
    osetra() { PYTHONWARNINGS=ignore "$PYTHON" -c 'from osetra.cli import main; main()' "$@"; }
    osetra report val_loss=0.5 step=4 steps=9 acc=nan
    """
    ending, run = ran(code, tmp_path)
    assert ending.outcome == "finished", ending
    assert curve(run) == [(4, 0.5)]
    assert any(isinstance(fact, Noted) and fact.data == {"steps": 9} for fact in control_of(run).link.facts)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"val_loss": "low"}', 'line 2 of its output: val_loss is "low"; a metric is one number'),
        (
            '{"val_loss": 1, "step": 3}\n{"val_loss": 1, "step": 2}',
            "line 3 of its output: report(2, …) after step 3",
        ),
        ('{"val_loss": 1, "step": -3}', "line 2 of its output: step is -3"),
    ],
)
def test_a_bad_report_fails_the_trial_and_names_its_line(tmp_path, line, reason):
    ending, _ = ran(f"echo first; echo '{line}'; sleep 60", tmp_path)
    assert ending.outcome == "failed"
    assert reason in ending.reason
    assert f"all of its output: {tmp_path}/logs/trial-7-attempt-1.log" in ending.detail


def test_a_bad_line_in_the_file_of_reports_is_never_just_output(tmp_path):
    ending, _ = ran("echo val_loss 0.5 > $OSETRA_REPORT; sleep 60", tmp_path)
    assert ending.outcome == "failed"
    assert "line 1 of OSETRA_REPORT is no report: 'val_loss 0.5'" in ending.reason


def test_another_metric_than_the_objective_is_told(tmp_path):
    ending, _ = ran("""echo '{"loss": 1, "accuracy": 0.5}'""", tmp_path)
    assert ending.outcome == "failed"
    assert ending.reason == "the program reported accuracy, loss; the study minimizes val_loss"


def test_other_metrics_count_with_a_step_or_beside_the_objective(tmp_path):
    code = """echo '{"width": 3}'; echo '{"step": 1, "acc": 1}'; echo '{"step": 1, "val_loss": 2, "f1": 3}'"""
    _, run = ran(code, tmp_path)
    assert [(p.step, p.metric) for p in control_of(run).link.points] == [
        (1, "acc"),
        (1, "val_loss"),
        (1, "f1"),
    ]


def test_silence_is_told(tmp_path):
    ending, _ = ran("echo hello", tmp_path)
    assert 'without reporting val_loss; print lines such as {"val_loss": 0.5}' in ending.reason
    assert "hello" in ending.detail


def test_lines_that_are_nearly_reports_are_shown(tmp_path):
    ending, _ = ran("""echo "epoch 1 {'val_loss': 0.5}"; echo "{'val_loss': 0.4}" """, tmp_path)
    assert "line 1 of its output, \"epoch 1 {'val_loss': 0.5}\", is no JSON object" in ending.reason


def test_pairs_among_other_words_are_shown(tmp_path):
    ending, _ = ran("echo 'epoch 1 val_loss=0.5'", tmp_path)
    assert (
        "line 1 of its output, 'epoch 1 val_loss=0.5', is not name=value pairs, each name once, alone"
        in ending.reason
    )


def test_lines_of_pairs_are_reports_unless_the_program_speaks_json(tmp_path):
    code = (
        "echo val_loss=3; echo 'step=2 val_loss: 2'; echo '{\"step\": 3, \"val_loss\": 1}'; echo val_loss=9"
    )
    ending, run = ran(code, tmp_path)
    assert ending.outcome == "finished"
    assert [(p.step, p.value) for p in control_of(run).link.points] == [(1, 3), (2, 2), (3, 1)]


def test_entries_that_are_no_numbers_are_noted_once(tmp_path):
    code = """echo '{"val_loss": 1, "tag": "a"}'; echo '{"val_loss": 1, "tag": "a"}'"""
    ending, run = ran(code, tmp_path)
    assert ending.outcome == "finished"
    (note,) = [
        fact for fact in control_of(run).link.facts if isinstance(fact, Noted) and fact.topic != "accepts"
    ]
    assert 'line 1 of its output: tag="a" is no number and was left out' in note.text


def test_no_number_at_the_end_means_diverged(tmp_path):
    ending, _ = ran("""echo '{"val_loss": 1}'; echo '{"val_loss": NaN}'""", tmp_path)
    assert ending.outcome == "diverged"


# --- ends


@pytest.mark.parametrize(
    ("code", "outcome", "reason"),
    [
        ("exit 65", "diverged", "says that it diverged (exit status 65)"),
        (f"{GOOD}; exit 75", "interrupted", "handed the trial back (exit status 75)"),
        ("echo no >&2; echo 'bad batch' >&2; exit 3", "failed", "/bin/sh: exit status 3: bad batch"),
        (f"{GOOD}; exit 1", "failed", "/bin/sh: exit status 1"),
        ("nosuchcommand", "failed", "a command in it was not found; the PATH is /"),
        ("/etc/passwd", "failed", "found but not executable"),
        ("kill -SEGV $$", "failed", "/bin/sh crashed (SIGSEGV)"),
        ("kill -ABRT $$", "failed", "crashed (SIGABRT)"),
        ("kill -KILL $$", "interrupted", "was killed (SIGKILL)"),
        ("kill -TERM $$", "interrupted", "was killed (SIGTERM)"),
        ("kill -40 $$", "failed", "crashed (signal 40)"),
    ],
)
def test_every_way_to_end_is_understood(tmp_path, code, outcome, reason):
    ending, _ = ran(code, tmp_path)
    assert ending.outcome == outcome, ending
    assert reason in ending.reason


@pytest.mark.parametrize("code", ["exit 75", "kill -KILL $$"])
def test_handing_back_for_ever_is_a_failure(tmp_path, code):
    assert ran(f"{GOOD}; {code}", tmp_path, attempt=4)[0].outcome == "interrupted"
    ending, _ = ran(f"{GOOD}; {code}", tmp_path, attempt=5)
    assert ending.outcome == "failed"
    assert "this was attempt 5, and it kept no new state" in ending.reason


def test_handing_back_is_no_failure_while_it_comes_on(tmp_path):
    code = f"echo 1 > $OSETRA_CHECKPOINT_DIR/state; {GOOD}; exit 75"
    ending, run = ran(code, tmp_path, attempt=9)
    assert ending.outcome == "interrupted"
    assert last_checkpoint(run, tmp_path).step == 1


def test_a_failure_carries_its_last_words(tmp_path):
    ending, _ = ran("seq 3000 >&2; exit 2", tmp_path)
    assert ending.reason == "/bin/sh: exit status 2: 3000"
    assert ending.detail.splitlines()[-2] == "3000"
    assert len(ending.detail) < 2500
    assert "Traceback" not in ending.detail


def test_a_program_that_cannot_be_executed_is_told(tmp_path):
    script = tmp_path / "train"
    script.write_text("echo no first line\n")
    script.chmod(0o755)
    run = make_run(tmp_path)
    ending = execute(CommandTraining(("./train",), str(tmp_path), str(tmp_path / "logs")), run)
    assert ending.outcome == "failed"
    assert "./train cannot be executed: Exec format error; a script needs a first line" in ending.reason


def test_a_program_that_vanished_names_the_path(tmp_path):
    run = make_run(tmp_path)
    ending = execute(CommandTraining(("vanished",), str(tmp_path), str(tmp_path / "logs")), run)
    assert "vanished cannot be executed: No such file or directory; the PATH is /" in ending.reason


def test_a_folder_that_vanished_is_told(tmp_path):
    ending = execute(CommandTraining(("true",), str(tmp_path / "gone"), str(tmp_path)), make_run(tmp_path))
    assert f"true cannot be started in {tmp_path}/gone" in ending.reason


# --- checked before anything runs

SPACE = ose.Space(lr=ose.Float(0, 1))


def test_programs_are_looked_for_before_anything_runs(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("#!/bin/sh\n")
    for name, message in (
        ("./plain", "cannot be executed; make it executable: chmod \\+x"),
        ("./gone", f"no such program in {tmp_path}"),
        ("./", "is no file"),
        ("plain", r"no such program on the PATH \(/.*write ./plain"),
        ("gone", r"no such program on the PATH"),
    ):
        with pytest.raises(StudyError, match=message):
            CommandTraining((name,), str(tmp_path)).check(SPACE)
    plain.chmod(plain.stat().st_mode | stat.S_IXUSR)
    assert CommandTraining(("./plain", "{lr}"), str(tmp_path)).check(SPACE) == []
    with pytest.raises(StudyError, match="no program given"):
        CommandTraining(()).check(SPACE)


# --- floods and rubbish


def test_ten_megabytes_of_output_leave_a_small_log(tmp_path):
    code = f"head -c 10000000 /dev/zero | tr '\\0' 'x'; echo; seq 10000; {GOOD}; echo last"
    ending, run = ran(code, tmp_path)
    assert ending.outcome == "finished"
    assert curve(run) == [(1, 0.5)]
    log = tmp_path / "logs" / "trial-7-attempt-1.log"
    assert log.stat().st_size < 1_001_000
    assert log.read_bytes().endswith(b"last\n")
    assert b"bytes left out" in log.read_bytes()


def test_binary_rubbish_harms_nothing(tmp_path):
    code = f"head -c 300000 /dev/urandom; echo; {GOOD}; head -c 300000 /dev/urandom >&2; exit 4"
    ending, run = ran(code, tmp_path)
    assert curve(run) == [(1, 0.5)]
    assert ending.outcome == "failed"
    assert "\0" not in ending.reason + ending.detail
    (ending.reason + ending.detail).encode()


def test_many_reports_in_no_time_all_count(tmp_path):
    code = """i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "{\\"val_loss\\": $i}"; done"""
    assert len(curve(ran(code, tmp_path)[1])) == 3000


# --- nothing stays behind


def test_grandchildren_die_with_the_program(tmp_path):
    code = f"sleep 300 & echo $! > a; setsid sleep 300 & sleep 0.2; pgrep -P $$ > b; {GOOD}"
    ending, _ = ran(code, tmp_path)
    assert ending.outcome == "finished"
    pids = {int(word) for name in "ab" for word in (tmp_path / name).read_text().split()}
    assert len(pids) >= 2
    assert until(lambda: not any(map(alive, pids)))


def test_a_daemon_that_left_its_group_dies_too(tmp_path):
    code = (
        f"(setsid sh -c 'echo $$ > pid; exec sleep 300' &) ; while [ ! -s pid ]; do sleep 0.01; done; {GOOD}"
    )
    ending, _ = ran(code, tmp_path)
    assert ending.outcome == "finished"
    assert until(lambda: not alive(int((tmp_path / "pid").read_text())))


def test_a_program_outlives_neither_its_shim_nor_holds_up_the_training(tmp_path):
    code = f"echo $$ > pid; {GOOD}; kill -9 $PPID; sleep 300"
    ending, _ = ran(code, tmp_path)
    assert ending.outcome == "interrupted"
    assert until(lambda: not alive(int((tmp_path / "pid").read_text())))


# --- stop, pause, resume


def test_a_stop_ends_the_program_and_keeps_its_result(tmp_path):
    act = at_step(5, lambda link: link.waiting.append(order("stop")))
    ending, run = ran(STATEFUL, tmp_path, act=act)
    assert ending.outcome == "finished"
    assert 94 <= ending.value <= 95
    assert curve(run)[-1][0] < 15


def test_a_pause_keeps_the_state_and_another_attempt_goes_on(tmp_path):
    act = at_step(6, lambda link: link.waiting.append(order("pause")))
    ending, first = ran(STATEFUL, tmp_path, act=act)
    kept = last_checkpoint(first, tmp_path)
    assert ending.outcome == "paused"
    assert ending.reason == f"paused by ada at step {kept.step}"
    assert ending.obeyed.result == "done"
    ending, second = ran(STATEFUL, tmp_path, "{lr}", kept=kept, attempt=2)
    assert (ending.outcome, ending.value) == ("finished", 60.0)
    assert f"begins 0.1 {kept.step} {kept.step}" in output(tmp_path, 2)
    assert curve(second)[0][0] == kept.step + 1
    assert [step for step, _ in curve(second)] == [*range(kept.step + 1, 41)]


def test_a_filled_file_has_the_value_in_force_when_the_program_goes_on(tmp_path):
    (tmp_path / "conf.json").write_text('{"lr": 1, "name": "kept"}')
    code = STATEFUL.replace("begins $1", "begins $(cat $1)")

    def attempt(number, kept=None, act=lambda link: None, **claim):
        run = make_run(tmp_path, kept=kept, attempt=number, act=act, **claim)
        return execute(shell(code, tmp_path, "conf.json", files=("conf.json",)), run), run

    ending, first = attempt(1, act=at_step(6, lambda link: setattr(link, "stop", True)))
    assert ending.outcome == "interrupted"
    kept = last_checkpoint(first, tmp_path)
    ending, second = attempt(2, kept, live={"lr": 0.5})
    assert ending.outcome == "finished" and curve(second)[0][0] == kept.step + 1
    for number, rate, step in ((1, 0.1, 0), (2, 0.5, kept.step)):
        said = output(tmp_path, number).rpartition("begins ")[2]
        config, end = json.JSONDecoder().raw_decode(said)
        assert config == {"lr": rate, "name": "kept"} and said[end:].split()[0] == str(step)
    assert json.loads((tmp_path / "conf.json").read_text())["lr"] == 1


def test_a_request_to_hand_back_reaches_a_silent_program_at_once(tmp_path):
    code = """
    trap 'echo kept > $OSETRA_CHECKPOINT_DIR/x; exit 0' TERM
    echo '{"step": 3, "val_loss": 1}'; while :; do sleep 0.05; done
    """
    act = at_step(3, lambda link: setattr(link, "stop", True))
    ending, run = ran(code, tmp_path, act=act)
    assert (ending.outcome, ending.reason) == ("interrupted", "stopped on request")
    assert last_checkpoint(run, tmp_path).step == 3


def test_a_program_that_ignores_sigterm_is_killed_after_a_while(tmp_path):
    run = make_run(tmp_path, act=at_step(1, lambda link: setattr(link, "stop", True)))
    code = "trap '' TERM; echo '{\"val_loss\": 1}'; while :; do sleep 0.05; done"
    assert execute(shell(code, tmp_path, patience=0.3), run).outcome == "interrupted"


def test_a_stopped_program_is_woken_to_end(tmp_path):
    run = make_run(tmp_path, act=at_step(1, lambda link: setattr(link, "stop", True)))
    code = "echo '{\"val_loss\": 1}'; kill -STOP $$; sleep 60"
    assert execute(shell(code, tmp_path, patience=20), run).outcome == "interrupted"


def test_half_written_files_are_no_checkpoint(tmp_path):
    code = """
    trap 'echo half > $OSETRA_CHECKPOINT_DIR/x.part; exit 0' TERM
    echo '{"val_loss": 1}'; while :; do sleep 0.05; done
    """
    act = at_step(1, lambda link: link.waiting.append(order("pause")))
    ending, run = ran(code, tmp_path, act=act)
    assert ending.outcome == "paused"
    assert "without a checkpoint: this training keeps none" in ending.reason
    assert not [fact for fact in control_of(run).link.facts if isinstance(fact, Checkpointed)]


def test_it_pauses_where_it_should_when_it_keeps_a_state(tmp_path):
    ending, run = ran(STATEFUL, tmp_path, until=10)
    assert ending.outcome == "paused"
    assert 10 <= last_checkpoint(run, tmp_path).step < 20
    assert ending.reason == f"waits at step {last_checkpoint(run, tmp_path).step}"


def test_it_runs_on_where_it_keeps_none(tmp_path):
    code = 'for i in 1 2 3 4; do echo "{\\"val_loss\\": $i}"; done'
    ending, run = ran(code, tmp_path, until=2)
    assert ending.outcome == "finished"
    assert len(curve(run)) == 4


def test_a_state_beyond_the_quota_is_no_state_and_the_training_goes_on(tmp_path):
    code = STATEFUL.replace("step=0 ", "head -c 9000 /dev/zero > $OSETRA_CHECKPOINT_DIR/big; step=0 ")
    ending, run = ran(code, tmp_path, until=10, limits=Checkpoints(quota=5000))
    assert (ending.outcome, ending.value) == ("finished", 60.0)
    assert sum(line.startswith("begins ") for line in output(tmp_path).splitlines()) == 2
    steps = [step for step, _ in curve(run)]
    assert steps == [*range(1, 41)]


def test_announced_checkpoints_are_kept_while_it_runs(tmp_path):
    code = """
    for i in 1 2 3; do
      echo $i > $OSETRA_CHECKPOINT_DIR/s.tmp; mv $OSETRA_CHECKPOINT_DIR/s.tmp $OSETRA_CHECKPOINT_DIR/s
      echo "{\\"step\\": $i, \\"val_loss\\": $i, \\"checkpoint\\": true}"; sleep 0.2
    done; kill -9 $$
    """
    ending, run = ran(code, tmp_path, limits=Checkpoints(every=0))
    assert ending.outcome == "interrupted"
    assert last_checkpoint(run, tmp_path).step == 3


def test_files_that_change_all_the_time_never_fail_a_training(tmp_path):
    code = """
    i=0; s=$OSETRA_CHECKPOINT_DIR/s
    (while :; do echo > $s.part; mv $s.part $s; done) &
    while [ $i -lt 200 ]; do i=$((i+1)); echo "{\\"val_loss\\": $i, \\"checkpoint\\": true}"; done
    """
    ending, run = ran(code, tmp_path, limits=Checkpoints(every=0))
    assert ending.outcome == "finished"
    assert len(curve(run)) == 200


def test_a_program_that_closes_its_output_is_waited_for(tmp_path):
    ending, _ = ran(f"{GOOD}; exec >&- 2>&-; sleep 0.3; echo x > done; exit 0", tmp_path)
    assert ending.outcome == "finished"
    assert (tmp_path / "done").exists()


def test_a_program_is_a_training_function_like_any_other(tmp_path):
    study = ose.Study(tmp_path / "s.db", ose.Space(lr=ose.Float(0, 1)), minimize="val_loss")
    study.run(shell('echo "{\\"val_loss\\": $1}"', tmp_path, "{lr}"), trials=3)
    assert all(trial.value == trial.config["lr"] for trial in study.trials)
    study.close()


def test_new_values_start_the_program_again_from_its_state(tmp_path):
    act = at_step(5, lambda link: link.waiting.append(order("set", lr=0.001)))
    run = make_run(tmp_path, act=act)
    ending = execute(shell(STATEFUL, tmp_path, "{lr}"), run)
    assert (ending.outcome, ending.value) == ("finished", 60.0)
    assert "begins 0.1 0 0" in output(tmp_path)
    assert "begins 0.001 " in output(tmp_path)
    assert [step for step, _ in curve(run)] == [*range(1, 41)]
    (told,) = [fact for fact in control_of(run).link.facts if isinstance(fact, Obeyed)]
    assert (told.result, told.values) == ("done", {"lr": 0.001})


def test_what_is_known_as_structure_is_never_changed_in_a_state_that_it_may_not_fit(tmp_path):
    act = at_step(5, lambda link: link.waiting.append(order("set", units=16)))
    run = make_run(tmp_path, config={"lr": 0.1, "units": 8, "width": 2}, act=act)
    assert execute(shell(STATEFUL, tmp_path, "{lr}"), run).outcome == "finished"
    (answer,) = [fact for fact in control_of(run).link.facts if isinstance(fact, Obeyed)]
    assert (
        answer.text == "units cannot be changed while this training runs (lr, width can); try it as a branch"
    )


def test_new_values_are_refused_where_no_state_is_kept(tmp_path):
    code = 'for i in 1 2 3 4; do echo "{\\"val_loss\\": $i}"; sleep 0.2; done'
    act = at_step(1, lambda link: link.waiting.append(order("set", lr=0.001)))
    ending, run = ran(code, tmp_path, act=act)
    assert ending.outcome == "finished"
    (told,) = [fact for fact in control_of(run).link.facts if isinstance(fact, Obeyed)]
    assert told.result == "refused"
    assert "try it as a branch" in told.text


def test_an_attempt_begins_with_the_values_in_force(tmp_path):
    ending, _ = ran(f'echo "with $1 $OSETRA_LR"; {GOOD}', tmp_path, "{lr}", live={"lr": 0.7})
    assert ending.outcome == "finished"
    assert "with 0.7 0.7" in output(tmp_path)
