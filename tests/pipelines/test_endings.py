"""What is said of how a command ends, and of what it needs, bash confirms."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.lambda_runtime.image import link_programs
from local.launch import ROOT
from pipelines.checking.advice import COMMANDS, IN_CONTAINER
from pipelines.checking.verdict import Verdict
from pipelines.commands.findings import Kind
from pipelines.commands.inspection import LONGEST_SECONDS, inspect

SHELL = ROOT / "lambdas" / "shell"
STAGED = ("INPUT1_STAGING_DIR", "OUTPUT1_STAGING_DIR")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The search path of a function: stand-ins, the image's programs, Python, find and xargs."""
    programs = link_programs(tmp_path_factory.mktemp("image") / "bin")
    for name in ("python3", "python"):
        (programs / name).symlink_to(sys.executable)
    return f"{SHELL / 'bin'}:{programs}:{SHELL / 'fallbacks'}"


RUN = [
    "(cd ${INPUT1_STAGING_DIR} && chmod +x run.sh && ./run.sh) > ${OUTPUT1_STAGING_DIR}/stdout.txt",
    "mkdir -p a/b/c && cd a/b/c && touch x && ls -l && cd - && rm -r a",
    "cat /u01/app/config.ini || true",
    "cat /u01/app/config.ini 2>/dev/null || echo none",
    "if [ -f /u01/x ]; then cat /u01/x; else echo none; fi",
    "if [ -f /u01/x ]; then cat /u01/x; fi",
    "[ ! -e /u01/flag ] || exit 5",
    "for f in ${INPUT1_STAGING_DIR}/*.csv; do wc -l $f; done",
    "set -e; false || true; echo fine",
    "echo $NOT_SET",
    "X=1; [ $X -eq 1 ] && exit 0; exit 4",
    "false; true",
    "f() { return 3; }; f || echo handled",
    "trap 'rm -f /tmp/lock.$$' EXIT; touch /tmp/lock.$$; echo x",
    "(exit 3) || true",
    "cat > job.sh <<'E'\n#!/bin/bash\necho hi $1\nE\nchmod +x job.sh && ./job.sh a",
    "bash ${INPUT1_STAGING_DIR}/run.sh",
    "cp ${INPUT1_STAGING_DIR}/run.sh . && chmod 755 run.sh && ./run.sh",
    "python3 -c 'raise SystemExit(0)'",
    "python3 <<'E'\nopen('out.json', 'w').write('{}')\nE\ncat out.json",
    "cd /u01 2>/dev/null || cd /tmp; pwd",
    "cd ~ && pwd; cd $HOME; ls",
    "rm -f *.tmp",
    "date > log.txt; mv log.txt old.txt; cat old.txt",
    "sort -o out.txt ${INPUT1_STAGING_DIR}/data.csv && head -1 out.txt",
    "awk -F, '{print $1 > \"first.txt\"}' ${INPUT1_STAGING_DIR}/data.csv; cat first.txt",
    "echo 'SELECT 1' | tee q.sql | wc -c; cat q.sql",
    "split -l 1 ${INPUT1_STAGING_DIR}/data.csv part_ && cat part_aa",
    "dd if=/dev/zero of=zeros bs=1024 count=1 && wc -c zeros",
    "DIR=${DATA_DIR:-.}; ls $DIR",
    ": ${OUT:=out}; mkdir $OUT && ls $OUT",
    "while IFS=, read -r a b; do echo $a; done < ${INPUT1_STAGING_DIR}/data.csv",
    "export PATH=$PATH:/u01/bin; echo x",
    "echo /u01/x; basename /u01/a.csv .csv; tr / _ <<< a/b",
    "[[ -z $UNDEFINED ]] && echo yes",
    "cmd=cat; $cmd ${INPUT1_STAGING_DIR}/data.csv",
    "function g { cat /u01/x; }; echo not called",
    "printf 'a=1\\n' > conf.ini; . ./conf.ini; echo $a",
    "mkdir d; cp ${INPUT1_STAGING_DIR}/data.csv d/; cat d/data.csv",
    "exit 256",
    "rc=0; true || rc=$?; exit $rc",
    "test $# -eq 0",
    "command -v unknown-tool >/dev/null && unknown-tool; echo on",
    "command -v unknown-tool || echo none",
    "D=$(mktemp -d); cp ${INPUT1_STAGING_DIR}/run.sh $D/r.sh; bash $D/r.sh",
    "OLD=$PWD; cd /tmp; cd $OLD; ls",
    "cat $0 > /dev/null; cd $(dirname $0) && ls",
    "[ -f /u01/a -o -d ${INPUT1_STAGING_DIR} ] && echo x",
    'case "$1" in start) exit 3;; *) echo none;; esac',
    "ENV=prod; case $ENV in dev|test) exit 4;; pr*) echo prod;; *) exit 5;; esac",
    "case ${INPUT1_STAGING_DIR} in '') exit 6;; esac",
    "case a in b) exit 4;; esac",
    "case a in a) echo a;;& *) echo b;; esac",
    "[[ 2024-01-31 =~ ^20..-01 ]] && echo x",
    "n=3; exit $((n - 3))",
    "i=0; while [ $i -lt 3 ]; do i=$((i + 1)); done; echo $i",
    "A=1 python3 -c 'import os; os.environ[\"A\"]'",
    'python3 -c \'import os; os.environ["B"] = "x"; print(os.environ["B"])\'',
    "python3 -c 'import os; print(os.environ.get(\"NOT_SET\"))'",
    "export C=1; python3 -c 'import os; os.environ[\"C\"]'",
    "(( 2 > 1 ))",
    "i=0; ((i++)); echo $i",
    "set -e; i=0; ((++i)); ((i+=2)); (( i == 3 ))",
    "set -e; i=0; ((i++)) || true; (( i == 1 && 0x10 == 16 && 010 == 8 ))",
    "n=$(wc -l < ${INPUT1_STAGING_DIR}/data.csv); (( n > 1 ))",
    "let x=3+4; (( x % 4 == 3 ? 1 : 0 ))",
    "let 'a = 2 ** 3 - 1 << 1' && (( a == 14 )) && (( -7 / 2 == -3 )) && (( -7 % 2 == -1 ))",
    "trap 'echo failed; exit 5' ERR; true; false || true; if false; then :; fi; ! true; echo on",
    "trap 'exit 5' ERR; trap - ERR; false; true",
    "trap 'exit 5' ERR; f() { false; true; }; f",
    "trap 'echo failed' ERR; false; true",
    "false & wait; echo on",
    "sleep 0 & p=$!; wait $p && echo done",
    "trap cleanup EXIT; cleanup() { rm -f x; exit 0; }; touch x; false",
    "trap 'exit 4' EXIT; trap - EXIT; true",
    "trap 'rc=$?; rm -f lock; exit $rc' EXIT; touch lock; echo x",
    "trap 'exit' EXIT; true",
    "trap on_error ERR; on_error() { exit 9; }; true",
    "(trap 'exit 0' EXIT; exit 3)",
    "echo ${INPUT1_STAGING_DIR}/data.csv | xargs -I{} cat {}",
    "ls ${INPUT1_STAGING_DIR}/* | xargs -I % cat %",
    "for i in 1 2; do sleep 0.01; done; timeout 5 sleep 0.01",
    "while true; do date; break; done",
    "f() { exit 0; }; while true; do f; done",
    "sleep 1000 & kill $!; echo on",
    "timeout 5 bash -c 'while sleep 0.01; do exit 0; done'",
    "readonly X=1; echo $X; f() { local X2=$X; X2=3; }; f",
    "readonly X=1; Y=2; Y=3; echo $X$Y",
    "readonly X=1; X=2 date",
    "A=1 true; A=2; echo $A",
    "PATH=/u01 true; date",
    "PATH=$PATH:/u01/bin; date",
    "export PATH=/u01/bin:$PATH; date",
    "mkdir d; touch d/a d/b; rm d/*; rmdir d",
    "mkdir -p d/e && cp -r d f && ls f/e && rm -r d",
    "mkdir d; cp ${INPUT1_STAGING_DIR}/* d && cp d/* .",
    'args() { cp "$@"; }; args ${INPUT1_STAGING_DIR}/data.csv x',
    "cp {${INPUT1_STAGING_DIR},.}/data.csv",
    "readlink -f nothing/; realpath -m /no/such/dir; readlink -f .",
    'D=; cd "$D" && ls; ls $D',
    "cp ${INPUT1_STAGING_DIR}/data.csv $TMPDIR/",
    "[ 08 -eq 8 ] && [ -1 -lt +1 ]",
    "[[ a -eq 0 ]]",
    "echo $((6 / 3))",
    'python3 -c \'open("x", "w").write("a"); print(open("x").read())\'',
    "echo a > x; python3 -c 'print(open(\"x\").read())'",
    'python3 -c \'import os\nif os.path.exists("/u01/x"):\n  open("/u01/x")\'',
    'python3 -c \'import os\nif not os.path.isdir("d"):\n  os.makedirs("d")\nopen("d/x", "w")\'; cat d/x',
    "python3 -c 'import subprocess; subprocess.run([\"date\"], check=True)'",
    'python3 -c \'p = "x"\nwith open(p, "w") as f: f.write("a")\'; cat x',
    "python3 -c 'import sys\nfor p in sys.argv[1:]: open(p)'",
    "curl --version > /dev/null || true; realpath nothing; readlink -f nothing",
    "date -d 2024-01-01 +%F; date -r ${INPUT1_STAGING_DIR}/data.csv",
]
END_OTHERWISE = [
    "cat /u01/app/config.ini && echo found",
    "cat /u01/app/config.ini || exit 1",
    "source /u01/env.sh",
    "test -f /u01/x && cat /u01/x",
    "[ -e /u01/flag ] || exit 5",
    "for f in /u01/in/*.csv; do wc -l $f; done",
    "printf 'a\\nb\\n' | while read x; do cat /u01/$x; done",
    "cat /u01/$(date +%F).csv",
    "python3 /u01/etl.py --verbose",
    "python3 etl.py",
    "python3 -c 'open(\"/u01/x\")'",
    "./run.sh",
    "bash job.sh",
    "/u01/bin/tool",
    "/scripts/x.sh a b",
    "X=/u01; cat $X/y",
    "cd /u01 && ls",
    "ls ~/scripts",
    "cat $HOME/conf.ini",
    "cat ~/.pgpass",
    "ls *.csv",
    "cat /tmp/what-nothing-made",
    "echo a > sub/x",
    "wc -l < missing.csv",
    "sed 's/a/b/' missing.csv",
    "cp a.txt b.txt",
    "date > a; mv a b; cat a",
    "chmod +x nothing.sh",
    "tee /u01/x < /dev/null",
    "find /u01 -name x",
    "sudo cat /u01/secret",
    "echo 'cat /u01/x' | bash",
    "printf 'cat /u01/x\\n' > j.sh; bash j.sh",
    "$SPARK_HOME/bin/spark-submit x.py",
    "${TOOLS}/bin/load -v",
    "$CMD x",
    "set -u; echo $NOT_SET",
    "echo ${NAME:?no name}",
    "DIR=${DATA_DIR:-/u01/data}; ls $DIR",
    "${INPUT1_STAGING_DIR}/run.sh",
    "echo 'echo hi' > job.sh; ./job.sh",
    "true; exit 3",
    "echo x; false",
    "false; exit",
    "exit -1",
    "set -e\nfalse\necho never",
    "set -o pipefail; false | cat",
    "echo x | false",
    "! true",
    "X=2; [ $X -eq 1 ] && exit 0; exit 4",
    "f() { return 3; }; f",
    "(exit 3)",
    "{ echo a; exit 2; }",
    "trap 'exit 7' EXIT; true",
    "bash -c 'exit 9'",
    "bash -ec 'false; true'",
    "sh <<'E'\nexit 4\nE",
    "cat > job.sh <<'E'\nexit $1\nE\nbash job.sh 3",
    "eval 'echo hi; exit 6'",
    "exec false",
    "kill -9 $$",
    "if ! bash -c 'exit 3'; then echo failed; exit 3; fi",
    "python3 -c 'import sys; sys.exit(2)'",
    "#!/usr/bin/env python3\nimport sys\nsys.exit('failed')",
    "#!/bin/bash -e\nfalse\ntrue",
    "[[ a == b ]]",
    "rc=0; false || rc=$?; exit $rc",
    "cat /u01/x > o || rc=$?; if [ $rc -ne 0 ]; then exit $rc; fi",
    "[ $# -eq 2 ] || { echo usage; exit 64; }",
    "type unknown-tool >/dev/null 2>&1 || { echo missing >&2; exit 1; }",
    "command -v jq >/dev/null || exit 1; jq --version",
    "find ${INPUT1_STAGING_DIR} -regex '.*'",
    "xargs -a /u01/list echo",
    "ls -d /u01*",
    "test 1 -eq 1 -a -f /u01/x",
    "[[ -f /u01/a || -f /u01/b ]] && echo x",
    "ln -s /u01/x link && cat link",
    "bash $(dirname $0)/other.sh",
    'DIR="$( cd "$( dirname "${BASH_SOURCE[0]}" )" && pwd )"; . $DIR/settings.sh',
    'cat "$CONFIG"',
    "(( 1 > 2 ))",
    "(( 1 / 0 ))",
    'case "$1" in start) echo s;; *) echo usage; exit 1;; esac',
    "ENV=stage; case $ENV in dev|test) echo a;; prod) echo b;; *) exit 5;; esac",
    "case abc in a*) exit 2;; esac",
    "[[ abc =~ ^b ]] && echo x",
    "n=3; exit $((n - 2))",
    "n=$((2 * 2)); [ $n -eq 5 ]",
    "python3 -c 'import os; print(os.environ[\"NOT_SET\"])'",
    "set -e; i=0; ((i++)); echo $i",
    "set -e\ncount=0\nlet count=count*2\necho never",
    "trap 'echo failed; exit 5' ERR; false; true",
    "trap 'exit 5' ERR; f() { return 3; }; f; true",
    "set -E; trap 'exit 5' ERR; f() { false; true; }; f",
    "false & wait $!",
    "(exit 4) & pid=$!; echo started; wait $pid || exit 4",
    "trap 'echo a; exit $((1 + 1))' EXIT",
    "trap cleanup EXIT; cleanup() { rm -f x; exit 4; }; true",
    "trap 'rc=$?; rm -f lock; exit $rc' EXIT; touch lock; exit 3",
    "trap 'exit' EXIT; (exit 3)",
    "set -e; trap 'false' EXIT; true",
    "(trap 'exit 5' EXIT; true)",
    "trap on_error ERR; on_error() { exit 9; }; false; true",
    "timeout 0.01 sleep 3",
    "timeout 0.01 sleep infinity",
    "timeout 0.01s bash -c 'sleep 0.01; sleep 2'",
    "select x in a b; do echo $x; done",
    "readonly X=1; X=2; echo on",
    "readonly X=1; X=2 || true; echo on",
    "declare -r X=1; X=2; echo on",
    "readonly X=1; export X=2",
    "x=$((1 / 0)); echo on",
    'n=0; echo "$((5 / n))" || true; echo on',
    "echo $((5 % 0)) || true",
    "PATH=/u01/bin; date",
    "export PATH=/u01/bin:/u02/bin; ls | cat",
    "PATH=/u01 date",
    'F=; sort -o "$F" /etc/hosts',
    'D=; mkdir -p "$D"',
    'D=; cp /etc/hosts "$D"',
    'F=; echo a > "$F"',
    "F=; echo a > $F",
    "D=; mkdir -p $D",
    "D=; cp ${INPUT1_STAGING_DIR}/data.csv $D",
    "mkdir d; cp d e",
    "mkdir d; rm d",
    "touch a.csv; rm *.csv; cat a.csv",
    "readlink -f /u01/x/y",
    "readlink none",
    "realpath no/x",
    "test a -eq 1",
    '[ "$N" -gt 0 ]',
    "python3 -c 'p = \"/u01/x\"; open(p)'",
    'python3 -c \'open("/u01/x", "w")\'',
    'python3 -c \'p = "/u01/x"\nwith open(p, mode="a") as f: f.write("a")\'',
    "python3 -c 'open(\"x.csv\").read()'",
    "python3 -c 'import csv\nfor row in csv.reader(open(\"x.csv\")): print(row)'",
    'python3 -c \'import subprocess; subprocess.check_call(["u01-tool", "x"])\'',
    'python3 -c \'import subprocess; subprocess.run(["cat", "/u01/x"], check=True)\'',
    "curl -s FILE:///u01/x",
    "curl -s --url file:///u01/x",
    "curl -s file://localhost/u01/x -o x",
    "date -f /u01/dates",
    "readlink -e /u01/x",
    "realpath -e /u01/x",
    "set -e; D=$(realpath -e /u01); ls $D",
    "python3 -m json.tool /u01/x.json",
    "python3 -m json.tool missing.json",
    "python3 -m no_such_module",
    "curl file:///u01/data.csv",
    "cat $DATA_DIR/x",
]


