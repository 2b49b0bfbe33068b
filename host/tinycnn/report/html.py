"""The page: tables and pictures in one file that asks for nothing from outside."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from string import Template

from tinycnn.pipeline.dataset import PARTS, Dataset
from tinycnn.pipeline.evaluate import ARTICLE_ACCURACY, ARTICLE_BYTES, Evaluation, Result
from tinycnn.pipeline.quantize import QuantizedModels
from tinycnn.pipeline.score import Score
from tinycnn.pipeline.train import TrainedModel
from tinycnn.text import printable


def escape(text: str) -> str:
    """`text`, which may come from outside, fit for a page."""
    return html.escape(printable(text, 1000))


_PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>tinycnn: $title</title>
<style>
:root { --text: #1d2430; --soft: #5a6474; --page: #ffffff; --line: #d9dee6; --mark: #eef4fb;
  --shade: #5a647466; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e9ee; --soft: #a3adba; --page: #14181f; --line: #353d49; --mark: #1d2836;
    --shade: #000000cc; }
}
body { font: 16px/1.55 system-ui, sans-serif; color: var(--text); background: var(--page);
  max-width: 52rem; margin: 0 auto; padding: 1.2rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; border-top: 1px solid var(--line);
  padding-top: 1.2rem; }
p.soft, figcaption { color: var(--soft); font-size: .92rem; }
figure { margin: 1rem 0; overflow-x: auto; }
img.broad { min-width: 34rem; }
figure img { display: block; max-width: 100%; height: auto; margin: 0 auto; background: #fff;
  border-radius: 6px; padding: .5rem; box-sizing: border-box; border: 1px solid var(--line); }
/* A shadow at the side at which a table goes on; what covers it scrolls along. */
.wide { overflow-x: auto; background:
  linear-gradient(to right, var(--page) 1.2rem, transparent 2rem) 0 / 2rem 100% local,
  linear-gradient(to left, var(--page) 1.2rem, transparent 2rem) 100% / 2rem 100% local,
  linear-gradient(to right, var(--shade), transparent) 0 / 1rem 100% scroll,
  linear-gradient(to left, var(--shade), transparent) 100% / 1rem 100% scroll;
  background-repeat: no-repeat; }
@media (max-width: 35.9rem) { /* of img.broad and the body's padding */
  figure:has(img.broad) figcaption::before {
    content: "Wider than the screen: push it sideways. "; }
}
table { border-collapse: collapse; font-size: .93rem; font-variant-numeric: tabular-nums;
  min-width: 60%; }
th, td { padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left;
  white-space: nowrap; }
td.n, th.n { text-align: right; }
tr.ref td { color: var(--soft); }
ul.facts { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .7rem; }
ul.facts li { background: var(--mark); border-radius: 6px; padding: .5rem .9rem; }
ul.facts b { display: block; font-size: 1.25rem; }
</style>
</head>
<body>
$body
</body>
</html>
""")


