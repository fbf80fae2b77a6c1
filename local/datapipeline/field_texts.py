"""The text of fields as the service hands it out: evaluated, with the settings for what AWS leaves open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from local.datapipeline.expressions import evaluate_fields, evaluate_text
from local.datapipeline.objects import Field
from local.datapipeline.scopes import ObjectScope
from local.datapipeline.settings import Settings


def as_handed_out(fields: Iterable[Field], scope: ObjectScope, settings: Settings) -> list[Field]:
    """An object's `fields`, evaluated. Raises ExpressionError, which names the field."""
    return [handed for field in fields for handed in _handed_out(field, scope, settings)]


def evaluated_text(text: str, scope: ObjectScope, settings: Settings) -> str:
    """The answer of EvaluateExpression. Raises ExpressionError."""
    if _is_kept(text, scope, settings):
        return text
    return _backslashes(evaluate_text(text, scope), settings)


def _handed_out(field: Field, scope: ObjectScope, settings: Settings) -> Iterator[Field]:
    if field.is_reference or _is_kept(field.value, scope, settings):
        yield field
        return
    for evaluated in evaluate_fields([field], scope):
        if evaluated.value or not field.value:
            yield Field(evaluated.key, _backslashes(evaluated.value, settings))


def _is_kept(text: str, scope: ObjectScope, settings: Settings) -> bool:
    return settings.optional_values == "kept" and scope.definition.valueless(text, optional=True)


def _backslashes(text: str, settings: Settings) -> str:
    """Remove one level of escaping, or not: published definitions show both.

    Developer Guide: EmrActivity has its first escape removed, and the example for PigActivity is doubled as
    well; the one for RegEx is not.
    """
    return text.replace("\\\\", "\\") if settings.doubled_backslashes == "halved" else text
