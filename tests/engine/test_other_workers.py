"""Workers that are not there, have other code, or are lost on the way: said, and never other numbers."""

import http.server
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import cloudpickle
import pandas as pd
import pytest

import likelihood_greeks as lg
from likelihood_greeks._versions import versions
from likelihood_greeks.book.interruption import WorkersLostError
from likelihood_greeks.engine import cluster, execution
from tests.book import test_damage

pytest.importorskip("distributed")

MAY_PART = (
    all(map(shutil.which, ("unshare", "nsenter", "ip")))
    and subprocess.run(["unshare", "--net", "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0
)


def test_a_worker_with_other_code_refuses_the_work():
    packed = cloudpickle.dumps(abs)
    assert execution._unpacked_within(packed, -1, versions()) == 1
    with pytest.raises(execution.OtherCodeError, match=r"source \w+ \(here other\)"):
        execution._unpacked_within(packed, -1, versions() | {"source": "other"})


class Client:
    """As many workers as are named, with these versions."""

    def __init__(self, workers):
        self.workers = workers

    def nthreads(self):
        return dict.fromkeys(self.workers, 1)

    def run(self, function):
        return self.workers

    def wait_for_workers(self, count, timeout):
        raise TimeoutError


def test_versions_are_compared_on_connecting(capsys):
    cluster._check_workers(Client({"a": versions()}), "tcp://x")
    with pytest.raises(OSError, match=r"b has numba 0\.1 \(here .*\), kernels unknown"):
        cluster._check_workers(Client({"a": versions(), "b": {k: v for k, v in versions().items() if k != "kernels"}
                                       | {"numba": "0.1"}}), "tcp://x")  # fmt: skip
    with pytest.raises(OSError, match="the scheduler at tcp://x has no workers"):
        cluster._check_workers(Client({}), "tcp://x")
    assert "waiting for workers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://localhost:8787", "dask must be a scheduler's address.*dashboard"),
        ("nonsense", "dask must be a scheduler's address"),
        ("ftp://x:1", "dask must be a scheduler's address"),
    ],
)
def test_what_is_no_address_is_refused(address, said):
    with pytest.raises(ValueError, match=said), cluster.connected(address):
        pass


