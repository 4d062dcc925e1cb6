"""`python -m tests.play`: how long it takes from the pen to the answer.

Prints medians and 95th percentiles, in milliseconds: of the server alone, and in a real browser
from the moment of a pointer event until the bars that answer it are painted. For single movements
with pauses between them, and for a hand that moves all the time: there an event may wait until the
question before it is answered. What it prints depends on the machine, so no test asserts it.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from http.client import HTTPConnection

import numpy as np

from ..lessons.browser import Browser, find_browser
from .drawings import digits, drawn, strokes_of
from .hand import Hand

HEADERS = {"Content-Type": "application/json"}

# Events wait in `pending` until a question takes them along; once its answer is painted, the age of
# each is noted.
NOTE_AGES = """
window.ages = [];
let pending = [], taken = [];
const note = (event) => pending.push(event.timeStamp);
const move = "onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove";
for (const kind of ["pointerdown", move]) pad.addEventListener(kind, note, true);
const asked = window.fetch;
window.fetch = (...all) => {
  taken = pending.splice(0);
  return asked(...all);
};
new MutationObserver(() => {
  const answered = taken.splice(0);
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => window.ages.push(...answered.map((then) => performance.now() - then));
    port2.postMessage(0); // after the frame is painted
  });
}).observe(document.querySelector("#best .bars"), { attributes: true });
"""


def summary(milliseconds):
    half, most = np.percentile(milliseconds, [50, 95])
    return f"median {half:6.1f} ms, 95 % within {most:6.1f} ms ({len(milliseconds)} times)"


def server_times(port, pages, **more):
    connection = HTTPConnection("127.0.0.1", port)
    found = []
    for page in pages:
        body = json.dumps({"picture": page.tolist(), **more})
        start = time.perf_counter()
        connection.request("POST", "/fool" if "network" in more else "/answer", body, HEADERS)
        connection.getresponse().read()
        found.append(1000 * (time.perf_counter() - start))
    connection.close()
    return found


def browser_times(browser, address, images, pause, why=False):
    """The age of each pointer event when its answer was painted."""
    browser.open(address)
    browser.evaluate(NOTE_AGES)
    if why:
        browser.evaluate("document.getElementById('why').click()")
    hand = Hand(browser)
    touch = hand.touch

    def slowly(*where):
        touch(*where)
        time.sleep(pause)

    hand.touch = slowly
    for image in images:
        hand.strokes(strokes_of(image))
        hand.wait()
        time.sleep(0.1)
        browser.evaluate("document.getElementById('clear').click()")
    return browser.evaluate("window.ages")


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.play", description=__doc__)
    parser.add_argument("--digits", type=int, default=60, help="how many are drawn (%(default)s)")
    images, _ = digits(parser.parse_args().digits)
    pages = [drawn(image) for image in images]
    started = subprocess.Popen(
        [sys.executable, "-m", "tinygrad_mlp", "play", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = re.search(r"http://\S+", started.stdout.readline())[0]
        port = int(address.rstrip("/").rpartition(":")[2])
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        print(f"load average {load:.1f} on {os.cpu_count()} cores")
        server_times(port, pages[:5])
        print("server, answer:          ", summary(server_times(port, pages)))
        print("server, answer and why:  ", summary(server_times(port, pages, why=True)))
        for name in ("small", "improved", "best"):
            found = server_times(port, pages[:20], network=name)
            print(f"server, fool {name:12}", summary(found))
        program = find_browser()
        if program is None:
            print("no Chromium is installed, so nothing is measured in one")
            return
        with Browser(program) as browser:
            browser.look(1200)
            for words, count, pause, why in [
                ("pen to bars, one at a time:", 12, 0.1, False),
                ("pen to bars, moving:       ", 60, 0.008, False),
                ("the same, with why:        ", 60, 0.008, True),
            ]:
                found = browser_times(browser, address, images[:count], pause, why)
                print(words, summary(found))
    finally:
        started.terminate()
        started.wait()


if __name__ == "__main__":
    main()
