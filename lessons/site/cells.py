"""An executed lesson as HTML: its cells, with predictions to answer and drawing code folded.

nbconvert turns the cells into HTML, one block for each; what is done to a block follows from the
cell of the lesson that it came from. Without scripts everything is shown, in order: `site.js` hides
what belongs to a prediction until it is answered.
"""

from __future__ import annotations

import json
from html import escape
from typing import Any

from bs4 import BeautifulSoup, Tag
from jinja2 import pass_context
from nbconvert import HTMLExporter

from ..catalogue import Lesson, Prediction
from .figures import figure
from .markup import HEADING, inline, markdown, plain


class Exporter(HTMLExporter):
    """Cells as HTML, without a page around them."""

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        return markdown(source)


def lesson_body(lesson: Lesson, notebook: Any) -> BeautifulSoup:
    """The cells of a lesson after its first one, which becomes the head of the page."""
    exporter = Exporter(
        template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True
    )
    del notebook.cells[0]
    for cell in notebook.cells:
        cell.metadata.pop("jupyter", None)  # nbconvert would leave out what notebooks only fold
    body = BeautifulSoup(exporter.from_notebook_node(notebook)[0], "html.parser")
    blocks = body.find_all(True, recursive=False)
    asked = ""  # the id of the prediction whose answer is being told
    for number, (cell, made, block) in enumerate(
        zip(lesson.cells[1:], notebook.cells, blocks, strict=True), 1
    ):
        if not cell.is_text:
            if cell.only_draws:
                fold_code(body, block)
            if asked and (output := block.select_one(".output_wrapper")):
                belongs_to(output, asked)
            if "explore" in cell.options and made.metadata["explore"] is not None:
                played = figure(cell.options["explore"], made.metadata["explore"])
                block.append(played)
                if asked:
                    belongs_to(played, asked)
            continue
        text = block.select_one(".text_cell_render")
        assert text is not None
        prediction = lesson.predictions.get(number)
        question = ask(body, text, prediction, f"prediction-{number}") if prediction else None
        goes_on = bool(asked) and fold_text(body, text, asked)
        if question:
            asked = str(question["id"])
        elif not goes_on:
            asked = ""
    return body


def fold_code(body: BeautifulSoup, block: Tag) -> None:
    """Put the code of a block that only draws into a box that is opened by hand."""
    code = block.select_one(".input")
    assert code is not None
    box = code.wrap(body.new_tag("details", attrs={"class": "drawing"}))
    summary = body.new_tag("summary")
    summary.string = "The code that draws"
    box.insert(0, summary)


def belongs_to(tag: Tag, asked: str) -> None:
    tag["class"] = " ".join([*map(str, tag.get("class") or []), "answer"])
    tag["data-for"] = asked


def fold_text(body: BeautifulSoup, text: Tag, asked: str) -> bool:
    """What a text says up to its first heading or its own question belongs to the answer.

    Whether what follows the text belongs to it, too: it does where neither of them was met.
    """
    told = body.new_tag("div")
    belongs_to(told, asked)
    children = list(text.children)
    ends = [
        isinstance(child, Tag) and (HEADING.fullmatch(child.name) or child.name == "section")
        for child in children
    ]
    for child, is_end in zip(children, ends, strict=True):
        if is_end:
            break
        told.append(child.extract())
    if told.find(True):
        text.insert(0, told)
    return not any(ends)


def ask(body: BeautifulSoup, text: Tag, prediction: Prediction, name: str) -> Tag:
    """Put a question to be answered where the paragraph of a prediction stands."""
    start = next(p for p in text.find_all("p") if p.get_text().startswith("Predict."))
    question = body.new_tag(
        "section",
        attrs={"class": "prediction", "id": name, "aria-label": "A prediction to make"}
        | right_answer(prediction),
    )
    start.insert_before(question)
    for part in [start, *start.find_next_siblings()]:
        if prediction.choices and part.name == "ul":
            part.decompose()
        else:
            question.append(part.extract())
    controls = choices(prediction) if prediction.choices else NUMBER_FIELD
    question.extend(list(BeautifulSoup(controls + SHOW, "html.parser").children))
    return question


def right_answer(prediction: Prediction) -> dict[str, str]:
    if isinstance(prediction.answer, int):
        return {"data-answer": str(prediction.answer)}
    low, high = prediction.answer
    return {"data-low": json.dumps(low), "data-high": json.dumps(high)}


def choices(prediction: Prediction) -> str:
    """The choices as buttons. A formula alone gives a button no name, so its text is the name."""
    rows = []
    for choice in prediction.choices:
        made = inline(choice)
        name = f' aria-label="{escape(plain(choice))}"' if "<math" in made else ""
        rows.append(f'<li><button type="button" class="choice"{name}>{made}</button></li>')
    return '<ol class="choices">\n' + "\n".join(rows) + "\n</ol>"


NUMBER_FIELD = """<form class="number"><label>Your number
<input type="text" inputmode="decimal" autocomplete="off" size="10"></label>
<button>Answer</button></form>"""
SHOW = """<p class="unsure"><button type="button" class="show">Show me</button></p>
<p class="told" role="status"></p>"""
