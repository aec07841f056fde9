"""`python -m genesys_export`: the command, for where no script was installed."""

from .cli import main

main()
