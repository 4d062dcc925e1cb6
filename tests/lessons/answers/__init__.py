"""Answers to the exercises, as students might write them: a file for each lesson.

WRONG  name of an exercise -> answers that must not pass. Together with the mistakes that the
       lesson's own check foresees there are at least five for each exercise
RIGHT  name of an exercise -> at least two answers that differ from the solution and must pass
"""
