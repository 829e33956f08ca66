"""What every function of the bundle shares, in three storeys: operations, adapters, domain.

Imports go downward only: an operation orders effects, an adapter performs one, the domain decides
and knows no I/O. `shared.edge` lets the world in, `shared.app` puts everything together.
"""
