"""Dask clusters: the bits of a local run, small messages, and workers that are lost on the way."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import cloudpickle
import numpy as np
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks import cli
from likelihood_greeks.book import blocks
from likelihood_greeks.engine import cluster
from likelihood_greeks.engine.execution import ordered

distributed = pytest.importorskip("distributed")

pytestmark = [
    pytest.mark.slow,  # machines of their own start and stop
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

MARKET = {
    "valuation_date": "2025-03-14",
    "underlyings": {
        "AAA": {"spot": 100.0, "dividend_yield": 0.01, "zero_rate": 0.03, "implied_volatility": 0.25},
        "BBB": {"spot": 50.0, "zero_rate": 0.02, "implied_volatility": 0.3},
    },
}
BOOK = pd.DataFrame(
    {
        "trade_id": f"T{k}",
        "underlying": "AAA" if k % 2 else "BBB",
        "product": "asian",
        "option": "call",
        "quantity": 1 + k,
        "maturity": "2026-03-13",
        "frequency": "monthly",
        "strike": (100.0 if k % 2 else 50.0) * (0.9 + 0.02 * k),
    }
    for k in range(8)
)


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as machines,
        distributed.Client(machines) as found,
    ):
        yield found


def run(**options):
    settings = {"paths": 20_000, "seed": 3, "controls": "scores", "closed_form": False}
    return lg.risk(BOOK, MARKET, ["delta", "vega"], **settings, **options)


def test_one_payoff_runs_on_a_cluster_too_even_a_lambda(client):
    payoff = lg.Payoff(lambda spot: np.maximum(spot.mean(axis=0) - 100.0, 0.0), times=[0.5, 1.0])
    model = lg.GBM(spot=100.0, volatility=0.2, rate=0.03)
    there, here = (lg.greeks(model, payoff, paths=20_000, seed=1, executor=e) for e in (client.get_executor(), None))
    pd.testing.assert_frame_equal(there.to_frame(), here.to_frame(), check_exact=True)


def test_a_task_does_not_travel_with_every_call(client):
    weight = np.arange(250_000.0)  # 2 MB

    def task(piece):
        time.sleep(0.01)
        return float(weight[piece])

    size, before = len(cloudpickle.dumps(task)), received(client)
    assert list(ordered(((task, k) for k in range(60)), client.get_executor())) == [float(k) for k in range(60)]
    moved = received(client) - before  # to the two workers that did not have it, again if Dask dropped a copy
    assert 0.9 * size < moved < 10.0 * size


def received(client):
    """Bytes that workers have received from each other."""
    logs = client.run(lambda dask_worker: sum(entry["total"] for entry in dask_worker.transfer_incoming_log))
    return sum(logs.values())


def test_the_command_line_runs_on_a_cluster(client, tmp_path, capsys):
    table, market = tmp_path / "book.csv", tmp_path / "market.toml"
    BOOK.iloc[1::2].to_csv(table, index=False)
    values = "\n".join(f"{key} = {value}" for key, value in MARKET["underlyings"]["AAA"].items())
    market.write_text(f"valuation_date = 2025-03-14\n[underlyings.AAA]\n{values}\n")
    command = ["risk", table, "--market", market, "--paths", "8192", "--seed", "3", "--controls", "scores"]
    with pytest.raises(SystemExit) as stop:
        cli.main([*map(str, command), "--dask", client.scheduler.address])
    assert stop.value.code == 0
    assert "4 trades, 8,192 paths, seed 3" in capsys.readouterr().out


def test_a_cluster_gives_the_bits_of_a_local_run_even_when_a_worker_is_killed(client, tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "SIZE", 2)
    output, killed = tmp_path / "risk.parquet", []
    before = client.run(os.getpid)

    def kill_one_in_the_middle():
        while not list(tmp_path.glob("*.parts/*.parquet")) and not output.exists():
            time.sleep(0.005)
        os.kill(next(iter(before.values())), signal.SIGKILL)
        killed.append(not output.exists())

    killer = threading.Thread(target=kill_one_in_the_middle)
    killer.start()
    frame = run(executor=client.get_executor(), output=output)
    killer.join()
    assert killed == [True]  # while the run was under way
    pd.testing.assert_frame_equal(frame, run(executor="serial"), check_exact=True)


def test_without_dask_the_error_says_what_to_install(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(cluster, "import_module", missing)
    with (
        pytest.raises(ModuleNotFoundError, match=r'pip install "likelihood-greeks\[cluster\]"'),
        cluster.connected("local"),
    ):
        pass


def test_other_executors_are_not_taken_for_clusters():
    with ThreadPoolExecutor(2) as pool:
        assert cluster.threads(pool) is None
        assert cluster.carried(pool, b"task") == b"task"
