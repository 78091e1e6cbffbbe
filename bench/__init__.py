"""The benchmarks: `python -m bench`. What each row measures and how stands in docs/benchmarks.md."""
