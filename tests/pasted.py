"""Lines that people paste, each with what it must run, or with the sentence that refuses it."""

from __future__ import annotations

from typing import Final

from bttop.script.pasted.one_liner import OneLiner
from bttop.script.pasted.options import PIN_NOTE

PROGRAM: Final = "tracepoint:syscalls:sys_enter_openat { @opens[pid, comm] = count(); }"
TEXTS: Final = 'kprobe:f /comm == "a b"/ { printf("%s\\n", comm); }'
E: Final = f"bpftrace -e '{PROGRAM}'"
RUNS: Final = OneLiner(PROGRAM)


def noted(*notes: str, program: str = PROGRAM) -> OneLiner:
    """The program, with messages."""
    return OneLiner(program, notes=notes)


WEB: Final = "replaced characters of a web page: "
LINES_LEFT: Final = "left out: the lines behind the command"

RUN: Final[list[tuple[str, OneLiner]]] = [
    # Prompts.
    (f"[root@host ~]# {E}", RUNS),
    (f"user@host:~$ sudo {E}", RUNS),
    (f"root@host:/tmp# {E}", RUNS),
    (f"host:~ # {E}", RUNS),
    (f"# {E}", RUNS),
    (f"$ {E}", RUNS),
    (f"% sudo {E}", RUNS),
    (f"bash-5.1# {E}", RUNS),
    (f"/ # {E}", RUNS),
    (f"❯ {E}", RUNS),
    (f"➜  ~ {E}", RUNS),
    (f"➜  src git:(main) ✗ sudo {E}", RUNS),
    (f"~/src on main via py ❯ {E}", RUNS),
    (f"~/src on main\n❯ {E}", RUNS),
    (f"(venv) user@host ~ % sudo {E}", RUNS),
    (f"user@host ~> sudo {E}", RUNS),
    (f"[12:03:44] user@host:~$ {E}", RUNS),
    (f"┌──(root㉿kali)-[~]\n└─# {E}", RUNS),
    (f" ~ \ue0b0 {E}", RUNS),
    (f"\x1b[1;32muser@host\x1b[0m:~$ {E}", RUNS),
    (f"\x1b]0;title\x07$ {E}", RUNS),
    (f"# {PROGRAM}", RUNS),
    (f"❯ {PROGRAM}", RUNS),
    # Sessions of several lines.
    (f"$ bpftrace -e \\\n> '{PROGRAM}'", RUNS),
    (f"$ {E}\nAttaching 1 probe...\n^C\n@opens[1, a]: 1", noted(LINES_LEFT)),
    (f"$ sudo su -\n{E}", RUNS),
    (f"$ export BPFTRACE_STRLEN=99\n$ {E}", OneLiner(PROGRAM, environment=(("BPFTRACE_STRLEN", "99"),))),
    (f"bpftrace \\\n  -e \\\n  '{PROGRAM}'\n", RUNS),
    (f"bpftrace \\\r\n  -e '{PROGRAM}'\r\n", RUNS),
    # Markdown, quotes and lists.
    (f"```bash\n$ sudo {E}\n```", RUNS),
    (f"Try this:\n~~~\n{PROGRAM}\n~~~\nand wait", RUNS),
    (f"`{E}`", RUNS),
    (f"> {E}", RUNS),
    (f"> bpftrace \\\n>   -e '{PROGRAM}'", RUNS),
    (f"- {E}", RUNS),
    (f"2. sudo {E}", RUNS),
    # What a web page does.
    (f"bpftrace -e ‘{PROGRAM}’", noted(f"{WEB}‘ ’")),
    (f"bpftrace –e “{PROGRAM}”", noted(f"{WEB}– “ ”")),
    ("bpftrace -e 'kprobe:f /comm == “a b”/ { printf(“%s\\n”, comm); }'", noted(f"{WEB}“ ”", program=TEXTS)),
    ("bpftrace –e “kprobe:f /comm == “a b”/ { printf(“%s\\n”, comm); }”", noted(f"{WEB}– “ ”", program=TEXTS)),
    ("kprobe:f /comm == “a b”/ { printf(“%s\\n”, comm); }", noted(f"{WEB}“ ”", program=TEXTS)),
    ("bpftrace -e 'kprobe:f /comm == &quot;a b&quot;/ { printf(&quot;%s\\n&quot;, comm); }'",
     noted(f"{WEB}&quot;", program=TEXTS)),
    ("kprobe:f /arg0 &gt; 3 &amp;&amp; arg1 &lt; 9/ { @ = count(); }",
     noted(f"{WEB}&gt; &amp; &lt;", program="kprobe:f /arg0 > 3 && arg1 < 9/ { @ = count(); }")),
    (f"bpftrace\u00a0-e\u00a0'{PROGRAM}'", noted(f"{WEB}U+00A0")),
    (f"\ufeff\u200bbpftrace -e '{PROGRAM}\u200b'", noted(f"{WEB}U+200B")),
    (f"bpftrace —include a.h -e '{PROGRAM}'", OneLiner(PROGRAM, options=("--include", "a.h"), notes=(f"{WEB}—",))),
    ("kprobe:f { @ = sum(nsecs – @start[tid]); }",
     noted(f"{WEB}–", program="kprobe:f { @ = sum(nsecs - @start[tid]); }")),
    # What stands in front of bpftrace.
    (f"sudo -E {E}", RUNS),
    (f"sudo -- {E}", RUNS),
    (f"sudo -u root /usr/bin/{E}", RUNS),
    (f"sudo -u bob {E}", noted("left out: sudo -u bob")),
    (f"doas bpftrace-0.27 -e '{PROGRAM}'", RUNS),
    (f"sudo bash -c \"{E}\"", RUNS),
    (f"su - root -c \"{E}\"", RUNS),
    (f"({E})", RUNS),
    (f"time sudo {E}", RUNS),
    (f"BPFTRACE_STRLEN=200 timeout 10 {E}",
     OneLiner(PROGRAM, environment=(("BPFTRACE_STRLEN", "200"),), notes=("left out: timeout 10",))),
    (f"sudo BPFTRACE_STRLEN=200 {E}", OneLiner(PROGRAM, environment=(("BPFTRACE_STRLEN", "200"),))),
    (f"sudo timeout -s INT 10s nice -n 5 {E}", noted("left out: timeout -s INT 10s", "left out: nice -n 5")),
    (f"nohup taskset -c 0-3 {E} &", noted("left out: nohup", "left out: taskset -c 0-3",
                                          "left out: everything from `&` on")),
    # What stands behind it.
    (f"{E} # counts opens", RUNS),
    (f"{PROGRAM} # counts opens", noted("left out: # counts opens")),
    (f"{E} | tee $HOME/out", noted("left out: everything from `|` on")),
    (f"{E} > out.txt 2>&1", noted("left out: >out.txt 2>&1")),
    (f"{E}; echo done", noted("left out: everything from `;` on")),
    (f"{E} && ls", noted("left out: everything from `&&` on")),
    # Options.
    (f"bpftrace --include linux/limits.h -I inc -e '{PROGRAM}'",
     OneLiner(PROGRAM, options=("--include", "linux/limits.h", "-I", "inc"))),
    (f"bpftrace -kk -v -o out -f json -e '{PROGRAM}'",
     OneLiner(PROGRAM, options=("-kk",), notes=("left out: -v", "left out: -o out", "left out: -f json"))),
    (f"bpftrace -p 42 -e '{PROGRAM}'", OneLiner(PROGRAM, pid=42, notes=(PIN_NOTE,))),
    (f"bpftrace -e '{PROGRAM}' -- 7 x", OneLiner(PROGRAM, args=("7", "x"))),
    # The program from standard input.
    (f"echo '{PROGRAM}' | sudo bpftrace -", RUNS),
    (f"echo -n '{PROGRAM}' | sudo bpftrace /dev/stdin", RUNS),
    (f"printf '%s\\n' '{PROGRAM}' | bpftrace -", RUNS),
    (f"bpftrace - <<'EOF'\n{PROGRAM}\nEOF", RUNS),
    (f"bpftrace - <<EOF\n{PROGRAM}\nEOF\nls", noted(LINES_LEFT)),
    (f"sudo bpftrace /dev/stdin <<-EOF\n\t{PROGRAM}\n\tEOF", RUNS),
    (f"cat <<'EOF' | sudo bpftrace -\n{PROGRAM}\nEOF", RUNS),
    (f"bpftrace - <<< '{PROGRAM}'", RUNS),
    (f"bpftrace <(echo '{PROGRAM}')", RUNS),
    ("cat x.bt | bpftrace -", OneLiner("", "x.bt")),
    ("bpftrace - < x.bt", OneLiner("", "x.bt")),
    ("bpftrace <(cat x.bt)", OneLiner("", "x.bt")),
    # Files.
    ("./biolatency.bt", OneLiner("", "./biolatency.bt")),
    ("sudo ./opensnoop.bt -p 3", OneLiner("", "./opensnoop.bt", pid=3, notes=(PIN_NOTE,))),
    ("/usr/sbin/syscount.bt 5 20", OneLiner("", "/usr/sbin/syscount.bt", args=("5", "20"))),
    ("sudo bpftrace /usr/share/bpftrace/tools/biolatency.bt",
     OneLiner("", "/usr/share/bpftrace/tools/biolatency.bt")),
    ("sudo opensnoop.bt", OneLiner("", "opensnoop.bt", is_command=True)),
    # The text of a script.
    (f"#!/usr/bin/env bpftrace\n// $ bpftrace x.bt\n{PROGRAM}",
     OneLiner(f"#!/usr/bin/env bpftrace\n// $ bpftrace x.bt\n{PROGRAM}")),
    (f"/*\n * USAGE: # ./x.bt\n */\n{PROGRAM}", OneLiner(f"/*\n * USAGE: # ./x.bt\n */\n{PROGRAM}")),
    ('kprobe:f { printf("“%s” – it’s &gt; x", comm); } // “', OneLiner(
        'kprobe:f { printf("“%s” – it’s &gt; x", comm); } // “')),
]  # fmt: skip

