"""What the papers measured: mean and standard deviation (ddof 0) of a test metric over seeds.

Recomputed from the reports of every seed in the authors' repositories, all of them yandex-research's on GitHub:

- 2021: rtdl-revisiting-models (https://arxiv.org/abs/2106.11959, tables 2 and 4), ``output/DATASET/MODEL/CONFIG``
- 2022: rtdl-num-embeddings (https://arxiv.org/abs/2203.05556), ``exp/MODEL/DATASET/0_evaluation``
- 2023: tabular-dl-tabr (https://arxiv.org/abs/2307.14338), ``exp/MODEL/DATASET/2-evaluation``, ``default2-evaluation``
- 2024: tabm (https://arxiv.org/abs/2410.24210), ``paper/exp/MODEL/DATASET/0-evaluation``

In 2021 the rows of California that are no test rows were divided into train and validation otherwise; those of
Covertype are at random here, which moves its figures by about 0.001.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A figure of a paper.

    Attributes:
        mean: Of the test metric: accuracy, or RMSE in the units of the target.
        deviation: Standard deviation over seeds; 0 where all gave the same.
        source: Model, config and year.
        seeds: How many.
    """

    mean: float
    deviation: float
    source: str
    seeds: int = 15


MLP, RESNET, FT = "MLP tuned 2021", "ResNet tuned 2021", "FT-T tuned 2021"
TABM, OWN = "TabM tuned 2024, same batches", "TabM tuned 2024, own batches"
FT_DEFAULT, XGB_DEFAULT = "FT-T default 2021", "XGBoost default 2021"
LIGHT, LIGHT_2023 = "LightGBM tuned 2021", "LightGBM tuned 2023"

ADULT = {
    "mlp": Published(0.852175, 0.001924, MLP),
    "resnet": Published(0.854403, 0.001742, RESNET),
    "ft_transformer": Published(0.858694, 0.001047, FT),
    "ft_transformer default": Published(0.857384, 0.001182, FT_DEFAULT),
    "tabm": Published(0.858158, 0.001063, TABM),
    "tabm default": Published(0.857466, 0.000732, OWN),
    "lightgbm": Published(0.872326, 0.000346, LIGHT),
    "lightgbm default": Published(0.869357, 0.0, "LightGBM default 2023"),
    "hist_gradient_boosting": Published(0.872326, 0.000346, LIGHT),
    "hist_gradient_boosting default": Published(0.874148, 0.0, XGB_DEFAULT),
}
CALIFORNIA = {
    "mlp": Published(0.498548, 0.002950, MLP),
    "resnet": Published(0.485643, 0.003000, RESNET),
    "ft_transformer": Published(0.459117, 0.003504, FT),
    "ft_transformer default": Published(0.468826, 0.003812, FT_DEFAULT),
    "tabm": Published(0.450932, 0.003047, TABM),
    "tabm default": Published(0.441392, 0.001176, OWN),
    "lightgbm": Published(0.435234, 0.001833, LIGHT_2023),
    "lightgbm default": Published(0.449457, 0.0, "LightGBM default 2023"),
    "hist_gradient_boosting": Published(0.432174, 0.003523, LIGHT),
    "hist_gradient_boosting default": Published(0.470686, 0.0, "XGBoost default 2023"),
}
COVERTYPE = {
    "mlp": Published(0.962473, 0.001118, MLP),
    "resnet": Published(0.964419, 0.001172, RESNET),
    "ft_transformer": Published(0.969655, 0.000670, FT),
    "ft_transformer default": Published(0.966730, 0.000791, FT_DEFAULT),
    "tabm": Published(0.971188, 0.000773, TABM),
    "tabm default": Published(0.973538, 0.000390, OWN),
    "lightgbm": Published(0.970850, 0.000313, LIGHT_2023),
    "lightgbm default": Published(0.884477, 0.015337, "LightGBM default 2023"),
    "hist_gradient_boosting": Published(0.970850, 0.000313, LIGHT_2023),
    "hist_gradient_boosting default": Published(0.964020, 0.0, XGB_DEFAULT),
}
PUBLISHED = {"adult": ADULT, "california": CALIFORNIA, "covertype": COVERTYPE}


def published(dataset: str, model: str, config: str) -> Published | None:
    """What a cell is held against: the paper's figure of that config, or else its tuned one; None for none at all."""
    known = PUBLISHED[dataset]
    return known.get(f"{model} {config}", known.get(model))
