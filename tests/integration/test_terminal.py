"""The command line on a terminal, and its bars."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time

import pytest

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


@pytest.fixture
def on_terminal(toy):
    """Starts the toy pipeline on a terminal: (process, () → what it has written in so far)."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    written = bytearray()

    def look():
        while True:
            try:
                written.extend(os.read(ours, 65_536))
            except (BlockingIOError, OSError):
                return written.decode()

    os.set_blocking(ours, False)
    started = []

    def start(*words, **environment):
        known = toy.environment({"TERM": "xterm-256color"} | environment)
        started.append(subprocess.Popen(toy.command(*words), cwd=toy.folder, env=known, stdout=theirs, stderr=theirs))
        return started[0], look

    yield start
    started[0].kill()
    started[0].wait()
    os.close(ours)
    os.close(theirs)


def until(look, pattern):
    end = time.monotonic() + 60
    while not re.search(pattern, look()):
        assert time.monotonic() < end, look()
        time.sleep(0.05)


def test_a_running_stage_has_a_bar_and_none_is_left(on_terminal):
    process, look = on_terminal("run", "experiment=toy", "model.seconds=2.5")
    until(look, r"model .*[━─]{8,}.* 40%  0:0\d")
    assert process.wait(60) == 0
    text = look()
    assert "2 of 5 steps" in text
    assert text.rindex(SHOW) > text.rindex("%")
    assert "%" not in text[text.rindex(SHOW) :]


def test_an_interrupt_leaves_a_clean_terminal(on_terminal):
    process, look = on_terminal("run", "experiment=toy", "model.seconds=60", NO_COLOR="1")
    until(look, " 0%")
    assert look().rindex(HIDE) > look().rfind(SHOW)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    text = look()
    assert text.rindex(SHOW) > text.rindex(HIDE)
    assert "the same command goes on" in text[text.rindex(SHOW) :]
    assert not re.search(r"\x1b\[[\d;]*3\dm", text)  # no colour where none is wanted
