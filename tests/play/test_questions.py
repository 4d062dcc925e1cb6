"""What the page may ask: everything else is refused, in words that say what was expected."""

import json

import numpy as np
import pytest

from tinygrad_mlp.experiment.play.answers import SHOWN, fool, see
from tinygrad_mlp.experiment.play.questions import (
    LONGEST,
    SIDE,
    Question,
    answer,
    fooled,
    read_question,
)

from .drawings import MARGIN, PEN, ROOM, digits, drawn
from .test_answers import PAGE

WHITE = [[255] * SIDE] * SIDE


def asked(**changes):
    return json.dumps({"picture": WHITE, **changes}).encode()


def with_pixel(value):
    return json.dumps({"picture": WHITE}).replace("255", value, 1).encode()


@pytest.fixture(scope="module")
def page():
    return drawn(digits(1)[0][0])


def test_a_question_is_read():
    question = read_question(asked(changes=["noise", "flip"], seed=7, why=True))
    assert question.picture.dtype == np.uint8 and question.picture.shape == (SIDE, SIDE)
    assert (question.changes, question.seed, question.why) == (("noise", "flip"), 7, True)
    assert read_question(asked(network="best")).network == "best"
    assert len(asked(changes=["noise"])) < LONGEST


BAD = {
    "nothing": (b"", "not JSON"),
    "half": (asked()[:-1], "not JSON"),
    "more than one": (asked() + asked(), "not JSON"),
    "not text": (b"\xff\xfe\x00", "not JSON"),
    "NaN": (with_pixel("NaN"), "NaN is not a number"),
    "infinity": (with_pixel("Infinity"), "Infinity is not a number"),
    "minus infinity": (with_pixel("-Infinity"), "-Infinity is not a number"),
    "beyond floats": (with_pixel("1e999"), "the picture must be"),
    "a fraction": (with_pixel("0.5"), "the picture must be"),
    "too bright": (with_pixel("256"), "the picture must be"),
    "below black": (with_pixel("-1"), "the picture must be"),
    "endless digits": (with_pixel("9" * 5000), "not JSON"),
    "many digits": (with_pixel("9" * 400), "the picture must be"),
    "true": (with_pixel("true"), "the picture must be"),
    "null": (with_pixel("null"), "the picture must be"),
    "text": (with_pixel('"0"'), "the picture must be"),
    "a list": (with_pixel("[]"), "the picture must be"),
    "a row too few": (asked(picture=WHITE[1:]), "120 rows of 120 whole numbers"),
    "no rows": (asked(picture=[]), "120 rows"),
    "a short row": (asked(picture=[[255], *WHITE[1:]]), "120 rows"),
    "rows of nothing": (asked(picture=[[]] * SIDE), "120 rows"),
    "one long row": (asked(picture=[255] * SIDE * SIDE), "120 rows"),
    "a picture of text": (asked(picture="white"), "120 rows"),
    "a list for a question": (b"[1]", "a question is an object with a picture"),
    "a number for a question": (b"7", "a question is an object"),
    "no picture": (b"{}", "a question is an object with a picture"),
    "something unknown": (asked(model="x"), "at most changes, network, picture, seed, why"),
    "too deep": (b"[" * 50_000, "nested too deeply"),
    "another change": (asked(changes=["blur"]), "a change must be one of"),
    "a change that is a list": (asked(changes=[["flip"]]), "a change must be one of"),
    "changes as text": (asked(changes="flip"), "changes must be a list"),
    "many changes": (asked(changes=["flip"] * 5), "changes must be a list"),
    "a seed below 0": (asked(seed=-1), "seed must be a whole number"),
    "a large seed": (asked(seed=2**32), "seed must be a whole number from 0 to 4294967295"),
    "a seed that is true": (asked(seed=True), "seed must be a whole number"),
    "another network": (asked(network="worst"), "network must be one of"),
    "a path for a network": (asked(network="../best"), "network must be one of"),
    "a number for why": (asked(why=1), "why must be one of false, true"),
}


@pytest.mark.parametrize("how", BAD)
def test_anything_else_is_refused_with_what_was_expected(how):
    body, words = BAD[how]
    with pytest.raises(ValueError) as refused:
        read_question(body)
    assert words in str(refused.value)


def test_an_empty_page_is_not_read_and_says_why(networks):
    for picture in (np.full((SIDE, SIDE), 255, np.uint8), np.zeros((SIDE, SIDE), np.uint8)):
        for reply in (answer, fooled):
            told = reply(Question(picture, network="best"), networks)
            assert told.keys() == {"unread"} and "nothing is drawn" in told["unread"]


def test_an_answer_holds_what_the_page_shows_and_is_plain_json(networks, page):
    told = json.loads(json.dumps(answer(Question(page, why=True), networks), allow_nan=False))
    assert [one["name"] for one in told["networks"]] == list(SHOWN)
    assert len(told["image"]) == 784 and told["count"] == 1
    for one in told["networks"]:
        assert len(one["shares"]) == 10
        assert len(one["why"]) == 784 and max(map(abs, one["why"])) <= 1
    assert "why" not in answer(Question(page), networks)["networks"][0]


def test_fooling_tells_how_little_it_took(networks, page):
    told = json.loads(json.dumps(fooled(Question(page, network="small"), networks)))
    image = see(page.astype(np.float32) / 255).image
    found = fool(networks["small"], image)
    change = found.image - image
    assert (told["before"], told["after"], told["steps"]) == (7, found.after, found.steps)
    assert told["largest"] == np.abs(change).max()
    assert told["norm"] == pytest.approx(np.linalg.norm(change))
    np.testing.assert_allclose(told["change"], change.ravel(), atol=1e-4)
    np.testing.assert_allclose(told["changed"], found.image.ravel(), atol=1e-4)


def test_whom_to_fool_must_be_said(networks, page):
    with pytest.raises(ValueError, match="say which network to fool: basic, small"):
        fooled(Question(page), networks)


def test_the_page_draws_on_the_paper_that_the_server_expects():
    for name, value in {"SIDE": SIDE, "MARGIN": MARGIN, "PEN": PEN}.items():
        assert f"const {name} = {value};" in PAGE
    assert SIDE - 2 * MARGIN == ROOM


@pytest.mark.parametrize("turns", range(4))
def test_a_stroke_along_the_edges_of_the_pad_does_not_run_off_the_paper(turns):
    page = np.full((SIDE, SIDE), 255, np.uint8)
    least, most = MARGIN - PEN // 2, SIDE - MARGIN + PEN // 2
    page[least:most, least : least + PEN] = 0  # an L, as large as the pad
    page[most - PEN : most, least:most] = 0
    inked = see(np.rot90(page, turns).astype(np.float32) / 255).image > 0.4
    assert (inked.any(0).sum(), inked.any(1).sum()) == (20, 20)
    assert 60 <= inked.sum() <= 110
