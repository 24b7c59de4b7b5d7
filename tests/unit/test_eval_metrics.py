"""The arithmetic of the evaluation, and how bad data is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.eval import main
from benchmarks.eval_groups import Row
from benchmarks.eval_metrics import hit, interval, ndcg, paired, recall
from benchmarks.eval_report import changes, kept, table, write
from benchmarks.eval_sets import BadData, read_beir, read_records


def test_ndcg_is_one_for_the_ideal_order_and_falls_with_rank() -> None:
    assert ndcg([3, 1, 2], {3: 1, 1: 1}) == pytest.approx(1.0)
    assert ndcg([9, 3], {3: 1}) == pytest.approx(1 / 1.5849625)
    assert ndcg([1, 2], {2: 2, 1: 1}) == pytest.approx((1 + 3 / 1.5849625) / (3 + 1 / 1.5849625))
    assert ndcg([9] * 10 + [3], {3: 1}) == 0.0


def test_recall_counts_relevant_units_and_hit_asks_for_one() -> None:
    assert recall([1, 2, 3], {1: 1, 3: 1}, 2) == 0.5
    assert hit([1, 2, 3], {3: 1, 7: 1}, 2) == 0.0
    assert hit([1, 2, 3], {3: 1, 7: 1}, 3) == 1.0


def test_an_interval_holds_the_mean_and_is_the_same_every_time() -> None:
    found = interval([0.0, 1.0] * 50)
    assert found.low < found.mean == 0.5 < found.high
    assert found == interval([0.0, 1.0] * 50)
    assert interval([1.0] * 20).low == 1.0


def test_results_are_compared_question_by_question(tmp_path: Path) -> None:
    def rows(values: list[float]) -> list[Row]:
        by_question = {f"q{n}": value for n, value in enumerate(values)}
        return [Row("retrieval", system, "recall@4", by_question) for system in ("dense", "ours")]

    good, noisy, bad = [1.0] * 30 + [0.0] * 10, [1.0] * 29 + [0.0] * 11, [0.0] * 40
    write(tmp_path / "s.json", kept("s", rows(good), {"chunks": 3}))
    assert json.loads((tmp_path / "s.json").read_text())["facts"] == {"chunks": 3}

    def fell(values: list[float]) -> bool:
        new = {"retrieval: recall@4": rows(values)[1].values, "of another part": {"q0": 1.0}}
        return any(change.fell for change in changes(new, tmp_path / "s.json"))

    assert [fell(good), fell(noisy), fell(bad)] == [False, False, True]
    assert "| retrieval: recall@4 | 40 | 0.750 [" in table("s", rows(good))


def test_a_rival_that_ranks_nothing_stands_in_the_last_column_with_its_mean() -> None:
    rows = [
        Row("retrieval", "ours", "recall@4", {"q0": 1.0}),
        Row("follow-ups", "ours", "recall@6", {"q0": 1.0, "q1": 1.0}),
        Row("follow-ups", "as asked", "recall@6", {"q0": 0.0, "q1": 1.0}),
    ]
    head, _, first, second = table("s", rows).splitlines()[2:]
    assert head == "|  | questions | ours | ours - best other |"
    assert first.endswith("|  |")
    assert second.endswith("(as asked: 0.500) |")


def test_rounding_in_the_file_is_no_change(tmp_path: Path) -> None:
    rows = [Row("retrieval", "ours", "nDCG@10", {f"q{n}": 2 / 3 for n in range(20)})]
    write(tmp_path / "s.json", kept("s", rows, {}))
    (change,) = changes({"retrieval: nDCG@10": rows[0].values}, tmp_path / "s.json")
    assert change.difference.mean == 0.0
    assert not change.fell


def test_results_without_a_common_question_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="share no question"):
        paired({"a": 1.0}, {"b": 1.0})


def a_beir_folder(folder: Path, **files: str) -> Path:
    (folder / "qrels").mkdir(parents=True)
    contents = {
        "corpus.jsonl": '{"_id": "d1", "title": "", "text": "Wind."}\n',
        "queries.jsonl": '{"_id": "q1", "text": "What blows?"}\n',
        "qrels/test.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t1\n",
    }
    for name, text in {**contents, **{k.replace("__", "/"): v for k, v in files.items()}}.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def test_a_beir_folder_is_read(tmp_path: Path) -> None:
    found = read_beir(a_beir_folder(tmp_path / "mini"), "test")
    assert (found.name, found.passages) == ("mini", [("d1", "", "Wind.")])
    assert [(a.id, a.text, a.grades) for a in found.asked] == [("q1", "What blows?", {0: 1})]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"corpus.jsonl": ""}, "corpus.jsonl is empty"),
        ({"queries.jsonl": "{"}, "queries.jsonl:1: not JSON"),
        ({"queries.jsonl": "[]"}, "queries.jsonl:1: not an object"),
        ({"corpus.jsonl": '{"id": 1}'}, "no '_id'"),
        ({"qrels__test.tsv": "head\nq1 d1 1\n"}, "test.tsv:2: not question, passage and grade"),
        ({"qrels__test.tsv": "head\nq1\td9\t1\n"}, "'d9' is in neither"),
        ({"qrels__test.tsv": "head\nq1\td1\t0\n"}, "judges no passage relevant"),
        ({"qrels__test.tsv": "head\n"}, "judges no passage relevant"),
    ],
)
def test_a_malformed_folder_is_refused_with_the_place(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    with pytest.raises(BadData, match=message):
        read_beir(a_beir_folder(tmp_path / "mini", **files), "test")


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="is not a folder"):
        read_beir(tmp_path / "nothing", "test")
    with pytest.raises(BadData, match=r"corpus\.jsonl is missing"):
        read_beir(tmp_path, "test")
    folder = a_beir_folder(tmp_path / "mini")
    (folder / "qrels" / "test.tsv").unlink()
    with pytest.raises(BadData, match="not in BEIR layout"):
        read_beir(folder, "test")
    (tmp_path / "none.jsonl").write_text("\n")
    with pytest.raises(BadData, match="is empty"):
        read_records(tmp_path / "none.jsonl")


def test_the_command_refuses_bad_data_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "none.jsonl").write_text("")
    assert main(["--questions", str(tmp_path / "none.jsonl")]) == 2
    assert "is empty: nothing to measure" in capsys.readouterr().err
    assert main(["--data", str(tmp_path / "nowhere")]) == 2
    assert "is not a folder" in capsys.readouterr().err
    assert main(["--only-data"]) == 2
