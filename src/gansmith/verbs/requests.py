"""What other shells ask of a training through its inbox: stop, pause, continue, snapshot, remedies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gansmith.verbs.record import Record

POLL_EVERY = 0.5  # seconds


@dataclass
class Requests:
    """Answers them for one training. `asked` gets an entry when somebody wants it to stop."""

    record: Record
    asked: list[str]
    last_poll: float = 0.0

    def answered(self) -> Iterator[tuple[str, bool]]:
        """Do what is asked for, when it is time to look again; remedies are left to the caller: (id, undo)."""
        if time.perf_counter() - self.last_poll <= POLL_EVERY:
            return
        self.last_poll = time.perf_counter()
        record = self.record
        waiting = record.run.take(record.warn)
        while waiting and not self.asked:
            request = waiting.pop(0)
            name = str(request.get("request"))
            if name == "stop":
                self.asked.append("request")
            elif name == "snapshot":
                record.frame()
                record.checkpoint()
                record.note("snapshot", seen=record.training.place.counter)
            elif name == "pause":
                waiting = self.pause(waiting)
            elif name == "remedy":
                yield str(request.get("id")), bool(request.get("undo"))
        for request in waiting:  # behind a stop: they wait for the training to go on
            if request.get("request") == "remedy":
                record.run.post("remedy", id=request.get("id"), undo=request.get("undo"))

    def pause(self, waiting: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Wait for "continue" or "stop"; returns what else was asked for meanwhile."""
        record = self.record
        record.checkpoint()
        record.note("pause", seen=record.training.place.counter)
        start = time.perf_counter()
        while not self.asked:
            record.status("paused")
            names = [request.get("request") for request in waiting]
            if "stop" in names:
                self.asked.append("request")
            if "continue" in names:
                break
            time.sleep(POLL_EVERY)
            waiting += record.run.take(record.warn)
        record.waited(time.perf_counter() - start)
        record.note("continue", seen=record.training.place.counter)
        return [request for request in waiting if request.get("request") not in ("pause", "continue", "stop")]
