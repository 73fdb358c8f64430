"""Reads what the library keeps of an offline run: its transaction log, which is a LevelDB log of protobufs."""

import json
import re
import struct
from pathlib import Path

import wandb
from headway.testing import Kept
from wandb.proto import wandb_internal_pb2

BLOCK, HEADER = 32_768, 7
WHOLE, FIRST, LAST = 1, 2, 4
ENDS = {0: "done", 255: "interrupted"}


def chunks(data):
    """The records of a LevelDB log, whose file begins with a mark of seven bytes."""
    at, buffer = HEADER, b""
    assert data[:4] == b":W&B"
    while at + HEADER <= len(data):
        if BLOCK - at % BLOCK < HEADER:
            at += BLOCK - at % BLOCK
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + HEADER])
        part = data[at + HEADER : at + HEADER + length]
        at += HEADER + length
        buffer = part if kind in (WHOLE, FIRST) else buffer + part
        if kind in (WHOLE, LAST):
            yield buffer


def folders(store: Path, identity: str):
    """A folder for each attempt at a run, oldest first; attempts within a second are numbered."""
    every = (store / "trackers" / "wandb").iterdir()
    return sorted(path for path in every if re.fullmatch(rf"(offline-)?run-\d+_\d+-{identity}(-\d)?", path.name))


def records(store, identity, kind):
    """The records of a kind that all attempts at a run have left, in order."""
    for folder in folders(store, identity):
        for chunk in chunks((folder / f"run-{identity}.wandb").read_bytes()):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(chunk)
            if record.WhichOneof("record_type") == kind:
                yield getattr(record, kind)


def summary(store, identity):
    """The summary as the records build it up."""
    found = {}
    for record in records(store, identity, "summary"):
        for item in record.update:
            found["/".join(item.nested_key) or item.key] = json.loads(item.value_json)
    return found


def history(store, identity):
    """A row of values each time that something was logged."""
    for record in records(store, identity, "history"):
        yield {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.item}


def read_back(run):
    """What the library kept of a run, in the words of the contract; its process must end to have written it all."""
    wandb.teardown()
    (head, *_) = records(run.store, run.identity, "run")
    found = summary(run.store, run.identity)
    told = {name: value for name, value in found.items() if not name.startswith(("_", "stages/")) and "/" in name}
    ends = [record.exit_code for record in records(run.store, run.identity, "exit")]
    return Kept(
        name=head.display_name,
        group=head.run_group or None,
        config={item.key: json.loads(item.value_json) for item in head.config.update},
        steps=steps_of(history(run.store, run.identity)),
        final=by_stage(told),
        stages={name.split("/")[1]: value for name, value in found.items() if name.endswith("/status")},
        status=ENDS.get(ends[-1], "failed") if ends else None,
    )


def steps_of(rows):
    found = {}
    for row in rows:
        for stage, metrics in by_stage(row).items():
            if f"{stage}/step" in row and metrics:
                found.setdefault(stage, []).append((row[f"{stage}/step"], metrics))
    return found


def by_stage(values):
    """Metrics by stage, without the step axes."""
    found = {}
    for key, value in values.items():
        stage, _, name = key.partition("/")
        if name and name != "step" and not isinstance(value, dict):
            found.setdefault(stage, {})["step" if name == "step (metric)" else name] = value
    return found
