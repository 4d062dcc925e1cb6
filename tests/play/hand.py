"""A hand for the browser: it draws with mouse, finger or pen, and presses keys and buttons."""

import json

from .drawings import ROOM, strokes_of

BOX = """(() => {
  const box = document.getElementById("pad").getBoundingClientRect();
  return [box.left, box.top, box.width];
})()"""

SETTLED = """new Promise((done) => {
  const look = () => (waiting() ? setTimeout(look, 5) : done());
  const waiting = () => document.querySelector('[aria-busy="true"]');
  look();
})"""

ARROWS = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
KEYS = ARROWS | {" ": 32, "Tab": 9, "z": 90}
"""What keyboards call the keys."""


class Hand:
    """Draws in the page that a `Browser` shows, by the events that a real device would cause."""

    def __init__(self, browser, tool="mouse"):
        self.browser = browser
        self.tool = tool

    def draw(self, image):
        """Draw a digit (28, 28), and wait for the answer."""
        self.browser.evaluate("scrollTo(0, 0)")
        self.strokes(strokes_of(image))
        self.wait()

    def strokes(self, strokes):
        """Draw strokes: lists of points on the pad."""
        left, top, width = self.browser.evaluate(BOX)
        for stroke in strokes:
            places = [(left + x * width / ROOM, top + y * width / ROOM) for x, y in stroke]
            self.touch("Start", *places[0])
            for place in places:
                self.touch("Move", *place)
            self.touch("End", *places[-1])

    def touch(self, what, x, y):
        """Put down, move or lift the tool."""
        if self.tool == "finger":
            points = [] if what == "End" else [{"x": x, "y": y}]
            self.browser.ask("Input.dispatchTouchEvent", type=f"touch{what}", touchPoints=points)
            return
        kind = {"Start": "mousePressed", "Move": "mouseMoved", "End": "mouseReleased"}[what]
        self.browser.ask(
            "Input.dispatchMouseEvent",
            type=kind, x=x, y=y, button="left", clickCount=1, pointerType=self.tool,
            buttons=0 if what == "End" else 1,
        )  # fmt: skip

    def press(self, key, shift=False, control=False):
        """Press and let go of a key."""
        known = {"key": key, "modifiers": 8 * shift + 2 * control}
        known |= {"windowsVirtualKeyCode": KEYS[key], "text": key if key == " " else ""}
        for kind in ("keyDown", "keyUp"):
            self.browser.ask("Input.dispatchKeyEvent", type=kind, **known)

    def click(self, selector):
        """Click in the middle of an element, with the mouse."""
        found = json.dumps(selector)
        x, y = self.browser.evaluate(
            f"(() => {{ const element = document.querySelector({found});"
            "element.scrollIntoView({block: 'center', behavior: 'instant'});"
            "const box = element.getBoundingClientRect();"
            "return [box.left + box.width / 2, box.top + box.height / 2]; })()"
        )
        mouse = Hand(self.browser)
        mouse.touch("Start", x, y)
        mouse.touch("End", x, y)
        self.wait()

    def wait(self):
        """Wait until no question is open."""
        self.browser.evaluate(SETTLED)

    def text(self, selector):
        return self.browser.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")

    def answers(self):
        """What the four cards say."""
        return self.browser.evaluate(
            "[...document.querySelectorAll('article strong')].map((one) => one.textContent)"
        )