def page(
    dataset: Dataset,
    trained: TrainedModel,
    converted: QuantizedModels,
    evaluation: Evaluation,
    judged: Result,
    figures: dict[str, bytes],
    quality: Sequence[str] = (),
    about: Sequence[str] = (),
) -> str:
    """The whole page. `judged` is the result the pictures are of; `figures` PNGs by name.

    quality   sections of report.quality
    about     what report.data tells of the data
    """
    size = "x".join(str(s) for s in dataset.image_shape)
    what = "images" if dataset.x.ndim == 4 else "examples"
    test = judged.parts["test"]
    facts = [
        (f"{test.accuracy:.2%}", "accuracy on test"),
        (f"{converted.int8.size:,} B", "int8 model"),
        (f"{trained.parameters:,}", "parameters"),
    ]
    if evaluation.cross_validation is not None:
        pooled = evaluation.cross_validation.pooled
        facts.insert(1, (f"{pooled.accuracy:.2%}", "in cross-validation"))
    body = [
        f"<h1>A small CNN on {escape(dataset.name)}</h1>",
        facts_list(facts),
        "<h2>Data</h2>",
        f"<p>{len(dataset.y):,} {what} of {size}, {dataset.classes} classes, "
        f"{prepared(dataset)}: {split_of(dataset)}.</p>",
        *about,
        "<h2>Model</h2>",
        figure(figures, "model", "What each layer gives: height x width x maps."),
        summary(trained),
        "<h2>Training</h2>",
        *training(trained, figures),
        "<h2>Sizes and accuracies</h2>",
        _sizes(evaluation),
        "<p class=soft>Accuracy on the test part. Time: median wall time of one inference, called "
        "from Python on the machine that made this page; a board's is not this.</p>",
        *agreement(evaluation),
        "<h2>How sure is that?</h2>",
        *_honest(evaluation, judged, figures),
        *quality,
        "<h2>Confusion matrix</h2>",
        figure(figures, "confusion", f"Test part, {_of(judged)}."),
    ]
    if "predictions" in figures:
        body.append("<h2>Predictions</h2>")
        body.append(figure(figures, "predictions", f"The first test images, {_of(judged)}."))
    if "mistakes" in figures:
        wrong = test.total - test.correct
        body.append(figure(figures, "mistakes", f"What it has wrong ({wrong} of {test.total})."))
    return document(dataset.name, body)


def document(title: str, body: Iterable[str]) -> str:
    """A page of these parts; `title` may come from outside."""
    return _PAGE.substitute(title=escape(title), body="\n".join(body))


def _of(result: Result) -> str:
    return f"{escape(result.model)} in {escape(result.runtime)}"


def split_of(dataset: Dataset) -> str:
    """How many examples each part has."""
    names = {"train": "for training", "test": "for the test", "validation": "for validation"}
    return ", ".join(
        f"{last - first:,} {names[name]}" for name, (first, last) in dataset.bounds.items()
    )


def prepared(dataset: Dataset) -> str:
    """In words, what became of raw values, and how examples came into parts."""
    how = dataset.origin.reading
    scaled = f"divided by {dataset.maximum:g}"
    if how.scale == "none":
        scaled = "with values as they are"
    elif not how.scale:
        scaled = f"divided by the largest absolute value ({dataset.maximum:g})"
    split = "at random, each class by itself" if how.split == "random" else "in order"
    if how.split == "random" and dataset.regression:
        split = "at random"
    return f"{scaled}. Split {split}"


def facts_list(facts: Iterable[tuple[str, str]]) -> str:
    """Figures in large letters, and what each is."""
    items = "".join(f"<li><b>{escape(value)}</b>{escape(what)}</li>" for value, what in facts)
    return f'<ul class="facts">{items}</ul>'


