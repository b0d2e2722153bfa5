"""Claims -> ChatUser, by the operator's ``mapping:`` (CONFIG.md, "The mapping language").

At load ``parse`` compiles plain data into a ``ClaimMapping``, or says everything that is wrong with it; at run time
``ClaimMapping.apply`` is pure and synchronous. Below them: ``target`` has each field's rules, ``value`` and
``condition`` are the language compiled, ``*_grammar`` the language as it is written, ``path`` finds a claim.
"""
