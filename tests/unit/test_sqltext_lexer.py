from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgschema.sqltext import LexError, position_of, read_script, statements, tokens

# Each text is one statement to the server, whatever semicolons and quotes it holds.
ONE_STATEMENT = [
    "select 'a;b'",
    "select 'it''s;'",
    r"select E'it\'s;'",
    r"select e'\\';",
    r"select 'a\';",
    "select U&'\\0061;' uescape '!'",
    "select b'1;', x'1f;', n'a;'",
    'select 1 as "a;b"',
    'select 1 as "a"";b"',
    'select U&"d\\0061t;"',
    "select $$;$$",
    "select $a$ $b$ ; $$ ; $b$ $a$",
    "select $ø$;$ø$",
    "select a$b$c;",
    "select somee'x;'",
    "select 1 -- ; no end",
    "select /* ; /* ; */ ; */ 1",
    "select 1 /* -- ' */",
    "select 1 --' \n + 1",
    "select 'a'\n 'b;'",
    "select 1.5e-3, 0x1F, 1_000, a[1:2], 1.$$;$$",
    "select E'a'\f -- '\n --'\n 'it\\'s;'",
    "create function f() returns int language sql return case when true then 1 end",
    "select array[';']",
    "select $1 + $2",
    "select 1::text || ':;'",
    "select a @> b, a #>> '{;}', a ?| b",
    "select 5 - -1, 5 --1\n",
    "select 4 /*;*/ / /*;*/ 2",
    "create rule r as on insert to t do also (insert into a values (1); insert into b values (2))",
    "create function f() returns int language sql begin atomic select 1; select 2; end",
    "create or replace procedure p() begin atomic insert into t values (1); end",
    "create function f() returns int begin atomic select case when a then 1 end from t; end",
    "create function f() returns int begin atomic select case when (case a when 1 then 2 end) = 1"
    " then 1 else 2 end; select 3; end",
    "create function f() returns int language plpgsql as $$ begin return 1; end; $$",
    "do $$ begin commit; end $$",
    'create function "begin"() returns int language sql return 1',
    'create table t ("begin" int, "end" int)',
    "comment on table t is E'a\\nb;'",
    "select 'ø;Ω', \"Ø;\" from Æ",
    ";;select 1;;",
]


@pytest.mark.parametrize("text", ONE_STATEMENT)
def test_a_semicolon_inside_something_ends_nothing(text: str) -> None:
    found = list(statements(text))
    assert len(found) == 1
    assert found[0].text in text


def test_statements_are_cut_at_top_level_semicolons() -> None:
    text = "select 1; -- one\n\n/* two */ select 2\n;;\nselect ';' ;"
    assert [s.text for s in statements(text)] == ["select 1", "select 2", "select ';'"]
    assert [position_of(text, s.start) for s in statements(text)] == [(1, 1), (3, 11), (5, 1)]


def test_a_begin_outside_of_a_routine_opens_no_body() -> None:
    assert len(list(statements("begin; select 1; end"))) == 3
    assert len(list(statements("create table t (a int); begin; end;"))) == 3


def test_a_number_ends_where_a_name_begins() -> None:
    texts = [token.text for token in tokens("1.5e-3 0x1F 1_000 1..2 1._$$a")]
    assert texts == ["1.5e-3", "0x1F", "1_000", "1", ".", ".", "2", "1.", "_$$a"]


def test_an_operator_ends_where_a_comment_begins() -> None:
    assert [t.text for t in tokens("a=--b\n1")] == ["a", "=", "1"]
    assert [t.text for t in tokens("2*/*b*/3")] == ["2", "*", "3"]


@pytest.mark.parametrize(
    ("text", "what", "offset"),
    [
        ("select 'a", "string", 7),
        (r"select E'a\'", "string", 7),
        ('select "a', "quoted identifier", 7),
        ("select $a$ $$", "dollar quote $a$", 7),
        ("select /* /* */", "comment", 7),
        (r"a E'b''\'c", "string", 2),
        ("a 'b''c", "string", 2),
        ('a "b""c', "quoted identifier", 2),
    ],
)
def test_what_does_not_end_is_told_with_its_beginning(text: str, what: str, offset: int) -> None:
    with pytest.raises(LexError) as caught:
        list(tokens(text))
    assert (caught.value.problem, caught.value.what) == ("unterminated", what)
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("text", "name"), [("a ${b}.c", "${b}"), ("${x", "${"), ("${a:b}", "${a:b}"), ("${\n}", "${")]
)
def test_a_placeholder_is_told_by_name(text: str, name: str) -> None:
    with pytest.raises(LexError) as caught:
        list(tokens(text))
    assert (caught.value.problem, caught.value.what) == ("placeholder", name)


@pytest.mark.parametrize("text", ["'${a}'", "$$ ${a} $$", '"${a}"', "-- ${a}", "/* ${a} */"])
def test_a_placeholder_inside_something_may_be_meant(text: str) -> None:
    assert read_script(text).error is None


@pytest.mark.parametrize("command", [r"\i", r"\set", r"\copy", r"\gexec", r"\."])
def test_a_psql_command_is_told_by_name(command: str) -> None:
    with pytest.raises(LexError) as caught:
        list(tokens(f"select 1;\n{command} x"))
    assert (caught.value.problem, caught.value.what) == ("meta-command", command)


def test_reading_keeps_what_came_before_an_error() -> None:
    script = read_script("select 1; select 'x")
    assert [s.text for s in script.statements] == ["select 1"]
    assert script.error is not None


_PIECES = st.sampled_from(
    [
        *(
            "select 1",
            "'a;''b'",
            r"E'a\';'",
            '"a;"',
            "$$;'$$",
            "$x$;$$;$x$",
            "(1;2)",
            "a.b",
            "+",
            "::",
        ),
        *("-- ;'\n", "/* ;' /* */ */", " ", "\n", "ø", "a$1", "1.5e3", ",", "[1]"),
    ]
)


@given(st.lists(st.lists(_PIECES, min_size=1).map(" ".join), min_size=1, max_size=5))
def test_joining_pieces_with_semicolons_and_cutting_gives_them_back(pieces: list[str]) -> None:
    whole = [p for p in pieces if list(tokens(p))]
    found = list(statements("\n;".join(whole)))
    assert [[t.text for t in s.tokens] for s in found] == [
        [t.text for t in tokens(p)] for p in whole
    ]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_reading_any_text_ends_with_tokens_or_a_place_inside_it(text: str) -> None:
    script = read_script(text)
    if script.error is not None:
        assert 0 <= script.error.offset < len(text)
    for token in (token for statement in script.statements for token in statement.tokens):
        assert text.startswith(token.text, token.start)
