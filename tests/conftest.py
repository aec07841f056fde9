"""Lets every test import the fakes that stand beside this file."""
