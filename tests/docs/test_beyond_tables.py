"""What the page on text and series quotes is what the two projects are."""

import pytest

from tests.docs.test_docs import ROOT, blocks

PAGE = "docs/beyond-tables.md"
PROJECTS = ROOT / "tests" / "integration" / "strain"
SOURCES = [path.read_text() for path in sorted(PROJECTS.glob("*/*.py")) + sorted(PROJECTS.glob("*/*.yaml"))]
QUOTED = [block for language in ("yaml", "python") for block in blocks(PAGE, language)]


def test_the_page_quotes_both_languages():
    assert len(QUOTED) >= 6


@pytest.mark.parametrize("number", range(len(QUOTED)))
def test_every_block_stands_in_a_project(number):
    assert any(QUOTED[number] in source for source in SOURCES), QUOTED[number]
