import re
import time
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from headway_optuna.figures.curves import POINTS, curves
from headway_optuna.figures.parallel import parallel
from headway_optuna.figures.scales import Categories, Numeric, axis_of, objective_axis
from headway_optuna.figures.timeline import Clock, timeline, utilisation
from headway_optuna.figures.trials import fronts, history, slices
from headway_optuna.report import render, write_report
from headway_optuna.tables import Shown
from headway_optuna.trial import Study, Trial
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_studies import START, study

VOID = {"meta", "br", "path", "rect", "i"}


class Page(HTMLParser):
    """Checks that every element is closed; knows the headings and what is loaded from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.open, self.headings, self.loads = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.loads += [value for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def pictures(text):
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]


def test_the_page_tells_all_of_a_study():
    shown = study(60, workers=4)
    text = render(Shown(shown, importances={"model": 0.6, "model.width": 0.1}))
    page = Page(text)
    assert page.headings == [
        "The best trial", "History", "Importances", "Parameters", "Trials as lines", "Step by step", "Workers",
        "Trials", "What went wrong", "What was searched",
    ]  # fmt: skip
    best = shown.best[0]
    assert f"Best validation.auroc {best.values[0]:.5g}, in trial {best.number}." in text
    assert repr(best.params["model.learning_rate"]) in text
    assert "float 1e-05 … 0.01, log" in text
    assert "model.width * 2 &lt;= 512" in text
    assert "raise ValueError(&#34;loss is &lt;nan&gt; &amp; worse&#34;)" in text


def test_the_page_needs_nothing_else():
    text = render(Shown(study(30)))
    assert Page(text).loads == []
    assert "<script" not in text
    assert "url(" not in text


def test_every_picture_has_a_title_that_can_be_read_out():
    found = pictures(render(Shown(study(30, goals=2))))
    assert len(found) > 6
    for picture in found:
        assert picture.get("role") == "img"
        assert picture.get("aria-label") == picture.find("title").text != ""


def test_the_same_study_gives_the_same_bytes():
    shown = Shown(study(30), importances={"model": 0.5, "data.cap": 0.5})
    assert render(shown) == render(shown)
    assert "<" not in shown.study.name


ODD = [
    Trial(0, {"a": True, "b": [1, 2]}, state="complete", values=(1e-320,)),
    Trial(1, {"a": 1, "b": None, "c": "<x>"}, state="complete", values=(1e300,), reports=((1, float("inf")), (2, 1.0))),
    Trial(2, {"a": "1"}, state="running", reports=((1, 0.5),), worker=0, begun=START),
    Trial(3, {}, state="pruned"),
]


@pytest.mark.parametrize(
    "shown",
    [
        study(0),
        study(1, states=("complete",)),
        study(1, width=1),
        study(6, states=("failed",)),
        study(6, states=("infeasible", "pruned")),
        study(12, width=1),
        study(12, goals=2),
        study(40, goals=4),
        study(9, states=("failed",), goals=2),
        Study("bare", {"m": "minimize"}, tuple(ODD), 9),
        Study("odd <b>", {"m": "minimize"}, tuple(ODD), 9, {"a": "choice", "b": "float 1 … 2, log", "c": "float"}),
        replace(study(20), parameters={}),
        replace(study(5, states=("complete",)), trials=study(5, states=("complete",)).trials[:1] * 5),
    ],
)
def test_odd_studies_have_a_page_too(shown):
    text = render(Shown(shown))
    Page(text)
    pictures(text)
    assert not re.search(r"\b(nan|inf)\b", "".join(re.findall(r' d="([^"]*)"', text)))


def test_the_page_of_a_large_study_is_small():
    text = render(Shown(study(1000, width=20, workers=8), importances={"model": 1.0}))
    assert len(text.encode()) < 3_000_000


def seconds_of_a_page(trials):
    """CPU time, the least of two rounds."""
    shown, rounds = Shown(study(trials, width=20, workers=8)), []
    for _ in range(2):
        began = time.process_time()
        render(shown)
        rounds.append(time.process_time() - began)
    return min(rounds)


def test_the_time_of_a_page_grows_with_the_trials_and_not_with_their_square():
    assert seconds_of_a_page(1000) < 20 * seconds_of_a_page(100)


def test_it_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "new" / "report.html"
    write_report(path, Shown(study(3)))
    before = path.read_bytes()
    monkeypatch.setattr("headway_optuna.report.summary", lambda study: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(path, Shown(study(4)))
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["report.html"]


def test_the_history_marks_every_state_in_a_shape_of_its_own():
    shown = study(5, states=("complete", "pruned", "failed", "infeasible", "complete"))
    (picture,) = history(shown)
    kinds = re.findall(r'class="mark (\w+)" d="M[\d.]+ [\d.]+(.*?)"', picture.svg)
    assert sorted(kind for kind, _ in kinds) == ["best", "complete", "failed", "infeasible", "pruned"]
    assert len({shape for kind, shape in kinds if kind != "best"}) == 4
    assert picture.svg.count('class="line best"') == 1


def test_the_line_of_the_best_only_goes_up_when_more_is_better():
    (picture,) = history(study(40))
    path = re.search(r'class="line best" d="M(.*?)"', picture.svg)[1]
    heights = [float(point.split()[1]) for point in path.split("L")]
    assert heights == sorted(heights, reverse=True)
    assert len(set(heights)) > 1


def test_slices_show_each_parameter_where_it_is_set():
    shown = study(60, states=("complete",))
    found = {picture.title: picture.svg for picture in slices(shown, list(shown.parameters))}
    assert list(found) == list(shown.parameters)
    having = sum("model.dropout" in trial.params for trial in shown.trials)
    assert 0 < having < 60
    assert sum(path.count("M") for path in re.findall(r'class="mark \w+" d="(.*?)"', found["model.dropout"])) == having
    assert ">null</text>" in found["data.cap"]
    assert ">0.001</text>" in found["model.learning_rate"]


def test_parallel_coordinates_show_the_most_important_parameters():
    shown = study(30, width=20)
    (picture,) = parallel(shown, dict.fromkeys(list(shown.parameters)[-3:], 1.0))
    assert all(key in picture.svg for key in list(shown.parameters)[-3:])
    assert "most important 9 of" in picture.caption
    assert ">unset</text>" in picture.svg, "some models have no dropout"
    assert list(parallel(study(30, width=1), {})) == []


def test_pairs_of_objectives_show_the_front():
    shown = study(50, goals=3)
    found = list(fronts(shown))
    assert [picture.title for picture in found] == [
        "cost.latency against validation.auroc", "cost.size against validation.auroc",
        "cost.size against cost.latency",
    ]  # fmt: skip
    assert all(picture.svg.count('class="mark best"') == len(shown.best) for picture in found)
    assert list(fronts(study(5))) == []


def test_long_curves_are_thinned_but_keep_their_end():
    steps = POINTS
    trials = [
        Trial(n, {}, state="complete", values=(0.5,), reports=tuple((s, s / steps) for s in range(1, steps + 1)))
        for n in range(3)
    ]
    (picture,) = curves(Study("long", {"m": "maximize"}, tuple(trials), 3))
    paths = re.findall(r'class="line \w+" d="(.*?)"', picture.svg)
    assert sum(path.count("L") + 1 for path in paths) <= POINTS + 3
    ends = {path.rpartition("L")[2] for path in paths}
    assert len(ends) == 1


def bar(number, worker, begun, ended, runs=1):
    return Trial(number, {}, state="complete", values=(0.1,), worker=worker, begun=START + begun, ended=START + ended,
                 runs=("r",) * runs)  # fmt: skip


def test_utilisation_is_the_time_with_a_trial_of_all_the_time():
    shown = Study("s", {"m": "minimize"}, (bar(0, 0, 0, 10), bar(1, 1, 0, 5), bar(2, 1, 5, 8)), 3)
    assert utilisation(shown) == pytest.approx(18 / 20)
    assert utilisation(Study("s", {"m": "minimize"}, (), 3)) is None


def test_pauses_between_commands_are_left_out():
    trials = (bar(0, 0, 0, 10), bar(1, 0, 11, 20), bar(2, 0, 90_000, 90_010))
    assert Clock.of(trials).total == 30
    assert Clock.of(trials).pauses == [20]
    shown = Study("s", {"m": "minimize"}, (*trials, bar(3, 0, 90_010, 90_020, runs=2)), 4)
    assert utilisation(shown) == pytest.approx(39 / 40)
    (picture,) = timeline(shown)
    assert picture.svg.count('class="pause"') == 1
    assert picture.svg.count('class="bar') == 4


def test_a_far_worse_trial_does_not_squeeze_the_rest():
    values = [0.3 + n / 100 for n in range(20)]
    assert objective_axis([*values, 1e6], "minimize").high < 1
    assert objective_axis([*values, -1e6], "minimize").low < -1e5, "what is far better is shown"
    assert objective_axis([*values, -1e6], "maximize").low > 0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20), st.booleans())
def test_axes_hold_their_values_and_have_round_labels(values, log):
    axis = Numeric.of(values, log=log)
    assert all(0 <= axis.place(value) <= 1 for value in values)
    places = [axis.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert len(axis.ticks()) <= 16
    assert all(0 <= place <= 1 for place, _ in axis.ticks())


def test_axes_follow_the_kind_of_the_values():
    assert isinstance(axis_of([1, 2], "choice 1, 2"), Categories)
    assert isinstance(axis_of([True, False], ""), Categories)
    assert isinstance(axis_of([1, "a"], "float"), Categories)
    assert axis_of([1e-4, 1e-2], "float 0.0001 … 0.01, log").log
    assert [label for _, label in axis_of([1, 2, 3], "int 1 … 3").ticks()] == ["1", "2", "3"]
    mixed = Categories.of(["b", 10, 2, None, [1], True, "b"])
    assert mixed.labels == ("null", "2", "10", "b", "[1]", "true")
