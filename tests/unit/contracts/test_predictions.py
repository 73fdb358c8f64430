import numpy as np
import pytest
from headway.contracts import Output, Predictions, output_columns, tabulate


def test_outputs_become_columns_and_arrays_again():
    probability = Output("probability", "probability", classes=("no", "yes"))
    value = Output("value", "value")
    arrays = {"probability": np.float32([[0.25, 0.75], [0.5, 0.5]]), "value": np.float32([3, 4])}
    frame = tabulate((probability, value), arrays)
    assert frame.columns == ["probability[no]", "probability[yes]", "value"]
    predictions = Predictions(frame, None, (probability, value), "0" * 64)
    np.testing.assert_array_equal(predictions.output("probability"), arrays["probability"])
    np.testing.assert_array_equal(predictions.output("value"), arrays["value"])


@pytest.mark.parametrize(
    ("output", "columns"),
    [
        (Output("y", "value"), ["y"]),
        (Output("y", "label", classes=("a", "b")), ["y"]),
        (Output("y", "quantile", levels=(0.1, 0.9)), ["y[0.1]", "y[0.9]"]),
        (Output("y", "value", horizon=2), ["y[1]", "y[2]"]),
        (Output("y", "quantile", levels=(0.5,), horizon=2), ["y[1,0.5]", "y[2,0.5]"]),
    ],
)
def test_every_kind_of_output_has_columns(output, columns):
    assert output_columns(output) == columns


def test_predictions_are_read_below_folders_whose_names_look_like_patterns(tmp_path):
    folder, value = tmp_path / "copy[1]", Output("value", "value")
    folder.mkdir()
    frame = tabulate((value,), {"value": np.float32([3, 4])})
    Predictions(frame, None, (value,), "0" * 64).save(folder)
    assert Predictions.load(folder, None).frame.equals(frame)