def ends(text: str, path: str, directory: Path) -> int:
    """The exit status with which the handler would see it end."""
    work, script = directory / "work", directory / "script"
    work.mkdir()
    script.write_text(text)
    script.chmod(0o700)
    places = {name: directory / name for name in STAGED}
    for place in places.values():
        place.mkdir()
    (places["INPUT1_STAGING_DIR"] / "run.sh").write_text("echo hi\n")
    (places["INPUT1_STAGING_DIR"] / "data.csv").write_text("a,b\nc,d\n")
    variables = {"PATH": path, "HOME": str(work), "PWD": str(work), "TMPDIR": str(directory)}
    done = subprocess.run(
        [str(script)] if text.startswith("#!") else ["/bin/bash", str(script)],
        cwd=work,
        env={**variables, **{name: str(place) for name, place in places.items()}},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )
    return done.returncode


@pytest.mark.parametrize("text", RUN)
def test_what_is_said_to_run_ends_with_0(text: str, path: str, tmp_path: Path) -> None:
    asks = {finding for finding in inspect(text, staged=STAGED).found if COMMANDS[finding.kind].verdict}
    assert asks == set()
    assert ends(text, path, tmp_path) == 0


@pytest.mark.parametrize("text", END_OTHERWISE)
def test_what_ends_otherwise_is_never_said_to_run(text: str, path: str, tmp_path: Path) -> None:
    found = inspect(text, staged=STAGED).found
    lacks = any(finding.kind in IN_CONTAINER for finding in found)
    worst = max((COMMANDS[finding.kind].verdict for finding in found), default=Verdict.RUNS)
    assert worst >= Verdict.CHANGE or (lacks and worst is Verdict.SETTINGS)
    assert ends(text, path, tmp_path) != 0


