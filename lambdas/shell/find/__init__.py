"""``find`` for commands: Lambda's image has none, and ``$(find …)`` without one is empty, without a word.

Started by fallbacks/find, without the handler's packages. Tests, operators and actions are GNU findutils'
("Finding Files", gnu.org) that scripts use; anything else is an error before the first file is looked at.
"""
