"""The list of protections agrees with the code and the tests."""

from __future__ import annotations

import re

import pytest

from local.launch import ROOT
from tests.protections.page import page
from tests.protections.protections import PROTECTIONS, UNPROVEN, Protection
from tests.protections.trial import failures, is_of, without
from tests.unit.test_protocol_table import names_in

TEST_ID = re.compile(r"(tests/[\w/]+\.py)::(\w+)(?:\[([\w-]+)\])?")


@pytest.mark.parametrize("protection", PROTECTIONS, ids=lambda protection: protection.what)
def test_it_is_there_once_and_its_tests_exist(protection: Protection) -> None:
    text = (ROOT / protection.path).read_text()
    assert without(text, protection) != text
    assert protection.tests
    for test in protection.tests:
        assert_exists(test)


def assert_exists(test: str) -> None:
    found = TEST_ID.fullmatch(test)
    assert found, test
    path, name, case = found.groups()
    functions, strings = names_in(path)
    assert name in functions, test
    assert not case or case in functions | strings, test


def test_unproven_tests_exist() -> None:
    for case in UNPROVEN:
        assert_exists(case.test)


def test_no_two_are_the_same() -> None:
    assert len({protection.what for protection in PROTECTIONS}) == len(PROTECTIONS)
    assert len({(protection.path, protection.removed) for protection in PROTECTIONS}) == len(PROTECTIONS)


@pytest.mark.parametrize("text", ["", "line line"])
def test_what_is_missing_or_there_twice_cannot_be_taken_away(text: str) -> None:
    with pytest.raises(ValueError, match="found"):
        without(text, Protection("", "a.py", "line", ()))


def test_a_failure_counts_and_an_error_of_a_fixture_does_not() -> None:
    report = """<testsuites><testsuite>
      <testcase classname="tests.unit.test_a" name="test_x[1]"><failure message="assert 1 == 2"/></testcase>
      <testcase classname="tests.unit.test_a" name="test_y"><error message="failed on setup"/></testcase>
      <testcase classname="tests.unit.test_a" name="test_z"/>
    </testsuite></testsuites>"""
    found = failures(report)
    assert found == {"tests/unit/test_a.py::test_x[1]": "assert 1 == 2"}
    assert is_of("tests/unit/test_a.py::test_x[1]", "tests/unit/test_a.py::test_x")
    assert not is_of("tests/unit/test_a.py::test_x[1]", "tests/unit/test_a.py::test_x[2]")


def test_the_page_lists_each() -> None:
    text = page()
    assert all(f"| {protection.what} | `{protection.path}`" in text for protection in PROTECTIONS)
    assert all(f"`{case.test}`" in text for case in UNPROVEN)
