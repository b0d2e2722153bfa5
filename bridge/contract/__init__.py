"""CX Genie's HTTP contract, both ends of it, and nothing else of the vendor's.

In: who calls (``header_token``), and the visitor's token (``request``). Out: a chat user or a failure (``response``),
and the list of web sites (``domains``). All of it is bytes in, bytes out: it knows no web framework and no provider.
"""
