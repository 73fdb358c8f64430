import queue
import threading

from headway import worker


def test_a_worker_without_a_task_gives_memory_back_once_and_goes_on_waiting(monkeypatch):
    gave, tasks = [], queue.SimpleQueue()
    monkeypatch.setattr(worker, "IDLE", 0.01)

    def give_back():
        gave.append(True)
        threading.Timer(0.05, tasks.put, ["second"]).start()

    monkeypatch.setattr(worker, "give_back", give_back)
    tasks.put("first")
    assert (worker._next(tasks), gave) == ("first", [])
    assert (worker._next(tasks), gave) == ("second", [True])
