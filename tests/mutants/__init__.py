"""Small edits to the money paths and the template, each with the tests that should catch it.

`make mutants` applies one at a time to a copy of the checkout. A test that no edit can fail proves
nothing; an edit that fails no test is a hole in the net.
"""
