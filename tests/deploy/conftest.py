"""Lets the tests of deploy/ import what stands beside them."""
