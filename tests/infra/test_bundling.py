"""The Lambda asset."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.bundling import SOURCE, asset_directory
from infra.configuration_error import ConfigurationError
from infra.lock_file import mark


def test_lambdas_user_may_read_all_of_it_whatever_the_checkout_allows(tmp_path: Path) -> None:
    """As with a umask of 077."""
    source = tmp_path / "lambdas"
    (source / "shell/bin").mkdir(parents=True)
    (source / "requirements.txt").touch()
    (source / "code.py").touch()
    (source / "shell/bin/sudo").touch()
    (source / "shell/bin/sudo").chmod(0o700)
    (source / "code.py").chmod(0o600)
    for directory in (source / "shell/bin", source / "shell", source):
        directory.chmod(0o700)
    asset = asset_directory(source, tmp_path / "build")
    modes = {str(path.relative_to(asset)): oct(path.stat().st_mode & 0o777) for path in asset.rglob("*")}
    assert modes == {"code.py": "0o644", "shell": "0o755", "shell/bin": "0o755", "shell/bin/sudo": "0o755"}
    assert asset.stat().st_mode & 0o777 == 0o755


def test_a_lock_for_other_requirements_is_refused_with_what_to_do(tmp_path: Path) -> None:
    source = tmp_path / "lambdas"
    source.mkdir()
    (source / "requirements.txt").write_text("humanize>=4\n")
    (source / "requirements.lock").write_bytes((SOURCE / "requirements.lock").read_bytes())
    with pytest.raises(ConfigurationError) as caught:
        asset_directory(source, tmp_path / "build")
    assert str(caught.value) == (
        "lambdas/requirements.lock was not written for lambdas/requirements.txt as it is now. "
        "Write it again: make lock"
    )


def test_whatever_a_user_puts_beside_the_code_is_deployed(tmp_path: Path) -> None:
    source = tmp_path / "lambdas"
    code = ("activities/requirements.py", "activities/testing.py", "requirements.json", "runner/task.py")
    for name in code:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    for name in ("requirements.txt", "runner/testing.py", "runner/old.pyc"):
        (source / name).touch()
    asset = asset_directory(source, tmp_path / "build")
    assert sorted(str(path.relative_to(asset)) for path in asset.rglob("*") if path.is_file()) == list(code)


def test_a_package_with_another_hash_than_the_locks_is_not_vendored(tmp_path: Path) -> None:
    source = tmp_path / "lambdas"
    source.mkdir()
    (source / "requirements.txt").write_text("six\n")
    lock = source / "requirements.lock"
    lock.write_text(f"six==1.17.0 \\\n    --hash=sha256:{'0' * 64}\n")
    mark(source / "requirements.txt", lock)
    with pytest.raises(RuntimeError, match=r"could not vendor .*requirements\.lock"):
        asset_directory(source, tmp_path / "build")


def test_the_asset_has_what_the_lock_has() -> None:
    pins = re.findall(r"^([\w.-]+)==([\w.]+)", (SOURCE / "requirements.lock").read_text(), re.MULTILINE)
    vendored = {path.stem.replace("-", "_").lower() for path in asset_directory().glob("*.dist-info")}
    assert vendored == {f"{name}-{version}".replace("-", "_").lower() for name, version in pins}
    assert not list(asset_directory().glob("requirements.*"))