def test_a_port_where_something_else_answers_does_not_hang(monkeypatch):
    class Silent(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

    monkeypatch.setattr(cluster, "SECONDS", 0.3)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        begun = time.monotonic()
        with (
            pytest.raises(OSError, match="no scheduler answers at tcp"),
            cluster.connected(f"tcp://127.0.0.1:{server.server_address[1]}"),
        ):
            pass
        server.shutdown()
    assert time.monotonic() - begun < 30.0


def test_lost_workers_leave_what_is_finished_and_say_how_to_go_on(tmp_path, whole):
    class Breaking(ProcessPoolExecutor):
        def __init__(self):
            super().__init__(1)
            self.calls = 0

        def submit(self, *arguments):
            self.calls += 1
            if self.calls > 3:
                raise BrokenProcessPool("a child was killed")
            return super().submit(*arguments)

    output = tmp_path / "risk.parquet"
    with (
        Breaking() as pool,
        pytest.raises(WorkersLostError, match=r"gone \(a child was killed\)(.|\n)*--resume") as told,
    ):
        test_damage.run(output, executor=pool)
    again = pickle.loads(pickle.dumps(told.value))
    assert (str(again), again.missing) == (str(told.value), told.value.missing)
    resumed = test_damage.run(output, resume=True, seed=None)
    pd.testing.assert_frame_equal(resumed, whole, check_exact=True)


def test_a_result_that_dask_never_delivers_is_not_waited_for_without_a_scheduler(monkeypatch):
    monkeypatch.setattr(cluster, "LOOKED", 0.01)

    class Lost:
        status = "connecting"

    monkeypatch.setattr(cluster, "_client", lambda pool: Lost)
    with pytest.raises(ConnectionError, match="the scheduler is lost"):
        cluster.awaited(None, Future())
    done = Future()
    done.set_result(3)
    assert cluster.awaited(None, done) == 3


def test_a_scheduler_that_does_not_say_how_many_threads_there_are_is_lost(monkeypatch):
    class Silent:
        def nthreads(self):
            raise OSError("Timed out trying to connect to tcp://127.0.0.1:8786 after 10 s")

    assert not cluster.lost(OSError("a file"))
    monkeypatch.setattr(cluster, "_client", lambda pool: Silent())
    with pytest.raises(ConnectionError, match=r"the scheduler is lost \(Timed out") as raised:
        cluster.threads(None)
    assert cluster.lost(raised.value)


def test_a_stopped_run_can_be_pickled():
    stopped = lg.Interrupted(pd.DataFrame({"a": [1]}), {"X": ["T1"]}, 3, None)
    again = pickle.loads(pickle.dumps(stopped))
    assert (str(again), again.missing) == (str(stopped), stopped.missing)
    assert again.frame.equals(stopped.frame)


SOON = {
    **os.environ,
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "11s",  # the least that Dask takes
}
LOSING = """
import os, shlex, subprocess, sys, warnings
warnings.simplefilter("ignore")
from likelihood_greeks.book import parts
from likelihood_greeks.engine import cluster
from tests.book import test_damage as t
kept = parts.Parts.keep
def keep(self, *arguments):
    kept(self, *arguments)
    subprocess.run(shlex.split(sys.argv[3]), check=False, stderr=subprocess.DEVNULL)
parts.Parts.keep = keep
with cluster.connected(sys.argv[2]) as pool:
    try:
        t.run(sys.argv[1], executor=pool)
    except ConnectionError as error:
        print(error, flush=True)
        os._exit(0)
os._exit(1)
"""


@pytest.fixture
def apart():
    """What runs a command in a network of its own, whose one interface is up."""
    own = subprocess.Popen(["unshare", "--net", "sleep", "300"])
    inside = ["nsenter", "--net", "--target", str(own.pid)]
    try:
        while os.readlink(f"/proc/{own.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            time.sleep(0.01)  # it has not left ours yet
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        yield inside
    finally:
        own.kill()
        own.wait()


@pytest.fixture(scope="module")
def whole():
    """A run that nothing happens to."""
    return test_damage.run(None)


def verify_left(whole, folder, how, inside=()):
    """A run on a cluster that is lost once a part was written, and another that goes on from what it left."""
    port = 20_000 + zlib.crc32(str(folder).encode()) % 20_000
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    dask = [*inside, sys.executable, "-m", "dask"]
    scheduler = subprocess.Popen([*dask, "scheduler", "--port", str(port), "--no-dashboard"], **quiet)
    worker = subprocess.Popen([*dask, "worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard"], **quiet)
    try:
        code = [*inside, sys.executable, "-c", LOSING, folder / "risk.parquet", address, how.format(scheduler.pid)]
        done = subprocess.run(code, check=False, capture_output=True, text=True, timeout=200, env=SOON)
    finally:
        scheduler.kill()
        worker.kill()
        scheduler.wait()
        worker.wait()
    assert done.returncode == 0, done.stderr
    assert "--resume" in done.stdout
    resumed = test_damage.run(folder / "risk.parquet", resume=True, seed=None)
    pd.testing.assert_frame_equal(resumed, whole, check_exact=True)


@pytest.mark.slow
def test_a_scheduler_that_is_killed_leaves_parts_to_go_on_from(tmp_path, whole):
    verify_left(whole, tmp_path, "kill -9 {}")


@pytest.mark.slow
@pytest.mark.skipif(not MAY_PART, reason="takes the right to make a network (Linux, root)")
def test_so_does_a_network_that_goes_silent(tmp_path, whole, apart):
    verify_left(whole, tmp_path, "ip link set lo down", apart)