def test_the_only_file_of_an_input_is_known() -> None:
    for text, said in (
        ("wc ${INPUT1_STAGING_DIR}/rows.csv", Verdict.RUNS),
        ("wc ${INPUT1_STAGING_DIR}/*", Verdict.RUNS),
        ("wc ${INPUT1_STAGING_DIR}/other.csv", Verdict.CHANGE),
        ("cd ${INPUT1_STAGING_DIR} && ./rows.csv", Verdict.CHANGE),
    ):
        found = inspect(text, staged={"INPUT1_STAGING_DIR": "rows.csv"}).found
        assert max((COMMANDS[finding.kind].verdict for finding in found), default=Verdict.RUNS) is said, text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tar --version; exit 3", Verdict.CHANGE),
        ("echo x > /var/log/own; exit 3", Verdict.CHANGE),
        ("echo x > /var/log/own || exit 3", Verdict.SETTINGS),
        ("cat /opt/own/conf || exit 3", Verdict.SETTINGS),
        ("gzip --version && ${TOOLS}/bin/load x", Verdict.CHANGE),
        ("command -v jq || exit 3", Verdict.SETTINGS),
        ("cp /etc/passwd /var/log/ && cat /var/log/passwd", Verdict.SETTINGS),
    ],
)
def test_what_a_container_brings_hides_nothing_else(text: str, said: Verdict) -> None:
    assert max(COMMANDS[finding.kind].verdict for finding in inspect(text).found) is said


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("sleep 600; sleep 600", 1200),
        ("sleep 5m; sleep 10m", 900),
        ("for i in 1 2 3; do sleep 600; done", 1800),
        ("for i in $(seq 1 30); do sleep 60; done", 1800),
        ("for i in {1..30}; do date; sleep 60; done", 1800),
        ("sleep 600 & sleep 600; wait", 600),
        ("sleep 1200 & sleep 600; wait $!", 1200),
        ("sleep 1200 & sleep 600; kill $!", 600),
        ("sleep 600 | sleep 500", 600),
        ('if [ -n "$(date)" ]; then sleep 600; else sleep 500; fi', 600),
        ("for i in $(seq 1 30); do date && break; sleep 60; done", 60),
        ("timeout 60 sleep 1200 || sleep 30", 90),
    ],
)
def test_waiting_adds_up(text: str, seconds: float) -> None:
    findings = inspect(text)
    assert findings.sleeps == seconds
    assert any(finding.kind is Kind.HOURS for finding in findings.found) is (seconds > LONGEST_SECONDS)


