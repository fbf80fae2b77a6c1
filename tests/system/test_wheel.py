"""The wheel, in an environment and a directory of its own: docs/your-own-app.md."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest

from distribution.layout import lay_out, renamed
from local.account import OWNER, REGION
from local.launch import READY, ROOT
from tests.docs.blocks import blocks_run_by
from tests.system.deployments import STACK, Deployment, eventually
from tests.system.ledger import keep_roles

EXAMPLE = ROOT / "docs" / "examples" / "own-app"
SOURCES = ("distribution", "infra", "lambdas", "local", "pipelines")
FILES = ("app.py", "cdk.json", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in")
# Packages of users' own repositories whose names are those of this repository's.
NAMESAKES = ("infra", "lambdas", "runner", "poller")


@dataclass(frozen=True)
class Installed:
    """The wheel in an environment without anything of this repository."""

    python: Path
    wheel: Path

    def run(
        self, *arguments: str, directory: Path, code: int = 0, more: Mapping[str, str] | None = None
    ) -> str:
        """What ``python ARGUMENTS`` prints, with ``more`` variables."""
        done = subprocess.run(
            [self.python, *arguments],
            cwd=directory,
            env=clean_environment(self.python) | dict(more or {}),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


def clean_environment(python: Path) -> dict[str, str]:
    """This process's variables, without those that lead Python to the repository, and with the CDK CLI."""
    search = [str(python.parent), str(ROOT / "node_modules" / ".bin"), os.environ["PATH"]]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS_"))}
    return kept | {"PATH": os.pathsep.join(search)}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Built from a copy, because a build leaves files behind. Its dependencies are those of the tests."""
    directory = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*(ROOT / name for name in FILES), *ROOT.glob("requirements*.txt")):
        shutil.copy(file, directory)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", "dist", "."], cwd=directory, check=True)
    (wheel,) = (directory / "dist").iterdir()
    return install(wheel, directory / "venv")


def install(wheel: Path, directory: Path) -> Installed:
    """The wheel in a new environment in this directory."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory], check=True)
    python = directory / "bin" / "python"
    subprocess.run([*pip, "--python", python, "install", "--no-deps", wheel], check=True)
    # Downloading them anew would take a minute; test_it_asks_for_all_that_it_imports is for what is missing.
    paths = json.loads(_output(python, "import json, sysconfig; print(json.dumps(sysconfig.get_paths()))"))
    Path(paths["purelib"], "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(python, wheel)


def _output(python: Path, program: str) -> str:
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's directory. It has packages with names of this repository's, which fail if imported."""
    directory = tmp_path_factory.mktemp("own") / "app"
    shutil.copytree(EXAMPLE, directory)
    for name in NAMESAKES:
        (directory / name).mkdir()
        (directory / name / "__init__.py").write_text(f"raise RuntimeError('{name} is the user\\'s own')\n")
    # So that all tests vendor once.
    (ROOT / ".build").mkdir(exist_ok=True)
    (directory / ".build").symlink_to(ROOT / ".build")
    return directory


def test_the_wheel_holds_one_package_and_two_commands(installed: Installed) -> None:
    names = zipfile.ZipFile(installed.wheel).namelist()
    top = {name.partition("/")[0] for name in names}
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert top == {
        "datapipeline_runner",
        "local.py",
        "pipelines.py",
        f"datapipeline_runner-{version}.dist-info",
    }
    assert (
        _output(installed.python, "import datapipeline_runner as d; print(d.__version__)").strip() == version
    )
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text()
    assert not [name for name in names if "__pycache__" in name]


def test_it_holds_every_file_that_the_packages_read(installed: Installed) -> None:
    """lambdas/ byte for byte; all other files but Python's too."""
    installed_files = zipfile.ZipFile(installed.wheel)
    for tree in ("infra", "lambdas", "local", "pipelines"):
        for path in (ROOT / tree).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                packed = installed_files.read(f"datapipeline_runner/{path.relative_to(ROOT).as_posix()}")
                if tree == "lambdas" or path.suffix != ".py":
                    assert packed == path.read_bytes(), path
                else:
                    assert len(packed.splitlines()) == len(path.read_bytes().splitlines()), path
    sudo = installed.python.parents[1].glob("lib/*/site-packages/datapipeline_runner/lambdas/shell/bin/sudo")
    assert all(os.access(path, os.X_OK) for path in sudo)


def test_a_second_build_has_nothing_of_the_first(tmp_path: Path) -> None:
    """Setuptools leaves build/lib in the clone, with modules that are gone since."""
    stale = tmp_path / "datapipeline_runner" / "infra" / "gone.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    lay_out(ROOT, tmp_path)
    assert not stale.exists()
    assert (stale.parent / "stack.py").exists()


@pytest.mark.long
def test_a_tag_of_the_repository_and_a_source_distribution_give_the_same(
    installed: Installed, app: Path, tmp_path: Path
) -> None:
    """As `pip install git+https://…@TAG` does. The repository is a copy of this one's files, with a tag."""
    repository = tmp_path / "repository"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, repository / name)
    who = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "All"], ["tag", "v1"]):
        subprocess.run(["git", *who, *command], cwd=repository, check=True)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    system = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]
    tools = tmp_path / "tools"
    subprocess.run([*pip, "install", "--target", tools, *system["requires"]], check=True)
    build = f"from {system['build-backend']} import build_sdist; build_sdist('sdist')"
    search = {"PYTHONPATH": os.pathsep.join([str(tools), *system.get("backend-path", ())])}
    made = [sys.executable, "-c", build]
    subprocess.run(made, cwd=repository, env={**os.environ, **search}, check=True, capture_output=True)
    (archive,) = (repository / "sdist").iterdir()

    whole = contents(installed.wheel)
    for number, source in enumerate((f"git+{repository.as_uri()}@v1", str(archive))):
        directory = tmp_path / str(number)
        subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", directory, source], check=True)
        (wheel,) = directory.iterdir()
        assert contents(wheel) == whole
        own = install(wheel, tmp_path / f"venv{number}")
        assert "convert" in own.run("-m", "pipelines", "--help", directory=app)


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as opened:
        return {name: opened.read(name) for name in opened.namelist() if not name.endswith("/RECORD")}


