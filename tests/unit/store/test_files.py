from pathlib import Path

import pytest
from headway.store.files import file_system

MOUNTS = """\
/dev/root / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb /home/local xfs rw 0 0
host:/x /mnt/two\\040words fuse.sshfs rw 0 0
tmpfs /home/local/ram tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/somewhere", "ext4"),
        ("/", "ext4"),
        ("/home", "nfs4"),
        ("/home/ann/project/.headway", "nfs4"),
        ("/homes/ann", "ext4"),
        ("/home/local/ann", "xfs"),
        ("/home/local/ram/x", "tmpfs"),
        ("/mnt/two words/x", "fuse.sshfs"),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(monkeypatch, folder, kind):
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: MOUNTS)
    assert file_system(Path(folder)) == kind


def test_without_a_table_of_mounts_it_is_unknown(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", missing)
    assert file_system(Path("/home")) == ""
