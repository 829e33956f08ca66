"""Pure rules: records, transitions, checks, amounts, errors. No I/O, no clock, standard library
only.
"""
