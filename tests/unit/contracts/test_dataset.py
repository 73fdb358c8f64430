from headway.contracts import Dataset
from headway.testing import tiny_dataset


def test_a_dataset_is_read_below_folders_whose_names_look_like_patterns(tmp_path):
    dataset, folder = tiny_dataset(50), tmp_path / "copy[1]"
    folder.mkdir()
    dataset.save(folder)
    loaded = Dataset.load(folder, None)
    assert loaded.split("train").collect().equals(dataset.split("train").collect())
