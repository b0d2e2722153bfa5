"""The command line: ``main.py`` names the commands, each has its own file.

``console.py`` knows how results look (text, JSON, colour, exit status), ``configuration.py`` which file is read.
"""
