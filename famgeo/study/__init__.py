"""The order of things: the only package that calls every stage.

``famgeo.study.study`` has ``Study``, what the command line and the app work on;
``famgeo.study.times`` answers the ``times`` command. What needs homes takes a vault as an
argument, and nothing here can open one.
"""
