import pytest
from headway.testing import TrackerSuite
from headway_wandb import Wandb
from reading import read_back as read


class TestWandb(TrackerSuite):
    @pytest.fixture
    def tracker(self):
        return Wandb(mode="offline")

    @pytest.fixture
    def read_back(self):
        return read
