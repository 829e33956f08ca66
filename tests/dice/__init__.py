"""The whole bundle by dice: users and their front ends, operators and their back end, the schedule
and the senders, in fair and in foul weather, by one seed.

`make simulate SEEDS=10000 FIRST=1` plays many histories, `make simulate SEED=7` replays one and
tells what happens line by line. `history` plays a seed; `front_ends` and `back_office` are who
acts, `weather` is what goes wrong; `promises` must hold after every step and at the end; `reached`
counts what the dice have met, so that they cannot win by never playing.
"""
