"""How fast unfinished work drains: the real code in simulated time, with the latencies of AWS and
of Pi, and the processor of a function. `make throughput` prints the table of docs/throughput.md.
"""
