"""A handler in a file anywhere: what is deployed with it, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.bundling import asset_directory
from infra.configuration_error import ConfigurationError
from infra.container import Container
from infra.handler_file import HandlerFile
from infra.handlers import PythonHandler
from tests.infra.conftest import a_vpc, synthesize

HANDLER = "from runner import task_handler\n{more}\n@task_handler\ndef handler(task): ...\n"


def write(directory: Path, **files: str) -> Path:
    """Files by their names without ``.py``, with ``__`` for a slash. The first is returned."""
    paths = []
    for name, text in files.items():
        path = directory / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        paths.append(path)
    return paths[0]


def test_what_it_imports_from_beside_it_is_deployed_with_it(tmp_path: Path) -> None:
    own = write(
        tmp_path / "own",
        load=HANDLER.format(more="import words\nfrom shop.orders import read"),
        words="def work():\n    import deeper",
        deeper="",
        shop__orders="from shop import prices\ndef read(): ...",
        shop__prices="",
        unrelated="import words",
        app="import aws_cdk",
    )
    (tmp_path / "own" / "shop" / "query.sql").write_text("SELECT 1")
    (tmp_path / "own" / "secrets.json").write_text("{}")
    asset = HandlerFile.of(own).asset(asset_directory(), layers=False, build=tmp_path / "build")
    assert added_to(asset) == {
        *("load.py", "words.py", "deeper.py", "shop/orders.py", "shop/prices.py", "shop/query.sql"),
    }
    assert (asset / "runner" / "task.py").is_file()


def added_to(asset: Path) -> set[str]:
    """What an asset has beside what all functions have."""
    common = asset_directory()
    return {
        path.relative_to(asset).as_posix()
        for path in asset.rglob("*")
        if path.is_file() and not (common / path.relative_to(asset)).exists()
    }


def deployed(file: Path, tmp_path: Path) -> set[str]:
    return added_to(HandlerFile.of(file).asset(asset_directory(), layers=False, build=tmp_path / "build"))


def link(path: Path, target: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return path


@pytest.mark.parametrize("beside", ["etl", "shared"])
def test_a_link_keeps_its_name_and_what_is_beside_it_or_its_target(tmp_path: Path, beside: str) -> None:
    write(tmp_path / "shared", load_v2=HANDLER.format(more="import words"))
    write(tmp_path / beside, words="from shop import prices", shop__prices="")
    assert deployed(link(tmp_path / "etl" / "load.py", "../shared/load_v2.py"), tmp_path) == {
        *("load.py", "words.py", "shop/prices.py")
    }


def test_what_links_lead_to_is_deployed(tmp_path: Path) -> None:
    etl = tmp_path / "etl"
    own = write(etl, load=HANDLER.format(more="import shop.deep.orders\nimport words"), shop__x="")
    write(tmp_path / "libs", words_v2="", deep__orders="import words")
    link(etl / "words.py", "../libs/words_v2.py")
    link(etl / "shop" / "deep", "../../libs/deep")
    link(etl / "shop" / "loop", "..")
    link(etl / "shop" / "gone", "no-such-file")
    expected = {"load.py", "words.py", "shop/x.py", "shop/deep/orders.py"}
    assert deployed(own, tmp_path) == expected
    assert deployed(link(tmp_path / "folder", "etl") / "load.py", tmp_path) == expected


NAMESPACE = {
    "ns__sub__m": "from ..top import z\nfrom . import k\ndef work(): ...",
    "ns__sub__k": "",
    "ns__top": "z = 1",
}


def test_a_directory_without_init_is_a_package_too(tmp_path: Path) -> None:
    imports = [
        *("import ns.sub.m", "import ns.sub.m as m", "import ns", "from ns import sub, top"),
        *("from ns.sub import m", "from ns.sub.m import work"),
    ]
    own = write(tmp_path / "own", load=HANDLER.format(more="\n".join(imports)), **NAMESPACE)
    assert deployed(own, tmp_path) == {"load.py", "ns/sub/m.py", "ns/sub/k.py", "ns/top.py"}


def test_the_function_has_it_and_all_others_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "etl", load=HANDLER.format(more=""))
    monkeypatch.chdir(tmp_path)
    template = synthesize(
        handlers=[
            ("load", PythonHandler(path="etl/load.py")),
            ("boxed", PythonHandler(path=tmp_path / "etl" / "load.py", compute=Container(vpc=a_vpc()))),
            ("Exists", PythonHandler(module="exists")),
        ]
    ).to_json()["Resources"]
    functions = [each["Properties"] for each in template.values() if each["Type"] == "AWS::Lambda::Function"]
    keys = {each["Handler"]: each["Code"]["S3Key"] for each in functions}
    assert keys["activities.exists.handler"] == keys["poll_for_task.handler"] != keys["load.handler"]
    (task,) = (each for each in template.values() if each["Type"] == "AWS::ECS::TaskDefinition")
    (container,) = task["Properties"]["ContainerDefinitions"]
    variables = {each["Name"]: each["Value"] for each in container["Environment"]}
    assert variables["TASK_HANDLER"] == "load.handler"
    assert keys["load.handler"] in str(variables["TASK_CODE"])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("load", "def handle(e, c): ...", "load.py has no function `handler`, which Lambda calls"),
        ("load", "def handler(:", "load.py, line 1: invalid syntax"),
        ("load", "import pandas\nhandler = 1", "load.py, line 1: there is no module `pandas` on Lambda"),
        ("load", "from datapipeline_runner import Tsk\nhandler = 1", "Did you mean `Task`?"),
        ("load", "from datapipeline_runner.runner import Task\nhandler = 1", "there is no module"),
        ("load", "from .words import count\nhandler = 1", "begins above the packages"),
        ("load", "import words\nhandler = 1", "words.py, line 1: there is no module `numpy`"),
        ("load", "import sql\nhandler = 1", "`sql` is a module of Python, of the runner"),
        ("load", "import ns.sub.n\nhandler = 1", "there is no module `ns.sub.n`"),
        ("load", "from ns.sub import n\nhandler = 1", "`ns.sub` has no `n`"),
        ("load", "from ns import work\nhandler = 1", "`ns` has no `work`"),
        ("json", "handler = 1", "`json` is a module of Python"),
        ("runner", "handler = 1", "Give yours another name"),
        ("my-handler", "handler = 1", "it needs a name such as count_words.py"),
    ],
)
def test_what_lambda_could_not_load_is_refused_by_the_users_own_path(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    file = write(tmp_path, **{name: text, "words": "import numpy", "sql": "", **NAMESPACE})
    with pytest.raises(ConfigurationError) as refused:
        synthesize(handlers=[("It", PythonHandler(path=file))])
    assert said in str(refused.value)
    assert str(tmp_path) in str(refused.value) or name == "my-handler"
    assert ".build" not in str(refused.value)


def test_a_package_may_be_in_a_layer(tmp_path: Path) -> None:
    file = write(tmp_path, load="import pandas\nhandler = 1")
    asset = HandlerFile.of(file).asset(asset_directory(), layers=True, build=tmp_path / "build")
    assert (asset / "load.py").is_file()


def test_a_path_that_leads_nowhere_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as refused:
        synthesize(handlers=[("It", PythonHandler(path="etl/none.py"))])
    assert f"there is no such file in {tmp_path}" in str(refused.value) or str(tmp_path) in str(refused.value)


@pytest.mark.parametrize("given", [{}, {"module": "exists", "path": "exists.py"}])
def test_either_a_module_or_a_path_is_given(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="either module"):
        synthesize(handlers=[("It", PythonHandler(**given))])


def test_a_changed_neighbour_is_a_changed_asset(tmp_path: Path) -> None:
    file = write(tmp_path / "own", load="import words\nhandler = 1", words="")
    build = tmp_path / "build"
    before = HandlerFile.of(file).asset(asset_directory(), layers=False, build=build)
    write(tmp_path / "own", words="x = 1")
    after = HandlerFile.of(file).asset(asset_directory(), layers=False, build=build)
    assert before != after
    assert (after / "words.py").read_text() == "x = 1"
