"""What the Python clients share: JSON commands in, JSON events out, and the records they agree on."""

import json
import select
import sys
import traceback

PADDING = "-" * 80


def emit(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def key_of(number):
    return b"key-%d" % (number % 997)


def value_of(number):
    return f"{number}:{PADDING}".encode()


def number_of(value):
    return int(value[: value.index(b":")])


def commands():
    """One command a line; read unbuffered, so that `asked_to_stop` sees what is still to come."""
    line = b""
    while byte := sys.stdin.buffer.raw.read(1):
        if byte == b"\n":
            yield json.loads(line)
            line = b""
        else:
            line += byte


def asked_to_stop():
    return bool(select.select([sys.stdin], [], [], 0)[0])


def swallow_stop():
    next(commands(), None)


def serve(table):
    """Runs each command with its function; whatever a function returns are fields of `done`."""
    for command in commands():
        try:
            emit("done", **(table[command["do"]](command) or {}))
        except Exception as error:
            traceback.print_exc()
            emit("error", message=repr(error))


class Tally:
    """Sums up what a read returned, in the form that every client prints."""

    def __init__(self):
        self.count = 0
        self.bad = 0
        self.ids = set()
        self.first = {}
        self.next = {}

    def add(self, partition, offset, timestamp, key, value):
        number = number_of(value)
        self.count += 1
        self.ids.add(number)
        expected = self.next.get(partition)
        if expected is None:
            self.first[partition] = [offset, number, timestamp]
        elif offset != expected:
            self.bad += 1
        if key != key_of(number) or value != value_of(number):
            self.bad += 1
        self.next[partition] = offset + 1

    def result(self):
        return {"count": self.count, "distinct": len(self.ids), "bad": self.bad, "first": self.first}


class Delivery:
    """What a group member prints for each poll, and when it must stand still."""

    def __init__(self, command):
        self.pause_after = command.get("pause_after") or sys.maxsize
        self.seen = 0

    def deliver(self, records):
        """`records`: (partition, offset, value). Says whether the member pauses for good."""
        emit("records", records=[[p, o, number_of(value)] for p, o, value in records])
        self.seen += len(records)
        if self.seen >= self.pause_after:
            emit("paused")
            return True
        return False

    @staticmethod
    def committed(records):
        offsets = {}
        for partition, offset, _ in records:
            offsets[partition] = offset + 1
        emit("committed", offsets=offsets)
