"""A page on which one draws a digit, and sees four networks think.

`python -m tinygrad_mlp play` serves it. `answers.py` is what the networks say of a drawing,
`questions.py` reads what the page asks, and `server.py` is the little of HTTP that it takes;
`page.html`, `page.css` and `page.js` are the page. `renew.py` trains the small networks again.
"""
