"""Sums of latents are read as arithmetic is, refused in words, and come to what linear algebra says."""

from __future__ import annotations

import ast
import operator
import random
from collections.abc import Callable, Mapping

import pytest
import torch

from gansmith.editing.expression import Call, Name, Operation, names_in, parsed, summed
from gansmith.editing.sums import Value, evaluated, offset, points, settled
from gansmith.errors import UsageError


def numbers(text: str) -> float:
    value = evaluated(summed(parsed(text)), {}, lambda seed, which: points(torch.zeros(1, 2)))
    assert not isinstance(value, Value)
    return value


def by_python(text: str) -> float:
    """The same by Python's own grammar."""
    signs: Mapping[type, Callable[[float, float], float]] = {
        **{ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
    }

    def of(node: ast.AST) -> float:
        if isinstance(node, ast.BinOp):
            return signs[type(node.op)](of(node.left), of(node.right))
        if isinstance(node, ast.UnaryOp):
            return -of(node.operand) if isinstance(node.op, ast.USub) else of(node.operand)
        assert isinstance(node, ast.Constant) and isinstance(node.value, int | float)
        return float(node.value)

    return of(ast.parse(text, mode="eval").body)


def test_precedence_is_that_of_arithmetic() -> None:
    dice = random.Random(0)

    def made(depth: int) -> str:
        if depth == 0 or dice.random() < 0.2:
            return f"{dice.choice([1, 2, 3, 0.5, 7.25])}"
        sign = dice.choice("+-*/")
        left, right = made(depth - 1), made(depth - 1)
        return f"({left} {sign} {right})" if dice.random() < 0.5 else f"{left}{sign}{right}"

    compared = 0
    for _ in range(300):
        text = dice.choice(["", "-", "+"]) + made(4)
        try:
            expected = by_python(text)
        except ZeroDivisionError:
            continue
        if abs(expected) < 1e5:
            compared += 1
            assert numbers(text) == pytest.approx(expected, rel=1e-9, abs=1e-9), text
    assert compared > 200


def test_terms_know_their_signs_and_words() -> None:
    found = parsed(" mean(a) - 2*mean( b )+ c ")
    assert [(term.sign, term.words) for term in found] == [("+", "mean(a)"), ("-", "2*mean( b )"), ("+", "c")]
    assert [name for term in found for name in names_in(term.node)] == ["a", "b", "c"]
    assert isinstance(found[0].node, Call) and isinstance(found[1].node, Operation) and found[2].node == Name("c")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "ends too early"),
        ("mean(a", "ends too early"),
        ("mean(a))", "cannot be read"),
        ("a b", "cannot be read"),
        ("a ++ b", "cannot be read"),
        ("median(a)", "no function 'median'"),
        ("mean(a, b)", "takes 1"),
        ("a ; b", ">>; b"),
        ("__import__(os)", "no function '__import__'"),
        ("(" * 40 + "a" + ")" * 40, "within one another"),
        ("a+" * 2000, "too long"),
        ("a ** b", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(text)
    assert words in str(caught.value)
    assert caught.value.do


def value_of(text: str, known: Mapping[str, Value]) -> Value:
    found = evaluated(summed(parsed(text)), known, lambda seed, which: points(torch.full((1, 4), float(seed + which))))
    assert isinstance(found, Value)
    return found


@pytest.fixture
def groups() -> dict[str, Value]:
    chance = torch.Generator().manual_seed(0)
    found = {name: points(torch.randn(5, 4, generator=chance)) for name in "abc"}
    return found | {"one": points(torch.randn(1, 4, generator=chance)), "d": offset(torch.tensor([1.0, 0, 0, 0]))}


def test_means_are_added_as_they_are(groups: dict[str, Value]) -> None:
    a, b, c = (groups[name].coords for name in "abc")
    found = settled(value_of("mean(a) - mean(b) + mean(c)", groups), hold=True)
    torch.testing.assert_close(found, (a.mean(0) - b.mean(0) + c.mean(0))[None])
    each = settled(value_of("c + (mean(a) - mean(b)) * 0.5", groups), hold=True)
    torch.testing.assert_close(each, c + 0.5 * (a.mean(0) - b.mean(0)))
    torch.testing.assert_close(settled(value_of("seed(7)", groups), hold=True), torch.full((1, 4), 7.0))
    torch.testing.assert_close(settled(value_of("seed(7, 2)", groups), hold=True), torch.full((1, 4), 9.0))


def test_halves_of_two_latents_are_spherical_interpolation(groups: dict[str, Value]) -> None:
    p, q = groups["a"].coords[0], groups["b"].coords[0]
    p, q = p / p.norm() * 2, q / q.norm() * 2
    known = {"p": points(p[None]), "q": points(q[None])}
    angle = torch.acos((p @ q) / 4)
    slerp = (torch.sin(angle / 2) * p + torch.sin(angle / 2) * q) / torch.sin(angle)
    torch.testing.assert_close(settled(value_of("0.5*p + q/2", known), hold=True)[0], slerp)
    torch.testing.assert_close(settled(value_of("0.5*p + q/2", known), hold=False)[0], (p + q) / 2)


def test_steps_leave_lengths_as_they_were(groups: dict[str, Value]) -> None:
    one = groups["one"].coords
    moved = one + torch.tensor([2.0, 0, 0, 0])
    found = settled(value_of("one + 2*d", groups), hold=True)
    torch.testing.assert_close(found, moved / moved.norm() * one.norm())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a - b", "add up to 0"),
        ("mean(a) + mean(b)", "add up to 2"),
        ("2*d", "add up to 0"),
        ("a + ab", "no group or direction 'ab'"),
        ("a * b", "multiplied by latents"),
        ("a / b", "Only numbers divide"),
        ("a / 0", "Only numbers divide"),
        ("a + 1", "number cannot be added"),
        ("1 + a", "number cannot be added"),
        ("mean(2)", "mean() is of latents"),
        ("a + two", "5 latents and 2"),
        ("seed(0.5)", "whole number"),
        ("seed(a)", "whole number"),
        ("9999999 * a", "too large"),
    ],
)
def test_sums_that_are_no_latents_are_refused(groups: dict[str, Value], text: str, words: str) -> None:
    known = groups | {"two": points(torch.zeros(2, 4))}
    with pytest.raises(UsageError) as caught:
        settled(value_of(text, known), hold=True)
    assert words in str(caught.value)
    assert caught.value.do
