from headway.store import new_run_id


def test_ids_sort_by_time_and_differ():
    ids = [new_run_id() for _ in range(2000)]
    assert len(set(ids)) == 2000
    assert [run[:15] for run in ids] == sorted(run[:15] for run in ids)


def test_an_id_is_never_given_twice_by_a_process(monkeypatch):
    drawn = iter(["aaaaaa", "aaaaaa", "bbbbbb"])
    monkeypatch.setattr("secrets.token_hex", lambda _: next(drawn))
    assert new_run_id().endswith("aaaaaa")
    assert new_run_id().endswith("bbbbbb")
