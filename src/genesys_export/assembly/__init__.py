"""Settings become the concrete dependencies of a run: once, here, for every command.

Knows every part and no behaviour. Nothing is asked or written while assembling. Each command takes
from the module it needs: an export need not wait for what `verify` and `doctor` import.
"""
