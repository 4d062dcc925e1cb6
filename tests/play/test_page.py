"""The page in a real browser: strokes are drawn, answers read, buttons pressed."""

import json

import numpy as np
import pytest
from PIL import Image

from tinygrad_mlp.experiment.play import server as served
from tinygrad_mlp.experiment.play.answers import SHOWN, WEIGHTS, ask, see
from tinygrad_mlp.experiment.play.questions import Question, answer
from tinygrad_mlp.experiment.play.server import PAGES
from tinygrad_mlp.experiment.recognise import predict
from tinygrad_mlp.experiment.training import load_model

from ..lessons.browser import Browser, find_browser
from .drawings import digits, drawn
from .hand import BOX, Hand

SLOW = pytest.mark.slow
"""For what is held too, but takes seconds, where a core of the tests always runs."""

WATCH_WHAT_IS_SENT = """
window.sent = null;
const asked = window.fetch;
window.fetch = (path, options) => {
  window.sent = JSON.parse(options.body);
  return asked(path, options);
};
"""


@pytest.fixture(scope="module")
def browser():
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium is installed")
    with Browser(program) as browser:
        yield browser


@pytest.fixture
def opened(browser, server):
    """The page, just opened, at 1200 pixels; afterwards it must have nothing to complain of."""
    browser.look(1200)
    browser.open(server.address)
    yield browser
    assert browser.complaints() == []
    own = {server.address + path[1:] for path in (*PAGES, "/answer", "/fool")}
    assert set(browser.asked_for()) <= own


@pytest.fixture
def hand(opened):
    return Hand(opened)


@pytest.fixture(scope="module")
def images():
    return digits(10)[0]


def is_empty(hand):
    return hand.answers() == ["?"] * 4


# ------------------------------------------------------------------------------------- answers


def test_what_is_drawn_is_sent_and_answered_as_predict_answers_for_that_picture(
    opened, hand, networks, images, tmp_path
):
    opened.evaluate(WATCH_WHAT_IS_SENT)
    hand.draw(images[0])
    page = np.array(opened.evaluate("window.sent.picture"), np.uint8)
    assert np.abs(page.astype(int) - drawn(images[0])).mean() < 4  # as PIL draws the same strokes
    Image.fromarray(page).save(tmp_path / "page.png")
    said = []
    for name in SHOWN:
        _, model = load_model(WEIGHTS / f"{name}.safetensors")
        if name == "basic":  # `predict` refuses it
            seen = see(page.astype(np.float32) / 255).image
            said.append(str(model(seen[None]).argmax()))
            continue
        found = predict(tmp_path / "page.png", model)
        said.append(str(found.digit))
        share = f"{100 * found.probabilities.max():.0f}\u00a0%"
        assert hand.text(f"#{name} .share") in (share, f"{share}, unsure")
    assert hand.answers() == said


@pytest.mark.parametrize("tool", ["mouse", pytest.param("pen", marks=SLOW), "finger"])
def test_one_draws_with_mouse_pen_and_finger(opened, images, tool):
    hand = Hand(opened, tool)
    assert is_empty(hand) and hand.text("#hint") == "draw here"
    hand.draw(images[3])
    assert hand.answers()[3] == "0"
    heights = opened.evaluate(
        "[...document.querySelectorAll('#best .bars i')]"
        ".map((bar) => bar.getBoundingClientRect().height / bar.offsetHeight)"
    )
    assert np.argmax(heights) == 0 and 0.8 < max(heights) < 0.95
    assert sum(heights) == pytest.approx(1, abs=0.01)


def test_the_answers_come_while_one_draws_and_hidden_units_light_up(opened, hand, images):
    hand.strokes([[(40, 20), (40, 30)]])
    hand.wait()
    first = hand.answers()
    assert "?" not in first
    units = "[...document.querySelectorAll('%s .units i')].map((unit) => +unit.style.opacity)"
    before = {name: opened.evaluate(units % f"#{name}") for name in ("small", "improved")}
    assert [len(found) for found in before.values()] == [10, 100]
    hand.strokes([[(25, 20), (55, 20)], [(25, 60), (55, 60)]])
    hand.wait()
    for name, found in before.items():
        lights = opened.evaluate(units % f"#{name}")
        assert lights != found and max(lights) == 1
        lit = sum(light > 0.081 for light in lights)
        assert hand.text(f"#{name} .lit") == f"{lit} of {len(lights)} units lit"


