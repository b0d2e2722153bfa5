"""The operator's file becomes one checked model: YAML with positions, what comes from outside, presets, layers.

``load.py`` is the entrance. Stages own their settings and report key paths; only here are files, lines and the
environment known.
"""
