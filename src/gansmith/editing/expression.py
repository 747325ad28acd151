"""Sums that people write of latents, "mean(glasses_men) - mean(men) + mean(women)", read by recursive descent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gansmith.errors import UsageError

LONGEST, DEEPEST = 2000, 32  # characters; parentheses and calls within one another
FUNCTIONS = {"mean": (1, 1), "seed": (1, 2)}  # the fewest and the most they are given
TOKEN = re.compile(r"\s*(?:(?P<number>\d+\.?\d*|\.\d+)|(?P<word>[A-Za-z_]\w*)|(?P<sign>[-+*/(),]))", re.ASCII)


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Name:
    word: str


@dataclass(frozen=True)
class Call:
    function: str
    given: tuple[Node, ...]


@dataclass(frozen=True)
class Operation:
    """sign: +, -, * or /."""

    sign: str
    left: Node
    right: Node


Node = Number | Name | Call | Operation


@dataclass(frozen=True)
class Term:
    """What a sum adds, or takes away: sign + or -, and the words it was written in."""

    sign: str
    node: Node
    words: str


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    begin: int
    end: int


def parsed(text: str) -> tuple[Term, ...]:
    """The terms of a sum: names, numbers, mean(...), seed(7), seed(0, 7), + - * / and parentheses, usual precedence.

    Raises UsageError that points at what cannot be read.
    """
    if len(text) > LONGEST:
        raise UsageError(f"An expression of {len(text):,} characters is too long.", do=f"at most {LONGEST:,}")
    return _Parser(text, [*_tokens(text)]).whole()


def names_in(node: Node) -> Iterator[str]:
    """Every name, as often as it stands there."""
    match node:
        case Name(word):
            yield word
        case Call(_, given):
            for one in given:
                yield from names_in(one)
        case Operation(_, left, right):
            yield from names_in(left)
            yield from names_in(right)


def _tokens(text: str) -> Iterator[Token]:
    place = 0
    while text[place:].strip():
        match = TOKEN.match(text, place)
        if not match or not match.lastgroup:
            raise _unread(text, place + len(text[place:]) - len(text[place:].lstrip()))
        yield Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup), match.end())
        place = match.end()
    yield Token("end", "", len(text), len(text))


def _unread(text: str, place: int, why: str = "") -> UsageError:
    shown = text[max(0, place - 20) : place] + ">>" + text[place : place + 20]
    return UsageError(
        "The expression cannot be read." if place < len(text) else "The expression ends too early.",
        why or f"at {shown!r}",
        '"mean(a) - mean(b) + mean(c)": names of groups and directions, seed(7), numbers, + - * / and parentheses',
    )


@dataclass
class _Parser:
    """Reads tokens from left to right, one step ahead."""

    text: str
    tokens: list[Token]
    place: int = 0
    depth: int = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def taken(self, *texts: str) -> Token | None:
        """The next token, if it is one of these signs."""
        if self.next.kind != "sign" or self.next.text not in texts:
            return None
        self.place += 1
        return self.tokens[self.place - 1]

    def expect(self, sign: str) -> None:
        if not self.taken(sign):
            raise _unread(self.text, self.next.begin)

    def whole(self) -> tuple[Term, ...]:
        terms = self.terms()
        if self.next.kind != "end":
            raise _unread(self.text, self.next.begin)
        return terms

    def terms(self) -> tuple[Term, ...]:
        found: list[Term] = []
        sign = self.taken("+", "-")
        while True:
            begin = self.next.begin
            node = self.product()
            words = self.text[begin : self.tokens[self.place - 1].end].strip()
            found.append(Term(sign.text if sign else "+", node, words))
            sign = self.taken("+", "-")
            if not sign:
                return tuple(found)

    def product(self) -> Node:
        node = self.factor()
        while sign := self.taken("*", "/"):
            node = Operation(sign.text, node, self.factor())
        return node

    def factor(self) -> Node:
        token = self.next
        if token.kind == "number":
            self.place += 1
            return Number(float(token.text))
        if token.kind == "word":
            self.place += 1
            return self.called(token) if self.taken("(") else Name(token.text)
        if self.taken("("):
            node = self.inner()
            self.expect(")")
            return node
        raise _unread(self.text, token.begin)

    def inner(self) -> Node:
        """What stands in parentheses."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise _unread(self.text, self.next.begin, f"more than {DEEPEST} parentheses within one another")
        node = summed(self.terms())
        self.depth -= 1
        return node

    def called(self, token: Token) -> Call:
        if token.text not in FUNCTIONS:
            raise _unread(
                self.text, token.begin, f"there is no function '{token.text}', only {' and '.join(FUNCTIONS)}"
            )
        given = [self.inner()]
        while self.taken(","):
            given.append(self.inner())
        self.expect(")")
        fewest, most = FUNCTIONS[token.text]
        if not fewest <= len(given) <= most:
            raise _unread(self.text, token.begin, f"{token.text} takes {' or '.join({str(fewest), str(most)})} of them")
        return Call(token.text, tuple(given))


def summed(terms: tuple[Term, ...]) -> Node:
    """A sum as one node."""
    first, *others = terms
    node = first.node if first.sign == "+" else Operation("*", Number(-1.0), first.node)
    for one in others:
        node = Operation(one.sign, node, one.node)
    return node
