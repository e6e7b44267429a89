"""Parts of bpftrace's language, and scripts put together from them."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

PATH = Path("x.bt")

PIECES = [
    *"/{}()[];,@$\"'\\#\n \t",
    *(
        "//",
        "/*",
        "*/",
        "k:f",
        "BEGIN",
        "interval:s:1",
        "@x",
        "$1",
        "count()",
        "=",
        "++",
        "+=",
        "print",
        "clear",
    ),
    *(
        "struct",
        "let",
        "macro",
        "config",
        "import",
        "-e",
        "bpftrace",
        "sudo",
        "$(",
        "`",
        "|",
        "é",
        "1",
        "pid",
    ),
    *("/// bttop", "// /// bttop\n", "// ///\n", "// [map.x]\n", "stdin:1:2-3: ERROR: x", "~~~"),
]

_EXPRESSIONS = [
    *(
        "pid",
        "comm",
        "arg0",
        "args->len",
        "args.len",
        "args->saddr",
        "probe",
        '"a}b"',
        "1",
        "-1",
        "$1",
        "@s[tid]",
        "ustack",
        "kstack(3)",
    ),
    *("str(args->name)", "arg0 / 1024", "(int8)arg1", "nsecs - @s[tid]", "arg0 ? 1 : 2", "ntop(2, arg0)"),
]
_GLUE = ["", " ", "\n", " // note { /\n", " /* } */ "]
_POINTS = [
    *("k:f", "kprobe:vfs_read", "t:sched:sched_switch", "tracepoint:irq:softirq_entry", "uprobe:/bin/a:f"),
    *("t:tcp:tcp_retransmit_skb", "t:syscalls:sys_enter_*"),
    *("profile:hz:99", "BEGIN", "END", "k:f,\n// c\nk:g", 'uprobe:"/a b":"f{g"'),
]
_OPENINGS = [
    "",
    "#!/usr/bin/bpftrace\n",
    "#define A {\n",
    "struct s { int x; };\n",
    "let @m = hash(3);\n",
    "/* a */",
]
_OWN = [
    "",
    "",
    "interval:s:2 { print(@a); clear(@a); }",
    "interval:s:2 { time(); print(@a); clear(@a) }",
    "i:hz:1 { print(@b); }",
]


def scripts() -> st.SearchStrategy[str]:
    """Whole scripts, ended by a newline."""
    parts = st.tuples(st.sampled_from(_OPENINGS), st.lists(_probes(), min_size=1, max_size=3), st.sampled_from(_OWN))
    return parts.map(lambda made: made[0] + "\n".join(made[1]) + "\n" + made[2] + "\n")


def _expressions() -> st.SearchStrategy[str]:
    return st.sampled_from(_EXPRESSIONS)


@st.composite
def _statements(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["@", "@a", "@b", "@c"]))
    glue = draw(st.sampled_from(_GLUE))
    keys = draw(st.lists(_expressions(), max_size=3))
    key = f"[{f',{glue}'.join(keys)}]" if keys else ""
    value = draw(_expressions())
    form = draw(
        st.sampled_from(
            [
                *(" = count()", " = sum(V)", " = hist(V)", " = lhist(V, 0, 10, 1)", " = avg(V)", " = min(V)"),
                *("++", " += V", " = V", "--", " = stats(V)"),
            ]
        )
    )
    return f"{name}{key}{glue}{form.replace('V', value + glue)}"


def _blocks() -> st.SearchStrategy[str]:
    other = st.sampled_from(["$v = 1", "@s[tid] = nsecs", "delete(@s[tid])", 'printf("%d }", pid)', "clear(@c)"])
    plain = st.lists(st.one_of(_statements(), other), max_size=5)
    return st.tuples(plain, st.sampled_from(["", ";"]), st.sampled_from(_GLUE)).map(_block)


def _block(made: tuple[list[str], str, str]) -> str:
    statements, end, glue = made
    return f"{{{glue}{f';{glue}'.join(statements)}{end if statements else ''}{glue}}}"


@st.composite
def _probes(draw: st.DrawFn) -> str:
    point = draw(st.sampled_from(_POINTS))
    predicate = draw(
        st.sampled_from(
            ["", "/pid == 1/", "/arg0 / 2 > 1 // x\n/", "/@s[tid]/", "/pid == $1/", "/$1 == 0 || (@b_pid[1] != $1)/"]
        )
    )
    block = draw(_blocks())
    if draw(st.booleans()):
        block = f"{{ if (pid) {block} else {block} }}"
    return f"{point} {predicate} {block}"
