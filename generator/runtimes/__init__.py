"""What executes an artifact. Each module runs inside a measuring worker: standard library, NumPy, its one runtime.

`core/registry.py` names them; a worker imports the one module it needs.
"""
