"""Cross-validation in contiguous blocks: what accuracy to expect of a new writer."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinycnn._tensorflow import captured
from tinycnn.cache import Kept, find, keep, key_of
from tinycnn.errors import UserError
from tinycnn.pipeline.dataset import Dataset
from tinycnn.pipeline.model import Recipe, recipe_named
from tinycnn.pipeline.score import Score, pool
from tinycnn.pipeline.train import CACHE, TrainedModel, learn, lessons_for, start_model
from tinycnn.progress import Progress, silent

FOLDS = 5


@dataclass(frozen=True)
class CrossValidation:
    """Float32 Keras accuracy on each block, by a network trained on all the others."""

    folds: tuple[Score, ...]

    @property
    def pooled(self) -> Score:
        """All blocks counted as one: each image was judged once, unseen."""
        return pool(list(self.folds))

    def as_dict(self) -> dict[str, Any]:
        """For metrics.json."""
        return {
            "folds": [score.as_dict() for score in self.folds],
            "pooled": self.pooled.as_dict(),
        }

    @staticmethod
    def from_dict(record: dict[str, Any]) -> CrossValidation:
        """From the JSON of either form: each fold's `correct` and `total`."""
        return CrossValidation(
            tuple(Score(int(f["correct"]), int(f["total"])) for f in record["folds"])
        )


def blocks(total: int, folds: int) -> list[tuple[int, int]]:
    """First index and one past the last of `folds` contiguous blocks, sizes within one."""
    edges = [total * i // folds for i in range(folds + 1)]
    return list(itertools.pairwise(edges))


def cross_validate(
    dataset: Dataset,
    recipe: Recipe,
    seed: int,
    progress: Progress = silent,
    *,
    cache: Path,
    folds: int = FOLDS,
    epochs: int | None = None,
    source: Path | None = None,
) -> CrossValidation:
    """Train `folds` times, each time without one block, and count what is right on it.

    Blocks are contiguous because neighbouring images share a writer: with shuffled
    folds a network is judged on hands it has seen. `source` is a .keras file whose
    network is used, with new weights. Lessons of teachers, who do not see the block
    either, are kept in `cache`. Raises UserError if a fold has too few images.
    """
    if folds < 2 or folds > len(dataset.y) // 2:
        raise UserError(f"--folds must be 0, or 2 to {len(dataset.y) // 2}, not {folds}")
    count = recipe.epochs if epochs is None else epochs
    scores = []
    for at, (first, last) in enumerate(blocks(len(dataset.y), folds)):
        keep = np.ones(len(dataset.y), bool)
        keep[first:last] = False
        part = (dataset.x[keep], dataset.y[keep])

        def tell(said: str, done: int, _: int, at: int = at) -> None:
            progress(f"fold {at + 1}/{folds}  {said}", at * count + done, folds * count)

        lessons = lessons_for(recipe, part, dataset.classes, cache, tell)
        model = start_model(dataset, recipe, seed, source, fresh=True)
        learn(model, recipe, part, None, lessons, epochs=count, progress=tell)
        with captured():
            predicted = model.predict(dataset.x[first:last], verbose=0).argmax(axis=1)
        scores.append(Score(int((predicted == dataset.y[first:last]).sum()), last - first))
    return CrossValidation(tuple(scores))


def ensure_cross_validated(
    dataset: Dataset,
    trained: TrainedModel,
    build: Path,
    progress: Progress = silent,
    *,
    folds: int | None = None,
) -> CrossValidation | None:
    """The cross-validation of what made `trained`: from `build`/cache, or done now.

    Without `folds`, 5 of them; none for a recipe with teachers, which takes their
    minutes for each. None if `folds` is 0, or if the model came trained: how is not known.
    Nor is there one of a regression, since it counts what is right: UserError if it is asked for.
    """
    if dataset.regression:
        if folds:
            raise UserError("--folds counts what is right, and a regression has no right: say 0")
        return None
    if not trained.recipe:
        return None
    if folds is None:
        folds = 0 if recipe_named(trained.recipe).teaching else FOLDS
    if folds == 0:
        return None
    key = key_of(trained.key, str(folds), code=__name__)
    record = build / CACHE / f"crossval-{key[:16]}.json"
    if (found := find(record, key)) is not None:
        return CrossValidation.from_dict(found.facts)
    done = cross_validate(
        dataset,
        recipe_named(trained.recipe),
        trained.seed,
        progress,
        cache=build / CACHE,
        folds=folds,
        epochs=trained.epochs,
        # The network as trained: --model may since have changed or gone.
        source=trained.path if trained.source else None,
    )
    keep(record, Kept(key, done.as_dict()))
    return done
