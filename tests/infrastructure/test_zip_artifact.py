"""The ZIP artifact: built by make on any host, complete on its own, small, of Lambda's platform."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.infrastructure.translate import ROOT

MAKEFILE = ROOT / "websocket_handler" / "Makefile"
SAM = ROOT / ".venv-sam" / "bin" / "sam"
RUNTIME_BRINGS = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")
AARCH64 = 183
MAX_ZIP_BYTES = 7_000_000
"""Two thirds of it are cryptography, which is imported only where a KMS key is named."""
ENVIRONMENT = {
    "TABLE_NAME": "table",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/111122223333/questions",
    "WEBSOCKET_ENDPOINT": "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/dev",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "example",
    "AWS_SECRET_ACCESS_KEY": "example",
}


def build(directory: Path, platform: str) -> Path:
    make = ["make", "-f", str(MAKEFILE), "build-WebSocketFunction", f"PLATFORM={platform}"]
    environment = {**os.environ, "ARTIFACTS_DIR": str(directory), "PYTHON": sys.executable}
    made = subprocess.run(make, env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return directory


@pytest.fixture(scope="module")
def for_lambda(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("lambda"), "arm64")


@pytest.fixture(scope="module")
def for_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("host"), "host")


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Lambda runtime itself has on its path, and nothing else of this environment."""
    directory = tmp_path_factory.mktemp("runtime")
    for name in RUNTIME_BRINGS:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        installed = origin.parent if origin.name == "__init__.py" else origin
        (directory / installed.name).symlink_to(installed)
    return directory


@pytest.mark.parametrize("module", ["websocket_handler.app", "websocket_handler.dead_letters"])
def test_the_artifact_imports_with_nothing_but_the_runtime_beside_it(
    module: str, for_host: Path, runtime: Path
) -> None:
    program = (
        f"import sys; sys.path[:0] = [{str(for_host)!r}, {str(runtime)!r}]; "
        f"import {module} as room; assert callable(room.handler); print(room.__file__)"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program],
        env=ENVIRONMENT,
        cwd=for_host,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(str(for_host))


def test_every_compiled_module_is_for_python_3_13_on_arm64(for_lambda: Path) -> None:
    compiled = list(for_lambda.rglob("*.so"))
    assert compiled
    for library in compiled:
        assert "cpython-313-aarch64" in library.name or library.name.endswith(".abi3.so")
        assert int.from_bytes(library.read_bytes()[18:20], "little") == AARCH64


def test_the_artifact_is_small_and_carries_code_only(for_lambda: Path, tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "artifact"), "zip", for_lambda))
    with zipfile.ZipFile(archive) as opened:
        names = [name for name in opened.namelist() if not name.endswith("/")]
    top = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert archive.stat().st_size <= MAX_ZIP_BYTES
    assert {"copilot", "websocket_handler"} <= top
    assert not top & {"tests", "local", "inference", "embed", "boto3", "botocore", "bin"}
    own = [name for name in names if name.startswith(("copilot/", "websocket_handler/"))]
    assert {Path(name).suffix for name in own} == {".py"}


@pytest.mark.skipif(not SAM.exists(), reason="the SAM CLI is not installed here: make sam")
def test_sam_builds_every_function_of_the_room(tmp_path: Path) -> None:
    for function in ("WebSocketFunction", "AuthorizerFunction", "DeadLetterFunction"):
        built = subprocess.run(
            [str(SAM), "build", function, "--build-dir", str(tmp_path / function)],
            cwd=ROOT,
            env={**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert built.returncode == 0, built.stderr
        assert (tmp_path / function / function / "websocket_handler" / "__init__.py").exists()
        assert (tmp_path / function / function / "copilot" / "wire.py").exists()