def test_a_dot_is_seen_too(opened, hand):
    hand.strokes([[(40, 40), (40, 40), (40, 40)]])
    hand.wait()
    assert "?" not in hand.answers()


def test_what_cannot_be_read_is_told_as_the_server_says_it(opened, hand, networks):
    opened.evaluate(WATCH_WHAT_IS_SENT)
    rows = [(x, y) for y in range(-1, 85, 6) for x in (-1, 81)]
    hand.strokes([[(1, 1), *rows]])  # the whole pad
    hand.wait()
    picture = np.array(opened.evaluate("window.sent.picture"), np.uint8)
    reason = answer(Question(picture), networks)["unread"]
    told = hand.text("#trouble")
    assert told == f"{reason[0].upper()}{reason[1:]}. Clear the pad, and try again."
    assert is_empty(hand)


def test_two_digits_are_told_and_cleared_away(opened, hand):
    hand.strokes([[(20, 10), (20, 70)], [(60, 10), (60, 70)]])
    hand.wait()
    assert "several digits" in hand.text("#trouble")
    hand.click("#undo")
    assert hand.text("#trouble") == ""


@SLOW
def test_the_sentence_for_screen_readers_comes_once_the_hand_rests(opened, hand, images):
    hand.draw(images[0])
    assert hand.text("#spoken") == ""
    opened.evaluate(
        "new Promise((done) => new MutationObserver(done)"
        ".observe(document.getElementById('spoken'), {childList: true}))"
    )
    assert hand.text("#spoken") == "Best says 7, Improved says 7, Small says 7, Basic says 9."
    assert opened.evaluate("document.getElementById('spoken').ariaLive") == "polite"
    label = "document.querySelector('#best .bars').getAttribute('aria-label')"
    assert opened.evaluate(label).startswith("The strongest outputs are 7: 9")


@SLOW
def test_undo_and_clear(opened, hand, images):
    hand.strokes([[(40, 10), (40, 70)], [(20, 40), (60, 40)]])
    hand.wait()
    both = hand.text("#best .share")
    hand.click("#undo")
    assert hand.text("#best .share") != both
    hand.press("z", control=True)
    hand.wait()
    assert is_empty(hand)
    hand.draw(images[0])
    hand.click("#clear")
    assert is_empty(hand)
    assert opened.evaluate("document.getElementById('clear').disabled")


# --------------------------------------------------------------------- changes, why, fooling it

PIXELS = """(() => {
  const canvas = document.querySelector("%s");
  return [...canvas.getContext("2d").getImageData(0, 0, 28, 28).data];
})()"""


def pixels(browser, selector):
    """The colours (28, 28, 4) of a small picture."""
    return np.array(browser.evaluate(PIXELS % selector)).reshape(28, 28, 4)


def test_each_network_shows_what_it_saw_and_the_switches_change_it(opened, hand, images):
    opened.evaluate(WATCH_WHAT_IS_SENT)
    hand.draw(images[0])
    page = np.array(opened.evaluate("window.sent.picture"), np.float32) / 255
    for name in SHOWN:
        found = pixels(opened, f"#{name} .saw")[..., 3]
        assert np.abs(found - 255 * see(page).image).max() <= 1
    for change in ("flip", "affine", "elastic", "noise"):
        hand.click(f"[value={change}]")
        for seed in range(1 if change == "flip" else 2):
            if seed:
                hand.click("#again")
            sent = opened.evaluate("[window.sent.changes, window.sent.seed]")
            assert sent[0] == [change]
            expected = np.clip(see(page, [change], sent[1]).image, 0, 1)
            found = pixels(opened, "#best .saw")[..., 3]
            assert np.abs(found - 255 * expected).max() <= 1
        hand.click(f"[value={change}]")


