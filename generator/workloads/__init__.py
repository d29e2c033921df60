"""Models, inputs and quality metrics: what has to be computed.

`core/registry.py` names the workloads; a workload's module is imported when it is asked for, never before.
"""