@pytest.mark.parametrize(
    "text", ["sleep infinity", "while true; do sleep 1; done", "until false; do :; done"]
)
def test_what_nothing_ends_needs_a_change(text: str) -> None:
    (finding,) = inspect(text).found
    assert COMMANDS[finding.kind].verdict is Verdict.CHANGE


def test_installing_modules_is_told_of_in_a_whole_sentence() -> None:
    (finding,) = inspect("pip3 install awscli").found
    assert (
        COMMANDS[finding.kind]
        .message.format(finding.what)
        .startswith("'pip3 install awscli' cannot install modules of Python here")
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cp /etc/hosts /tmp/", Verdict.RUNS),
        ("cp /etc/hosts /tmp", Verdict.RUNS),
        ("touch /tmp/x; mv /tmp/x /tmp", Verdict.RUNS),
        ("for i in 1 2 3; do aws s3 cp s3://bucket/$i.csv /tmp/; done", Verdict.RUNS),
        ("ln -s /tmp/a /opt/b", Verdict.SETTINGS),
        ("ln -s /tmp/a /tmp/b", Verdict.RUNS),
        ("python3 -c 'import os; os.makedirs(\"/data/x\")'", Verdict.SETTINGS),
        ("PATH=/usr/local/bin:/usr/bin:/bin; date", Verdict.RUNS),
        ("export PATH=/usr/local/bin:/usr/bin:/bin; python3 -c ''", Verdict.CHANGE),
        ("export PATH=/usr/local/bin:/usr/bin:/bin; aws s3 ls s3://bucket/", Verdict.CHANGE),
        ("export PATH=/usr/local/bin:/usr/bin:/bin; sudo date", Verdict.CHANGE),
    ],
)
def test_places_of_a_function_are_known(text: str, said: Verdict) -> None:
    found = inspect(text).found
    assert max((COMMANDS[finding.kind].verdict for finding in found), default=Verdict.RUNS) is said


