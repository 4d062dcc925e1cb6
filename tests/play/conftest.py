"""The networks, and a server that runs beside the tests."""

import threading

import pytest

from tinygrad_mlp.experiment.play.answers import load_networks
from tinygrad_mlp.experiment.play.server import Server


@pytest.fixture(scope="session")
def networks():
    return load_networks()


@pytest.fixture(scope="session")
def server(networks):
    with Server(0, networks) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
