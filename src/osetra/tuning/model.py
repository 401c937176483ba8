"""A tuned model in the user's hands: predicts for files and for data in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osetra.core.arguments import path, whole
from osetra.errors import DataError
from osetra.tuning.extras import require_torch
from osetra.tuning.options import later_reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from osetra.nets.assessment import Assessment
    from osetra.nets.model import Card, Model
    from osetra.nets.predict import Predictions
    from osetra.nets.recommend import Recommendations


class TunedModel:
    """A trained network with everything that prepares its inputs.

    Data is a file, a folder of pictures or texts, a name from `osetra data`, a pandas or polars frame, or an
    array of pictures. The target column is not needed, and not looked at.
    """

    def __init__(self, model: Model, folder: Path) -> None:
        self._model = model
        self.folder = folder
        """The folder it was read from."""

    @property
    def card(self) -> Card:
        """How the model came to be: data, configuration, seeds, scores, the command that makes it again."""
        return self._model.card

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes, or labels, in the order of the columns of `predict_proba`; none for numbers."""
        preparation = self._model.preparation
        if preparation.multi is not None and preparation.task == "multilabel":
            return preparation.multi.names
        return preparation.classes

    def predict(self, data: object) -> NDArray[Any]:
        """Return the answer for each row: (n,) class names or numbers, (n, k) of several targets.

        Raises:
            DataError: the data has not the columns, or the pictures, that the model learnt from.
        """
        import numpy as np

        return np.array(self.predictions(data).values)

    def predict_interval(self, data: object, level: float = 0.9) -> NDArray[np.float64]:
        """Return for each row the lowest and highest number (n, 2) between which so many truths lie.

        Raises:
            DataError: as for `predict`, or the model predicts classes.
        """
        return self.predictions(data, interval=level).intervals

    def evaluate(
        self, data: object, target: str | None = None, *, strict: bool = False, **reading: Any
    ) -> Assessment:
        """Return the scores on data that holds the target, with 95 % intervals by the bootstrap.

        Args:
            data: rows whose truth is known.
            target: where the truth is; by default the model's own target.
            strict: whether a cell that cannot be read is refused, where it is else missing.
            reading: how a file is to be read, as for `predictions`.

        Raises:
            DataError: as for `predict`, or the data holds no target that the model knows.
        """
        from osetra.nets.assessment import assess

        return assess(self._model, data, target=target, reading=later_reading(reading), strict=strict)

    def predict_proba(self, data: object) -> NDArray[np.float64]:
        """Return the probability of each class for each row: (n, C).

        Raises:
            DataError: as for `predict`, or the model predicts a number.
        """
        if not self.classes:
            raise DataError(f"{self.card.dataset}: the model predicts a number, so there are no classes")
        return self.predictions(data).probabilities

    def predictions(
        self,
        data: object,
        *,
        keep: Sequence[str] = (),
        interval: float | None = None,
        strict: bool = False,
        **reading: Any,
    ) -> Predictions:
        """Return answers with row names, kept columns, probabilities, intervals and warnings.

        Args:
            data: what is to be answered.
            keep: columns of the data to write beside the answers.
            interval: of a number: the share of rows that an interval around it is to hold, such as 0.9.
            strict: whether a cell that cannot be read is refused, where it is else missing.
            reading: how a file is to be read where that is not as in training: delimiter, decimal, header,
                encoding, na and date, as for `osetra.tune`.

        Raises:
            DataError: as for `predict`, or there is no such option of reading.
        """
        from osetra.nets.predict import predict

        return predict(
            self._model, data, keep=keep, interval=interval, reading=later_reading(reading), strict=strict
        )

    def recommend(self, history: object, top: int = 10) -> Recommendations:
        """Return the best items for each user of past ratings, of those that the user has not rated.

        Raises:
            DataError: the model learnt no users and items, or the data has not its columns.
        """
        from osetra.nets.recommend import recommend

        return recommend(self._model, history, whole("top", top, least=1))

    def save(self, folder: str | Path) -> Path:
        """Write the model into a folder, made when absent, and return the folder.

        Raises:
            DataError: the folder cannot be written.
        """
        from osetra.nets.model import save

        path("folder", folder)
        return save(self._model, Path(folder))

    def export(self, folder: str | Path) -> Path:
        """Write the model as ONNX, with preparation.json and a predict.py for NumPy and onnxruntime alone.

        Raises:
            DataError: the model takes what the script cannot prepare, or the folder cannot be written.
            MissingExtra: onnx or onnxscript is not installed.
        """
        from osetra.nets.export import export

        path("folder", folder)
        return export(self._model, Path(folder))

    def __repr__(self) -> str:
        scores = {n: f"{v:.4g}" for n, v in self.card.metrics.get("test", {}).items()}
        shown = ", ".join(f"{name} {value}" for name, value in scores.items()) or "not tested"
        return f"<TunedModel of {self.card.dataset} for {self._model.preparation.target}: test {shown}>"


def load_model(folder: str | Path) -> TunedModel:
    """Return the model in a folder that `osetra tune` or `TunedModel.save` wrote; runs no code of it.

    Raises:
        DataError: files are missing, damaged, of a newer format, or do not fit each other.
        MissingExtra: PyTorch is not installed.
    """
    path("folder", folder)
    require_torch()
    from osetra.nets.model import load

    return TunedModel(load(folder), Path(folder))
