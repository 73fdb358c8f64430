"""Studies to look at, without Optuna."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))  # importlib mode does not add it
