"""The Lambda asset."""

from __future__ import annotations

from pathlib import Path

from infra.bundling import asset_directory


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
