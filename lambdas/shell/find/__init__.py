"""``find`` for commands: Lambda's image has none, and without it ``$(find …)`` is silently empty.

fallbacks/find starts it, without the handler's packages. It supports the tests, operators and actions of GNU
findutils ("Finding Files", gnu.org) that scripts use. Anything else is an error before it visits any file.
"""
