"""An adversarial OpenID issuer in its own process.

It signs with ``cryptography`` directly and never imports the bridge or its libraries, so that one bug cannot stand on
both sides: ``keys.py`` makes keys, ``mint.py`` tokens good and bad, ``server.py`` publishes, ``token_endpoints.py``
answers about tokens, ``recorded.py`` keeps what was asked, ``faults.py`` misbehaves, ``process.py`` runs it all and is
what tests hold.
"""
