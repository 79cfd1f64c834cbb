"""The order of things: the only package that calls every stage.

``open_study`` gives a ``Study``; what needs homes takes a vault as an argument, and nothing here
can open one.
"""

from famgeo.study.study import Study, create_study, open_study
from famgeo.study.times import TimesAnswer, TimesQuestion, answer_times

__all__ = ["Study", "TimesAnswer", "TimesQuestion", "answer_times", "create_study", "open_study"]
