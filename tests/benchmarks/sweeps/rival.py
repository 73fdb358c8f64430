"""hydra-optuna-sweeper in an environment of its own, made once under ``.benchmarks``: it needs Optuna below 3.

Libraries that it lacks (torch, Lightning, scikit-learn, Polars) are those of this environment, behind its own.
"""

import subprocess
import venv
from pathlib import Path

VERSION = "1.3.0"
PACKAGES = ("hydra-core==1.3.8", f"hydra-optuna-sweeper=={VERSION}", "optuna==2.10.1", "hydra-joblib-launcher==1.2.0")
PLUGINS = "hydra_plugins.hydra_optuna_sweeper, hydra_plugins.hydra_joblib_launcher"
HOME = Path(__file__).parents[3] / ".benchmarks" / f"hydra-optuna-sweeper-{VERSION}"
APP = Path(__file__).parent / "hydra_app"


def python() -> Path | None:
    """Its Python; None if it cannot be installed here."""
    found = HOME / "bin" / "python"
    if not found.exists():
        venv.create(HOME, with_pip=True)
    if subprocess.run([found, "-c", f"import {PLUGINS}"], check=False, capture_output=True).returncode:
        install = [found, "-m", "pip", "install", "--quiet", *PACKAGES]
        if subprocess.run(install, check=False, capture_output=True).returncode:
            return None
    (own,) = HOME.glob("lib/*/site-packages")
    (own / "behind.pth").write_text(f"{_libraries()}\n")
    return found


def _libraries() -> Path:
    """Where torch is: an environment may take its libraries from another."""
    import torch

    return Path(torch.__file__).parents[1]
