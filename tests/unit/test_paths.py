from pathlib import Path

import pytest
from headway.errors import UsageError
from headway.paths import resolve_source, source_files


@pytest.fixture
def project(tmp_path):
    for name in ("data/2013-01.csv", "data/2013-02.csv", "data/2014-01.csv", "data/[1].csv", "data/year=2013/a.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("data/2013-01.csv", [""]),
        ("data/2013-*.csv", ["2013-01.csv", "2013-02.csv"]),
        ("data/201[34]-01.csv", ["2013-01.csv", "2014-01.csv"]),
        ("data/[1].csv", [""]),
        ("data/year=*", ["year=2013/a.csv"]),
        ("data/**/a.csv", ["year=2013/a.csv"]),
        ("*/year=*/*.csv", ["data/year=2013/a.csv"]),
        ("data/year=2013", ["a.csv"]),
    ],
)
def test_a_source_is_a_file_a_folder_or_a_glob(project, text, names):
    path = resolve_source(text, project)
    assert path.is_absolute()
    found = dict(source_files(path))
    assert list(found) == names
    assert all(file.is_file() for file in found.values())


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("data/2012-*.csv", "did you mean 201"),
        ("data/2013-03.csv", "did you mean 2013-0"),
        ("dta/*.csv", "looked for"),
        ("data/rows**.csv", "stands alone"),
    ],
)
def test_nothing_there_is_told_with_the_nearest_name(project, text, hint):
    with pytest.raises(UsageError) as caught:
        resolve_source(text, project)
    assert hint in caught.value.hint


def test_what_may_not_be_read_is_told(project, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may read everything
    with pytest.raises(UsageError, match="may not be read") as caught:
        resolve_source("data", project)
    assert caught.value.code == "no-permission"


def test_a_folder_that_may_not_be_entered_is_told(project, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.exists", refuse)
    with pytest.raises(UsageError, match="may not be read"):
        resolve_source("data/rows.csv", project)


def test_globs_reach_into_installed_packages(project, monkeypatch):
    monkeypatch.syspath_prepend(project)
    (project / "data" / "__init__.py").write_text("raise ImportError('never imported')")
    assert len(list(source_files(resolve_source("pkg://data/2013-*.csv", Path("/"))))) == 2
