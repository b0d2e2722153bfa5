"""What is wrong between a bridge, its identity providers and CX Genie, each with what mends it.

``examination`` runs the checks: for each provider its hosts (``hosts``), discovery, keys and clock (``published``) and
the endpoints that are asked about tokens (``asked``); the bridge's own callbacks (``callbacks``); and what one sample
token meets (``sample``). What they can find stands in ``finding``.
"""
