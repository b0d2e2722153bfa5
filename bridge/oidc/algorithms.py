"""The signature algorithms that can be allowed, and what each asks of a key."""

ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "Ed448")
"""RFC 7518 section 3 and RFC 9864 section 2.2; all of them are allowed by default. ``none`` cannot be named at all."""

SYMMETRIC = ("HS256", "HS384", "HS512")
"""RFC 7518 section 3.2; allowed only beside an explicit ``secret``."""

EDWARDS = ("Ed25519", "Ed448")
"""RFC 9864's fully specified names."""

CURVE_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
"""The one algorithm of each curve (RFC 7518 section 3.4)."""

EDDSA = "EdDSA"
"""RFC 8037's polymorphic name, deprecated by RFC 9864. In a configuration it means both Edwards curves; in a token or a
key it means the curve of the key. So a provider in the middle of its migration keeps working."""

SECRET_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
"""Smallest secret per algorithm: the size of its hash (RFC 7518 section 3.2)."""

RSA_BITS = 2048
"""Smallest RSA modulus (RFC 7518 section 3.3)."""
