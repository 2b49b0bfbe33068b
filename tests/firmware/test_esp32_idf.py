"""Finding ESP-IDF: the right one, ready to run, or one line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

import fake_idf
from tinycnn.errors import BuildError
from tinycnn.firmware.esp32 import idf as esp32_idf


@pytest.fixture(autouse=True)
def no_idf(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IDF_PATH", "IDF_PYTHON_ENV_PATH"):
        monkeypatch.delenv(name, raising=False)


def test_none_says_where_to_get_one() -> None:
    with pytest.raises(BuildError, match=r"^ESP-IDF is missing: install v5\.5\.1 .*--container$"):
        esp32_idf.find()


def test_another_folder_is_none(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"is no ESP-IDF: it has no tools/cmake/version\.cmake"):
        esp32_idf.find(tmp_path)


@pytest.mark.parametrize("version", ["4.4.8", "5.2.3", "5.6.0", "6.0.0"])
def test_wrong_version_is_one_line(tmp_path: Path, version: str) -> None:
    idf = fake_idf.make(tmp_path / "idf", version)
    with pytest.raises(BuildError) as caught:
        esp32_idf.find(idf)
    assert str(caught.value).startswith(f"ESP-IDF {version} in {idf} does not fit: ")
    assert "5.3 up to before 5.6" in str(caught.value)


@pytest.mark.parametrize("version", ["5.3.0", "5.4.2", "5.5.1", "5.5.3"])
def test_supported_versions_are_taken(tmp_path: Path, version: str) -> None:
    found = esp32_idf.find(fake_idf.make(tmp_path / "idf", version))
    assert found.version == version


def test_export_is_run_for_a_folder_given(tmp_path: Path) -> None:
    idf = fake_idf.make(tmp_path / "idf")
    found = esp32_idf.find(idf)
    assert found.environment["FROM_EXPORT"] == "yes"
    assert found.environment["IDF_PATH"] == str(idf)
    assert found.idf_py == (str(idf / "env" / "bin" / "python"), str(idf / "tools" / "idf.py"))


def test_exported_environment_is_used_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    idf = fake_idf.make(tmp_path / "idf")
    monkeypatch.setenv("IDF_PATH", str(idf))
    monkeypatch.setenv("IDF_PYTHON_ENV_PATH", str(idf / "env"))
    assert "FROM_EXPORT" not in esp32_idf.find().environment


def test_our_python_stays_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "ours")
    assert "PYTHONPATH" not in esp32_idf.find(fake_idf.make(tmp_path / "idf")).environment


def test_tools_not_installed_is_one_line(tmp_path: Path) -> None:
    idf = fake_idf.make(tmp_path / "idf")
    (idf / "export.sh").write_text("echo no tools; return 1\n")
    with pytest.raises(BuildError, match=f"tools are not installed: run {idf}/install.sh once"):
        esp32_idf.find(idf)
