"""The Lambda asset."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from infra.bundling import SOURCE, asset_directory
from infra.lock_file import pins


def test_lambdas_user_may_read_all_of_it_whatever_the_checkout_allows(tmp_path: Path) -> None:
    """As with a umask of 077."""
    source = tmp_path / "lambdas"
    (source / "shell/bin").mkdir(parents=True)
    (source / "requirements.txt").touch()
    (source / "requirements.lock").touch()
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


def test_a_package_that_is_not_in_the_lock_is_refused_with_what_to_do(tmp_path: Path) -> None:
    source = tmp_path / "lambdas"
    source.mkdir()
    (source / "requirements.txt").write_text("# Ours.\npg8000==1.31.6\nhumanize>=4\nsqlglot>=999\n")
    (source / "requirements.lock").write_bytes((SOURCE / "requirements.lock").read_bytes())
    with pytest.raises(RuntimeError) as caught:
        asset_directory(source, tmp_path / "build")
    assert str(caught.value) == (
        "lambdas/requirements.txt lists humanize>=4, sqlglot>=999, which lambdas/requirements.lock does not "
        "have. Write the lock again: make lock"
    )


def test_a_package_with_another_hash_than_the_locks_is_not_vendored(tmp_path: Path) -> None:
    source = tmp_path / "lambdas"
    source.mkdir()
    (source / "requirements.txt").write_text("six\n")
    (source / "requirements.lock").write_text(f"six==1.17.0 \\\n    --hash=sha256:{'0' * 64}\n")
    with pytest.raises(RuntimeError, match=r"could not vendor .*requirements\.lock"):
        asset_directory(source, tmp_path / "build")


def test_the_asset_has_what_the_lock_has() -> None:
    def name(pin: Requirement) -> str:
        return f"{pin.name}{pin.specifier}".replace("==", "-").replace("-", "_").lower()

    vendored = {path.stem.replace("-", "_").lower() for path in asset_directory().glob("*.dist-info")}
    assert vendored == {name(pin) for pin in pins(SOURCE / "requirements.lock")}
    assert not list(asset_directory().glob("requirements.*"))
