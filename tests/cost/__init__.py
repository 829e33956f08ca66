"""What the bundle costs at AWS, and which limit binds first: each flow is played, what AWS bills
for it is counted, and multiplied by a dated price table. docs/cost.md shows it.
"""
