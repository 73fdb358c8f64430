"""Signals end a command in good order, and those that are ignored stay so."""

import os
import signal

import pytest
from headway.cli.signals import Terminated, ending_well


@pytest.fixture
def ignored():
    """SIGHUP as nohup leaves it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_command_as_ctrl_c_does(number, code):
    before = signal.getsignal(number)
    with pytest.raises(Terminated) as raised, ending_well():
        os.kill(os.getpid(), number)
    assert raised.value.exit_code == code
    assert signal.getsignal(number) == before


def test_a_command_under_nohup_outlives_its_terminal(ignored):
    with ending_well():
        os.kill(os.getpid(), signal.SIGHUP)
        with pytest.raises(Terminated):
            os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
