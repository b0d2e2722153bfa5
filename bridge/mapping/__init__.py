"""Claims -> ChatUser, by the operator's ``mapping:`` (CONFIG.md, "The mapping language").

At load ``parse`` compiles plain data into a ``ClaimMapping``, ``require_grammar`` into a ``Require``, ``answer_test``
into an ``AnswerTest``, or they say everything that is wrong with it; at run time all three are pure and synchronous.
Below them: ``target`` has each field's rules; ``value``, ``beside``, ``transform``, ``condition`` and ``expression``
are the language compiled, ``*_grammar`` the language as it is written; ``path`` finds a claim.
"""
