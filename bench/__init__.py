"""Side by side: this program and its peers, on the same pages and the same server.

Stands outside the package. Knows processes, their CPU seconds and memory; what each contender is
and how its result is checked. Run it with `make bench`; results go to docs/performance.md.
"""