def test_only_names_in_import_statements_change() -> None:
    source = (
        '"""from infra.a import b"""\nfrom infra.a import b\nif b:\n    from infra import c\nx = "infra.a"\n'
    )
    assert renamed(source, {"infra"}) == (
        '"""from infra.a import b"""\nfrom datapipeline_runner.infra.a import b\nif b:\n'
        '    from datapipeline_runner.infra import c\nx = "infra.a"\n'
    )
    with pytest.raises(ValueError, match="line 1"):
        renamed("import infra.a\n", {"infra"})


def test_it_asks_for_all_that_it_imports(installed: Installed) -> None:
    wheel = zipfile.ZipFile(installed.wheel)
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    asked = re.findall(r"^Requires-Dist: ([\w.-]+)", wheel.read(name).decode(), re.MULTILINE)
    brought = {_normal(one) for one in with_dependencies(asked)}
    of_module = metadata.packages_distributions()
    missing = {
        f"{file}: {module}"
        for file in wheel.namelist()
        if file.endswith(".py") and "/lambdas/" not in file
        for module in imported(wheel.read(file).decode())
        if module in of_module and not {_normal(one) for one in of_module[module]} & brought
    }
    assert missing == set()


def imported(source: str) -> Iterator[str]:
    """The first names of imports, but for those of type checkers alone."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def with_dependencies(names: list[str]) -> set[str]:
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = _normal(todo.pop())
        if name not in found:
            found.add(name)
            try:
                required = metadata.requires(name) or []
            except metadata.PackageNotFoundError:
                continue  # For another Python, or another system.
            todo += [re.split(r"[^\w.-]", one, maxsplit=1)[0] for one in required if "extra ==" not in one]
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_all_names_of_the_package_are_there(installed: Installed, app: Path) -> None:
    program = "import datapipeline_runner as d; print(all(getattr(d, name) for name in d.__all__))"
    assert installed.run("-c", program, directory=app) == "True\n"


def test_a_handlers_own_test_runs(installed: Installed, app: Path) -> None:
    assert "1 passed" in installed.run("-m", "pytest", "-q", "-p", "no:cacheprovider", ".", directory=app)


@pytest.mark.parametrize("name", ["local", "datapipeline_runner.local"])
def test_both_names_of_a_command_work(installed: Installed, app: Path, name: str) -> None:
    assert "estimate" in installed.run("-m", name, "--help", directory=app)


def test_check_prints_an_app_for_the_wheel(installed: Installed, app: Path) -> None:
    definition = app / "words.json"
    definition.write_text(definition.read_text().replace(', "myHandler": "count-words"', ""))
    text = installed.run("-m", "pipelines", "check", "--app", str(definition), directory=app)
    assert "from datapipeline_runner.infra.stack import TaskRunnerStack" in text
    imports = [line for line in text.splitlines() if line.startswith(("from ", "import "))]
    installed.run("-c", "\n".join(imports), directory=app)


@pytest.mark.long
def test_the_own_app_synthesizes(installed: Installed, app: Path) -> None:
    assert "TaskRunner-count-words" in synth(installed, app)


def synth(installed: Installed, app: Path) -> str:
    """What the unmodified CDK CLI prints."""
    done = subprocess.run(
        ["cdk", "synth", "--app", "python app.py", "--output", app / "cdk.out", "TaskRunner"],
        cwd=app,
        env=clean_environment(installed.python) | {"CDK_DISABLE_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def local_aws(installed: Installed, app: Path, tmp_path: Path) -> Iterator[Deployment]:
    """``python -m local up`` of the wheel, in the user's directory, without a cdk.json."""
    (app / "cdk.json").unlink()
    errors = tmp_path / "errors"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            [installed.python, "-m", "local", "up", "--port", "0", "--end-with-stdin"],
            cwd=app,
            env=clean_environment(installed.python),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith(READY), errors.read_text()
        deployment = Deployment(said.split()[1], tmp_path, process.pid)
        keep_roles(deployment)
        yield deployment
    finally:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0, errors.read_text()


@pytest.mark.long
def test_local_up_runs_the_own_handler(installed: Installed, app: Path, local_aws: Deployment) -> None:
    """As docs/your-own-app.md says. The group polls all the time, though app.py does not say so."""
    (block,) = blocks_run_by(__file__)["docs/your-own-app.md"]
    port = local_aws.endpoint_url.rpartition(":")[2]
    local_aws.shell(block.text.replace("4566", port), {}, directory=app)

    def counted() -> str | None:
        group = f"/aws/lambda/{STACK}-count-words"
        events = local_aws.logs.filter_log_events(logGroupName=group, filterPattern='"Counted"')["events"]
        return events[0]["message"] if events else None

    assert json.loads(eventually(counted, "the handler did not run"))["words"] == 3
    options = ("--worker-group", "etl", "--endpoint-url", local_aws.endpoint_url)
    text = installed.run("-m", "pipelines", "verify", *options, directory=app, more=local_aws_variables())
    assert "The worker group 'etl' works." in text


def local_aws_variables() -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": OWNER["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": OWNER["aws_secret_access_key"],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
    }
