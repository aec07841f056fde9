"""Side by side: this program and its peers, on the same pages and the same server.

Stands outside the package. Knows processes, their CPU seconds and memory; what each contender is
and how its result is checked. `make bench` is the way in; docs/performance.md is the way out.
"""
