"""What the bundle does. In each operation the external effects stand in the order in which they
happen.
"""
