"""The pages tell of what is there: verbs, options, files, one version."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import tinycnn
from doc_pages import anchor, headings, name_of, pages, project_files, prose, section
from doc_verbs import Verb, verbs
from tinycnn.files import ROOT

CLI_PAGE = ROOT / "docs" / "cli.md"

# No page, program or setting may depend on where somebody's checkout lies. In
# pieces, so that this file may be searched too.
MACHINE_PATHS = re.compile("|".join(f"/{name}/" for name in ("work", "root", "tmp", "home")))


@pytest.mark.parametrize("verb", verbs().values(), ids=lambda verb: verb.name)
def test_verb_has_help_for_itself_and_each_option(verb: Verb) -> None:
    assert verb.help.endswith(".")
    assert [option.name for option in verb.options if not option.help] == []


@pytest.mark.parametrize("verb", verbs().values(), ids=lambda verb: verb.name)
def test_verb_has_a_section_with_its_options(verb: Verb) -> None:
    told = section(CLI_PAGE.read_text(), verb.name)
    assert told, f"docs/cli.md has no section '## {verb.name}'"
    assert verb.help in told
    assert verb.table() in told, "python tests/docs/doc_verbs.py mends that"
    assert "    $ tinycnn" in told, "an example that was typed"


def test_cli_page_has_no_verb_that_is_gone() -> None:
    written = set(re.findall(r"^## (.+)$", CLI_PAGE.read_text(), re.MULTILINE))
    assert written - {"Common to all"} == set(verbs())


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_pages_name_only_verbs_and_options_that_exist(page: Path) -> None:
    known = verbs()
    for line in _commands(page.read_text()):
        words = shlex.split(line, comments=True)[1:]
        if not words or words[0] in ("--help", "VERB"):
            continue
        name = next((n for n in (" ".join(words[:2]), words[0]) if n in known), None)
        assert name, f"there is no such verb: {line}"
        options = {option.name for option in known[name].options} | {"--help"}
        used = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert used <= options, f"{name} has no such option: {line}"


def _commands(text: str) -> Iterator[str]:
    """What a page says to type: `tinycnn ...` in code, alone or at the start of a line."""
    yield from re.findall(r"`(tinycnn [a-z][^`\n]*)`", text)
    yield from re.findall(r"^(?:    )?\$ (tinycnn [^\n]*)$", text, re.MULTILINE)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_relative_links_resolve(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, fragment = target.partition("#")
        path = page.parent / name if name else page
        anchors = map(anchor, headings(path.read_text())) if path.is_file() and fragment else ()
        if not path.exists() or (fragment and fragment not in anchors):
            broken.append(target)
    assert broken == []


def test_one_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    module = (ROOT / "firmware_build" / "tflm" / "modtflm.c").read_text()
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert tinycnn.__version__ == project
    assert f'#define TFLM_MODULE_VERSION "{project}"' in module
    assert newest[1] == project


def test_no_file_names_a_path_of_a_machine() -> None:
    named = []
    for path in project_files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue  # a picture
        found = MACHINE_PATHS.search(text)
        if found:
            line = text.count("\n", 0, found.start()) + 1
            named.append(f"{name_of(path)}:{line}: {found[0]}")
    assert named == []
