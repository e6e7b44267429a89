from __future__ import annotations

import pytest

from bttop.script.language.lexer import LexerFault, Token, after_blanks, attach_token, code_token, trivia_token


def kinds(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        token = code_token(text, at, 1)
        assert isinstance(token, Token)
        found.append((token.kind, token.text))
        at = token.end
    return [one for one in found if one[0] != "space"]


def test_the_words_of_code_are_told_apart() -> None:
    assert kinds('@ @x_1 $v $1 $# pid 0x1f 1_000 5s "a\\"b" /*c*/ //d') == [
        ("map", "@"),
        ("map", "@x_1"),
        ("variable", "$v"),
        ("variable", "$1"),
        ("variable", "$#"),
        ("word", "pid"),
        ("number", "0x1f"),
        ("number", "1_000"),
        ("number", "5s"),
        ("string", '"a\\"b"'),
        ("comment", "/*c*/"),
        ("comment", "//d"),
    ]


@pytest.mark.parametrize(
    "operator",
    [
        "<<=",
        ">>=",
        "->",
        "++",
        "--",
        "+=",
        "-=",
        "*=",
        "/=",
        "%=",
        "&=",
        "|=",
        "^=",
        "==",
        "!=",
        "<=",
        ">=",
        "<<",
        ">>",
        "&&",
        "||",
        "..",
        "::",
        ";",
        "é",
        "'",
    ],
)
def test_an_operator_is_one_token(operator: str) -> None:
    assert kinds(operator) == [("punct", operator)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/* open", "this comment is not closed"),
        ("/*/", "this comment is not closed"),
        ('"open', "this string is not closed"),
        ('"a\nb"', "this string is not closed"),
        ('"a\\\n"', "this string is not closed"),
    ],
)
def test_what_is_opened_and_never_closed_is_a_fault(text: str, reason: str) -> None:
    assert code_token(text, 0, 1) == LexerFault(reason, 0)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("k:f {", "k:f"),
        ("k:f,k:g", "k:f"),
        ("k:f{", "k:f"),
        ("t:a:b/pid==1/{", "t:a:b/pid==1/"),
        ('uprobe:"/a b,{":f {', 'uprobe:"/a b,{":f'),
        ('k:"open', "k:"),
    ],
)
def test_an_attach_point_is_one_word(text: str, word: str) -> None:
    assert attach_token(text, 0, 3) == Token("attach", word, 0, 3)


def test_no_attach_point_starts_at_a_block() -> None:
    assert attach_token("{", 0, 1) is None


def test_preprocessor_lines_end_with_their_line() -> None:
    assert trivia_token("#define A {\n", 0, 1) == Token("preprocessor", "#define A {", 0, 1)
    assert trivia_token("k:f", 0, 1) is None


def test_white_space_and_comments_between_words_are_passed_over() -> None:
    text = "/ /* x */ // y\n {"
    assert text[after_blanks(text, 1)] == "{"
