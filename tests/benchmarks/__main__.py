"""`python -m tests.benchmarks [NAME ...]`: runs the benchmarks and compares them with the budgets.

Every figure is a ratio of two things measured in the same run, in turn, so that a machine that is slow
or busy slows both. Exit code 1 if a budget is exceeded.
"""

import sys
from importlib import import_module
from pathlib import Path


def main(names: list[str]) -> int:
    found = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    chosen = [name for name in found if not names or any(wanted in name for wanted in names)]
    results = [result for name in chosen for result in import_module(f"tests.benchmarks.{name}").measure()]
    for result in results:
        print(result)
    return 0 if all(result.within for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