def test_why_paints_what_speaks_for_the_answer_and_what_against(opened, hand, images):
    hand.draw(images[0])
    plain = pixels(opened, "#improved .saw")
    hand.click("#why")
    painted = pixels(opened, "#improved .saw")
    red_over_blue = painted[..., 0] - painted[..., 2]
    assert (red_over_blue > 40).sum() > 20 and (red_over_blue < -40).sum() > 20
    assert "What speaks for the 7" in opened.evaluate(
        "document.querySelector('#improved .saw').getAttribute('aria-label')"
    )
    assert not opened.evaluate("document.getElementById('key').hidden")
    hand.click("#why")
    assert np.array_equal(pixels(opened, "#improved .saw"), plain)


def test_fool_it_shows_how_little_it_took(opened, hand, networks, images):
    opened.evaluate(WATCH_WHAT_IS_SENT)
    hand.draw(images[0])
    hand.click("#small .fool")
    assert opened.evaluate("window.sent.network") == "small"
    words = hand.text("#fooled-words")
    assert "short steps up the gradient. No pixel changed by more than 0." in words
    was, became = pixels(opened, "#before")[..., 3], pixels(opened, "#after")[..., 3]
    after = ask(networks["small"], became.astype(np.float32) / 255).digit
    assert hand.text("#fooled-title") == f"Small now says {after}, not 7" and after != 7
    assert np.abs(was - became).max() < 100
    assert opened.evaluate("document.activeElement.id") == "fooled"
    hand.strokes([[(40, 40)]])
    hand.wait()
    assert opened.evaluate("document.getElementById('fooled').hidden")


# ------------------------------------------------------------------------------------ keyboard


