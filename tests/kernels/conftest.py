"""Our kernels, compiled for this machine."""

from __future__ import annotations

import pytest

from kernel_library import Kernels, compile_library


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Kernels:
    return Kernels(compile_library(tmp_path_factory.mktemp("kernels")))
