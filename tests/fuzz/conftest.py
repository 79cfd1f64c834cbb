"""A fuzzer's worker limits its own memory, which not every system can; it is no test to import."""

collect_ignore = ["worker.py", "readers.py"]
