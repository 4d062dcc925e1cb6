"""Looking at models and at what was computed: the graph as a picture.

`tg.draw_graph` is in `drawing.py`, which is imported when it is first used.
"""
