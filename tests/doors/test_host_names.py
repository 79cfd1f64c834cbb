"""A web page elsewhere that talks to the app by a name of its own (DNS rebinding).

The weakness: a server on this computer answers whoever calls it by any name, so a page of
evil.example, whose name has been pointed at 127.0.0.1, may read it. What closes it: names other
than this computer's are answered with 400. The test is with the server's own tests, for it needs
the server; this one keeps it from being lost.
"""

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]


def calls_with(keyword, value, function):
    return any(
        isinstance(node, ast.keyword)
        and node.arg == keyword
        and isinstance(node.value, ast.Constant)
        and node.value.value == value
        for node in ast.walk(function)
    )


def test_a_test_asks_the_server_by_a_strange_name():
    found = [
        function
        for path in TESTS.glob("browser/test_*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef) and calls_with("Host", "evil.example", function)
    ]
    assert found
    assert any("== 400" in ast.unparse(function) for function in found)