def test_the_files_of_an_input_are_not_known() -> None:
    for text in ("cat ${INPUT1_STAGING_DIR}/other.csv", "cd ${INPUT1_STAGING_DIR} && cat other.csv"):
        assert Kind.INPUT in {finding.kind for finding in inspect(text, staged=STAGED).found}
    for text in ("cat ${INPUT1_STAGING_DIR}/*.csv", "ls ${INPUT1_STAGING_DIR}"):
        assert inspect(text, staged=STAGED).found == []


@pytest.mark.parametrize(
    "text",
    [
        "python3 -c 'import sys; open(sys.argv[1])'",
        "select x in a; do echo $x; done < ${INPUT1_STAGING_DIR}/x",
    ],
)
def test_what_cannot_be_read_is_told_of(text: str) -> None:
    assert Kind.UNREAD in {finding.kind for finding in inspect(text, staged=STAGED).found}


def test_a_variable_that_nothing_sets_is_named() -> None:
    (finding,) = inspect("cat $DATA_DIR/x").found
    assert finding.what == "'${DATA_DIR}/x', as nothing sets DATA_DIR"


def test_nothing_of_this_machine_is_taken_for_the_functions(tmp_path: Path) -> None:
    own = tmp_path / "file"
    own.touch()
    for text in (f"cat {os.fspath(own)}", f"bash {os.fspath(own)}", f"wc < {os.fspath(own)}"):
        assert any(COMMANDS[finding.kind].verdict for finding in inspect(text).found), text