def test_everything_can_be_reached_by_tab_and_shows_where_one_is(opened, hand, images):
    hand.draw(images[0])
    hand.click("[value=noise]")  # so that there is something to roll again
    opened.evaluate("document.querySelector('.skip').focus()")
    reached = []
    for _ in range(13):
        hand.press("Tab")
        name, outline = opened.evaluate(
            "[document.activeElement.id || document.activeElement.value || "
            "document.activeElement.ariaLabel,"
            "getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline == "solid", name
        reached.append(name)
    fools = [f"Fool it: {name}" for name in ("Basic", "Small", "Improved", "Best")]
    switches = ["flip", "affine", "elastic", "noise", "again", "why"]
    assert reached == ["pad", "undo", "clear", *fools, *switches]


def test_one_draws_with_arrow_keys_and_space(opened, hand):
    opened.evaluate("document.getElementById('pad').focus()")
    for _ in range(8):
        hand.press("ArrowUp")
    assert is_empty(hand)
    hand.press(" ")
    assert hand.text("#pen") == "pen down"
    for _ in range(15):
        hand.press("ArrowDown")
    hand.press("ArrowDown", shift=True)
    hand.press(" ")
    hand.wait()
    assert hand.text("#pen") == "pen lifted"
    assert hand.answers()[3] == "1"


def test_the_page_says_the_pen_is_lifted_whatever_lifts_it(opened, hand):
    def put_down():
        opened.evaluate("document.getElementById('pad').focus()")
        hand.press(" ")
        assert hand.text("#pen") == "pen down"

    put_down()
    hand.strokes([[(40, 10), (40, 70)]])
    assert hand.text("#pen") == "pen lifted"
    put_down()
    opened.evaluate("document.getElementById('pad').blur()")
    assert hand.text("#pen") == "pen lifted"
    put_down()
    hand.press("z", control=True)
    assert hand.text("#pen") == "pen lifted"
    hand.wait()


def test_of_the_pen_nothing_is_said_before_it_was_down(opened, hand):
    hand.strokes([[(40, 10), (40, 70)]])
    hand.click("#clear")
    assert not hand.text("#pen")


def test_keys_do_nothing_while_a_pointer_draws(opened, hand):
    left, top, width = opened.evaluate(BOX)
    x, y = left + width / 2, top + width / 4
    hand.touch("Start", x, y)
    hand.touch("Move", x, y + width / 8)
    hand.press(" ")
    hand.press("ArrowLeft")
    hand.touch("Move", x, y + width / 4)
    hand.touch("End", x, y + width / 4)
    hand.wait()
    assert not hand.text("#pen") and not is_empty(hand)
    hand.click("#undo")  # it was one stroke
    assert is_empty(hand) and opened.evaluate("document.getElementById('clear').disabled")


def test_the_pad_and_its_pictures_are_described(opened):
    named = opened.evaluate(
        "[...document.querySelectorAll('canvas, .bars, button, input')]"
        ".filter((one) => !one.closest('[hidden]') && !(one.ariaLabel || one.labels?.length || "
        "one.textContent)).map((one) => one.outerHTML)"
    )
    assert named == []
    described = opened.evaluate("document.getElementById('pad').getAttribute('aria-describedby')")
    assert described == "pad-help" and "arrow keys move the pen" in Hand(opened).text("#pad-help")


# ------------------------------------------------------------------------ widths, light and dark

PLACES = """[...document.querySelectorAll("canvas, button, fieldset, article, .bars, p")]
  .filter((one) => one.checkVisibility() && !one.matches(".hidden"))
  .map((one) => one.getBoundingClientRect())
  .every((box) => box.left >= 0 && box.right <= innerWidth)"""
WIDTHS = "[document.documentElement.scrollWidth, innerWidth]"
CONTRAST = """[...document.querySelectorAll("p, strong, button, h1, h3, label, .bars span")]
  .filter((one) => one.checkVisibility() && !one.disabled)
  .map((one) => {
    const light = (colour) => {
      const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255);
      const [r, g, b] = parts.map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => getComputedStyle(element).backgroundColor;
    let under = one;
    while (behind(under) === "rgba(0, 0, 0, 0)") under = under.parentElement;
    const [a, b] = [getComputedStyle(one).color, behind(under)].map(light);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }).reduce((least, one) => Math.min(least, one))"""


@pytest.mark.parametrize(
    ("width", "dark"),
    [
        (360, True),
        (1200, False),
        pytest.param(360, False, marks=SLOW),
        pytest.param(1200, True, marks=SLOW),
    ],
)
def test_it_fits_the_window_and_can_be_read_in_light_and_dark(opened, hand, images, width, dark):
    opened.look(width, dark=dark)
    hand.draw(images[0])
    hand.click("#why")
    hand.click("#small .fool")
    wide, window = opened.evaluate(WIDTHS)
    assert wide <= window and opened.evaluate(PLACES)
    assert opened.evaluate(CONTRAST) >= 4.5
    assert opened.evaluate("document.getElementById('pad').clientWidth") >= 300
    paper = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(23, 25, 28)") == dark


# --------------------------------------------------------------------------------- other pages

ATTACK = """<!doctype html><iframe src="{address}"></iframe><script src="{address}page.js"></script>
<script>
const post = (mode, kind) => {{
  const headers = {{ "Content-Type": kind }};
  const sent = fetch("{address}answer", {{ method: "POST", mode, body: {body}, headers }});
  return sent.then((reply) => reply.type, () => "refused");
}};
const attacks = Promise.all([post("no-cors", "text/plain"), post("cors", "application/json")]);
</script>"""


def test_another_page_can_neither_ask_nor_frame_nor_borrow(
    browser, server, images, tmp_path, monkeypatch
):
    asked = []
    monkeypatch.setitem(served.QUESTIONS, "/answer", lambda *given: asked.append(given) or {})
    body = json.dumps(json.dumps({"picture": drawn(images[0]).tolist()}))
    page = tmp_path / "attack.html"
    page.write_text(ATTACK.format(address=server.address, body=body))
    browser.open(page)
    assert browser.evaluate("attacks") == ["refused", "refused"]
    assert asked == []
    told = browser.complaints()
    assert any("frame-ancestors" in one for one in told)
    assert sum("not loaded: net::ERR_BLOCKED_BY_RESPONSE" in one for one in told) == 3


# -------------------------------------------------------------------------------- when it ends


@SLOW
def test_a_server_that_is_gone_is_told(browser, server, images):
    browser.look(1200)
    browser.open(server.address)
    browser.evaluate("window.fetch = () => Promise.reject(new TypeError('gone'))")
    hand = Hand(browser)
    hand.draw(images[0])
    assert "The server does not answer" in hand.text("#trouble")
    assert browser.complaints() == []
