"""`headway runs …` as a user types it."""

import csv
import json

import pytest

from tests.integration.conftest import write_toy


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Three runs of toy, of which the last has other code, and one that fails; read by every test, changed by none."""
    toy = write_toy(tmp_path_factory.mktemp("runs"))
    for words in (["model.power=1"], ["model.power=2", "seed=4"]):
        assert toy.headway("run", "experiment=toy", *words, "runner.isolate=false").returncode == 0
    toy.edit("plugins/_arithmetic.py", "base**exponent", "base ** (exponent + 1)")
    toy.edit("lines.txt", "three", "four")
    assert toy.headway("run", "experiment=toy", "runner.isolate=false").returncode == 0
    assert toy.headway("run", "experiment=toy", "name=crashed", "model=crash", "runner.isolate=false").returncode == 1
    return toy


def listed(toy, *words):
    done = toy.headway("runs", "list", "--format", "json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def ids(ran):
    """Ids of the four, oldest first."""
    return [run["id"] for run in reversed(listed(ran))]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ([], [3, 2, 1, 0]),
        (["-n", "2"], [3, 2]),
        (["-n", "0"], [3, 2, 1, 0]),
        (["--name", "crashed"], [3]),
        (["--status", "failed"], [3]),
        (["--status", "done", "--status", "failed", "-n", "3"], [3, 2, 1]),
        (["--since", "1h"], [3, 2, 1, 0]),
        (["--since", "2999-01-01"], []),
        (["--where", "summary.sum>=20"], [2, 1]),
        (["--where", "summary.sum >= 20", "--where", "seed=4"], [1]),
        (["--where", "model.power=2"], [1]),
        (["--where", "model.power!=2", "--status", "done"], [2, 0]),
        (["--where", "model.how==error"], [3]),
        (["--where", "lines.path=lines.txt", "-n", "1"], [3]),
        (["--sort", "created"], [0, 1, 2, 3]),
        (["--sort=-summary.sum", "-n", "1"], [1]),
        (["--sort", "summary.sum"], [0, 2, 1, 3]),
        (["--sort", "name", "-n", "1"], [3]),
    ],
    ids=lambda value: " ".join(value) if value and isinstance(value[0], str) else "",
)
def test_runs_are_filtered_and_sorted(ran, ids, words, numbers):
    assert [run["id"] for run in listed(ran, *words)] == [ids[number] for number in numbers]


def test_a_list_has_columns_for_what_is_asked_filtered_and_sorted_by(ran):
    words = ("--where", "model.power>=1", "--metric", "model.total", "--sort=-summary.sum")
    lines = ran.headway("runs", "list", *words).stdout.splitlines()
    assert lines[0].split() == [
        "run", "name", "status", "started", "seconds", "model.total", "model.power", "summary.sum", "overrides",
    ]  # fmt: skip
    assert [line.split()[5:8] for line in lines[1:]] == [["59", "2", "63"], ["50", "1", "53"], ["13", "1", "16"]]


def test_a_list_as_csv_and_json_has_full_values(ran, ids):
    done = ran.headway("runs", "list", "--format", "csv", "--metric", "summary.sum")
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [row["run"] for row in rows] == ids[::-1]
    assert rows[0]["summary.sum"] == ""
    assert float(rows[-1]["summary.sum"]) == 16.0
    assert rows[-1]["overrides"] == "experiment=toy model.power=1 runner.isolate=false"
    newest = listed(ran, "-n", "1")[0]
    assert (newest["status"], newest["name"], newest["tags"], newest["note"]) == ("failed", "crashed", [], "")
    assert listed(ran)[-1]["metrics"]["model.total"] == 13.0


def test_show_tells_all_of_a_run(ran, ids):
    shown = json.loads(ran.headway("runs", "show", ids[0], "--format", "json").stdout)
    assert [stage["label"] for stage in shown["stages"]] == ["lines", "model", "summary"]
    assert shown["stages"][1]["metrics"] == {"total": 13.0}
    assert not any(stage["removed"] for stage in shown["stages"])
    lines = ran.headway("runs", "show", ids[0], "--format", "csv").stdout.splitlines()
    assert lines == ["stage,metric,value", "model,total,13.0", "summary,sum,16.0"]
    failed = ran.headway("runs", "show", "crashed@latest").stdout
    assert "the lines are too short" in failed


def compared(toy, *words):
    done = toy.headway("runs", "diff", *words, "--format", "json")
    assert done.returncode == 0, done.stderr
    return {(row["section"], row["name"]): list(row["values"].values()) for row in json.loads(done.stdout)}


def test_diff_shows_config_and_metrics_side_by_side(ran, ids):
    found = compared(ran, ids[0], ids[1])
    assert found["config", "model.power"] == [1, 2]
    assert found["config", "seed"] == [3, 4]
    assert found["metrics", "summary.sum"][0] == 16.0
    assert ("config", "lines.path") not in found
    assert ("data", "lines.path") not in found
    assert {name for section, name in found if section == "artifacts"} == {"model", "summary"}
    text = ran.headway("runs", "diff", ids[0], ids[1]).stdout
    assert "model.power" in text
    assert "change" in text.splitlines()[0]


def test_diff_names_changed_code_and_data(ran, ids):
    found = compared(ran, ids[0], ids[2])
    assert [name for section, name in found if section == "code"] != []
    assert any("_arithmetic" in name for section, name in found if section == "code")
    first, second = found["data", "lines.path"]
    assert first != second
    assert ("config", "model.power") not in found
    lines = ran.headway("runs", "diff", ids[0], ids[2], "--format", "csv").stdout.splitlines()
    assert lines[0] == f"section,name,{ids[0]},{ids[2]}"
    assert any(line.startswith("data,lines.path,") for line in lines)


def test_diff_takes_several_runs_and_all_that_is_the_same(ran, ids):
    found = compared(ran, *ids)
    assert found["config", "model.how"] == [None, None, None, "error"]
    same = compared(ran, ids[0], ids[1], "--all")
    assert same["config", "lines.path"] == ["lines.txt", "lines.txt"]
    assert "python" in {name for section, name in same if section == "versions"}


def test_notes_and_tags(toy):
    toy.headway("run", "experiment=toy", "runner.isolate=false")
    assert toy.headway("runs", "note", "latest", "with the", "old rows").returncode == 0
    assert toy.headway("runs", "tag", "toy@latest", "paper", "best").stdout.split()[1:] == ["best", "paper"]
    assert listed(toy, "--tag", "paper", "--tag", "best")[0]["note"] == "with the old rows"
    assert toy.headway("runs", "untag", "latest", "best").returncode == 0
    shown = toy.headway("runs", "show", "latest").stdout
    assert "with the old rows" in shown
    assert "paper" in shown
    text = toy.headway("runs", "list").stdout
    assert text.splitlines()[0].split() == ["run", "name", "status", "started", "seconds", "tags", "note", "overrides"]


def test_before_the_first_run(toy):
    done = toy.headway("runs", "list", "--where", "anything>=3", "--name", "any")
    assert done.returncode == 0, done.stderr
    assert toy.headway("runs", "list").stdout == "no runs yet\n"
    assert toy.headway("runs", "show", "latest").returncode == 2
    assert not (toy.folder / ".headway").exists()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["lst"], ["unknown action 'lst'; did you mean 'list'"]),
        (["list", "toy"], ["--name"]),
        (["list", "--name", "tyo"], ["unknown experiment 'tyo'; did you mean 'toy'"]),
        (["list", "--status", "don"], ["unknown status 'don'; did you mean 'done'"]),
        (["list", "--where", "sumary.sum>=3"], ["sumary.sum", "did you mean summary.sum"]),
        (["list", "--where", "model.pwoer=3"], ["did you mean model.power"]),
        (["list", "--sort", "secnds"], ["did you mean seconds"]),
        (["list", "--metric", "sum"], ["did you mean summary.sum"]),
        (["list", "--where", "nonsense"], ["is no condition", "model.dropout=0.2"]),
        (["list", "--where", "model.how>=error"], ["only numbers"]),
        (["list", "--since", "yesterday"], ["is no time", "2d"]),
        (["list", "--all"], ["--all is no option of list", "diff"]),
        (["show"], ["which run"]),
        (["show", "latest", "latest"], ["one run at a time"]),
        (["show", "latest", "--tag", "x"], ["--tag is no option of show"]),
        (["show", "toi@latest"], ["did you mean toy@latest"]),
        (["show", "2999"], ["unknown run '2999'"]),
        (["diff", "latest"], ["two different runs"]),
        (["diff", "latest", "latest"], ["two different runs"]),
        (["tag", "latest"], ["which tag"]),
        (["tag", "latest", "two words"], ["'two words' is no tag"]),
        (["untag", "latest", "never"], ["unknown tag 'never'"]),
        (["note", "latest"], ["what text"]),
        (["note"], ["which run"]),
    ],
    ids=lambda value: " ".join(value) if value and isinstance(value[0], str) else "",
)
def test_a_mistake_is_answered_with_the_nearest_name(ran, words, parts):
    done = ran.headway("runs", *words)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in done.stderr
