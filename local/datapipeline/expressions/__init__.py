"""The `#{…}` language of pipeline definitions (Developer Guide, Pipeline Expressions and Functions)."""

from local.datapipeline.expressions.evaluation import Scope, evaluate, evaluate_fields, evaluate_text
from local.datapipeline.expressions.syntax import ExpressionError, names_used, parse, paths_used

__all__ = [
    "ExpressionError",
    "Scope",
    "evaluate",
    "evaluate_fields",
    "evaluate_text",
    "names_used",
    "parse",
    "paths_used",
]
