"""The whole story on one machine: an honest small OpenID provider, a shop page with a stand-in chat widget, the bridge.

``run.py`` starts them together. It ships with the bridge and is never imported by the service.
"""
