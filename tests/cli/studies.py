"""A small study, made with the library, for commands that read."""

from __future__ import annotations

from pathlib import Path

import osetra as ose

SPACE = ose.Space(lr=ose.Float(1e-4, 1, scale="log", default=0.01), units=ose.Int(16, 64))


def make_study(folder: Path) -> None:
    """Write a study with one finished and one failed trial to folder/study.db."""
    folder.mkdir(parents=True)
    study = ose.Study(str(folder / "study.db"), SPACE, minimize="val_loss", searcher="random")
    run = study.ask()
    run.report(val_loss=0.5, train_loss=0.4)
    run.report(val_loss=0.25, train_loss=0.2)
    study.tell(run)
    study.tell(study.ask(), failed="=cmd()\x1b[2J, a bad batch")
    study.close()