def figure(figures: dict[str, bytes], name: str, caption: str) -> str:
    """A picture inside the page, as a data URI; `caption` is also what is read out."""
    data = base64.b64encode(figures[name]).decode()
    width = min(int.from_bytes(figures[name][16:20], "big") * 100 // 300, 830)
    # On a phone a broad picture is pushed sideways rather than shrunk until unreadable.
    broad = ' class="broad"' if width > 700 else ""
    return (
        f'<figure><img{broad} width="{width}" alt="{escape(caption)}" '
        f'src="data:image/png;base64,{data}"><figcaption>{caption}</figcaption></figure>'
    )


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, text: int = 1, ref: int = 0
) -> str:
    """A table; the first `text` columns are text, the last `ref` rows for comparison."""
    listed = list(rows)

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag}>{cell}</{tag}>" if at < text else f'<{tag} class="n">{cell}</{tag}>'
            for at, cell in enumerate(map(escape, row))
        )

    lines = [
        f"<tr{' class=ref' if at >= len(listed) - ref else ''}>{cells('td', row)}</tr>"
        for at, row in enumerate(listed)
    ]
    return (
        f'<div class="wide"><table><thead><tr>{cells("th", head)}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def summary(trained: TrainedModel) -> str:
    """The table of layers."""
    rows = [
        [
            layer.name,
            f"{layer.kind} {layer.detail}".strip(),
            "x".join(str(size) for size in layer.shape),
            f"{layer.parameters:,}",
        ]
        for layer in trained.layers
    ]
    rows.append(["", "all", "", f"{trained.parameters:,}"])
    return table(["layer", "kind", "output", "parameters"], rows, text=3)


def training(trained: TrainedModel, figures: dict[str, bytes]) -> list[str]:
    """How it was trained, with its curves."""
    if not trained.history.loss:
        return [f"<p>Trained elsewhere: {escape(trained.source)}.</p>"]
    judged = "mean absolute error" if trained.history.error else "accuracy"
    start = f", starting from {escape(trained.source)}" if trained.source else ""
    return [
        f"<p>Recipe {escape(trained.recipe)}{start}: {trained.epochs} epochs with Adam, seed "
        f"{trained.seed}, {trained.seconds:.0f} s.</p>",
        figure(figures, "curves", f"Loss and {judged} after each epoch."),
    ]


def _sizes(evaluation: Evaluation) -> str:
    facts = {model.name: model for model in evaluation.models}
    rows = []
    for result in evaluation.results:
        fact = facts.get(result.model)
        rows.append(
            [
                result.model,
                result.runtime,
                "" if fact is None else f"{fact.bytes:,}",
                f"{result.parts['test'].accuracy:.2%}",
                f"{result.microseconds:.1f}",
            ]
        )
    if evaluation.of_digits:
        for name, size in ARTICLE_BYTES.items():
            rows.append([name, "the article", f"{size:,}", f"{ARTICLE_ACCURACY[name]:.2%}", ""])
    reference = len(ARTICLE_BYTES) if evaluation.of_digits else 0
    return table(["model", "runtime", "bytes", "test", "µs"], rows, text=2, ref=reference)


def agreement(evaluation: Evaluation) -> list[str]:
    """Where runtimes differ, and what ops each model has."""
    lines = [f"<p>{escape(str(d))}.</p>" for d in evaluation.differences]
    for model in evaluation.models:
        if model.tflm_error:
            lines.append(
                f"<p>{escape(model.name)} does not run in TFLM: {escape(model.tflm_error)}</p>"
            )
        else:
            ops = ", ".join(model.ops)
            lines.append(f"<p class=soft>{escape(model.name)}: {escape(ops)}.</p>")
    return lines


def _honest(evaluation: Evaluation, judged: Result, figures: dict[str, bytes]) -> list[str]:
    crossed = evaluation.cross_validation
    also = (
        ", and the float network trained anew, from new weights, for each block of a "
        "cross-validation"
    )
    lines = [
        f"<p>One part of the data is one draw. {_of(judged)}, by part, with 95 % Wilson "
        f"intervals{also if crossed is not None else ''}:</p>",
        figure(figures, "accuracy", "Accuracy with 95 % Wilson intervals."),
    ]
    rows = [[name, *_counts(judged.parts[name])] for name in PARTS]
    if crossed is not None:
        for at, score in enumerate(crossed.folds):
            rows.append([f"cross-validation, block {at + 1}", *_counts(score)])
        rows.append(["cross-validation, all blocks", *_counts(crossed.pooled)])
    lines.append(table(["part", "right", "of", "accuracy", "from", "to"], rows))
    if crossed is None:
        lines.append(
            "<p class=soft>No cross-validation was made: "
            "<code>tinycnn evaluate</code> makes one.</p>"
        )
    else:
        lines.append(
            "<p class=soft>The blocks are contiguous because neighbours may share a source, as "
            "digits share a writer; each was judged by a network trained on all the others.</p>"
        )
    if evaluation.of_digits:
        lines.append(
            "<p>The article reports 95.82 % on the test part, which is an easy one: its own two "
            "published models have 320 of 360 (88.89 %) on the validation part.</p>"
        )
    return lines


def _counts(score: Score) -> list[str]:
    low, high = score.interval
    return [
        str(score.correct),
        str(score.total),
        f"{score.accuracy:.2%}",
        f"{low:.1%}",
        f"{high:.1%}",
    ]