_ELSEWHERE: Final = "would run it on another machine: start bttop there, or type only the program"
_REPEATED: Final = "would start it again and again, while bttop shows every interval: type the line from `bpftrace` on"
_NAMESPACE: Final = "would run it in another namespace: type the line from `bpftrace` on"
_NO_OTHER: Final = (
    "is not bpftrace, and bttop runs no other command: type a program, a line from `bpftrace` on, or the path of a .bt "
    "file"
)
_SAVE: Final = "which bttop does not run: save it to a .bt file and type its path"

REFUSED: Final[list[tuple[str, str]]] = [
    # Commands that change where or how it runs.
    (f"kubectl trace run node-1 -e '{PROGRAM}'", f"`kubectl` stands in front of bpftrace and {_ELSEWHERE}"),
    (f"ssh host sudo {E}", f"`ssh` stands in front of bpftrace and {_ELSEWHERE}"),
    (f"sudo docker exec -it x {E}",
     "`docker` stands in front of bpftrace and would run it in a container, while bttop traces the whole host: type "
     "the line from `bpftrace` on, and pin the container with p"),
    (f"nsenter -t 1 -m {E}", f"`nsenter` stands in front of bpftrace and {_NAMESPACE}"),
    (f"strace -f {E}",
     "`strace` stands in front of bpftrace and would watch bpftrace itself: type the line from `bpftrace` on"),
    (f"watch -n 1 {E}", f"`watch` stands in front of bpftrace and {_REPEATED}"),
    (f"while true; do {E}; done", f"`while` stands in front of bpftrace and {_REPEATED}"),
    (f"if true; then {E}; fi", "`if` is a part of a shell script: type the line from `bpftrace` on"),
    (f"$ cd /tmp && {E}", "bttop stays in its own folder: type the line from `bpftrace` on, with the whole path"),
    (f"mytool {E}",
     "`mytool` stands in front of bpftrace, and bttop runs no other command: type the line from `bpftrace` on"),
    (f"LD_PRELOAD=x {E}", "bpftrace gets only variables named BPFTRACE_… from bttop: leave out LD_PRELOAD=…"),
    ("opensnoop -t", f"`opensnoop -t` {_NO_OTHER}"),
    ("./run.sh", f"`./run.sh` {_NO_OTHER}"),
    ("bttop syscalls", "`bttop` is already running: type only the program, or the path of its file"),
    (f"{E}; {E}", "these are several bpftrace commands: paste them one after the other"),
    # The program is not in the line.
    ("bpftrace", "there is no program: type one behind -e, or the path of a .bt file"),
    ("bpftrace -", "`-` reads the program from standard input: type the program itself"),
    ("bpftrace - <<EOF", "the here-document is empty: paste its lines too, or type the program itself"),
    ("bpftrace -e", "-e needs a value: type it behind -e"),
    ("bpftrace -e ''", "the program behind -e is empty: type it between '…'"),
    ("curl -s https://host/x.bt | sudo bpftrace -", f"the program comes from `curl`, {_SAVE}"),
    ("sed s/x/y/ a.bt | bpftrace -", f"the program comes from `sed`, {_SAVE}"),
    ("bpftrace <(curl -s https://host/x.bt)", f"the program comes from `curl`, {_SAVE}"),
    ("cat a.bt b.bt | bpftrace -", "the program is in several files: join them in one .bt file and type its path"),
    ("printf 'kprobe:%d' 3 | bpftrace -",
     "the directives of `printf` would change the program: type the program itself"),
    # What only a shell could complete.
    ('bpftrace -e "$(cat x.bt)"', "the shell would replace $(cat x.bt): type `bpftrace x.bt` instead"),
    (f"bpftrace -p $(pidof java) -e '{PROGRAM}'",
     "the shell would replace $(pidof java): write the value instead, or use the pin"),
    ('bpftrace -e "kprobe:f /pid == $1/ { }"', "the shell would replace $1 here: write '…'"),
    ("bpftrace - <<EOF\nkprobe:f { $x = 1; }\nEOF",
     "the shell would replace $… or `…` in this here-document: write <<'EOF'"),
    ("bpftrace -e $'kprobe:f { }'", "only some shells support the quoting $'…': use '…'"),
    ("bpftrace -e 'kprobe:f { }", "a ' is not closed: add the missing '"),
    ('bpftrace -e "kprobe:f { }', 'a " is not closed: add the missing "'),
    # Options that trace nothing.
    (f"bpftrace -c ls -e '{PROGRAM}'", "-c starts a command: start it elsewhere, and type its PID behind -p"),
    ("bpftrace -l 'kprobe:tcp_*'",
     "-l lists probes and traces nothing: type a program, and search probes with the key a"),
    (f"bpftrace -d -e '{PROGRAM}'", "-d only compiles and traces nothing: leave it out"),
    ("bpftrace --version", "--version shows facts and traces nothing: run `bttop doctor`"),
    (f"bpftrace --frobnicate -e '{PROGRAM}'",
     "bttop does not know the option --frobnicate: leave it out, or type -- in front of a script's options"),
    (f"bpftrace -p x -e '{PROGRAM}'", "x is not a process id: type a number behind -p"),
    ("bpftrace -I", "-I needs a value: type it behind -I"),
    # Names do not reach the terminal as they are.
    ("mytool \x07-t", f"`mytool \x07-t` {_NO_OTHER}"),
    ("  \n ", "there is nothing to run: type a program, such as `kprobe:vfs_read { @ = count(); }`"),
]  # fmt: skip

UNSAFE: Final = "--unsafe would let the program change the system: start bttop itself with --unsafe, which asks first"
REFUSED_BY_ENGINE: Final[list[tuple[str, str]]] = [
    (f"bpftrace --unsafe -e '{PROGRAM}'", UNSAFE),
    (f"bpftrace -p 4194304 -e '{PROGRAM}'", "there is no process 4194304"),
    ("sudo nowhere-to-be-found.bt", "there is no nowhere-to-be-found.bt in PATH: type its whole path"),
]
"""Lines that can be read, but not run with these files and options."""
