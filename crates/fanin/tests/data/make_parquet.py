#!/usr/bin/env python3
"""Make the Parquet files of the tests: two good ones, and three that are refused.

    pip install pyarrow
    python3 make_parquet.py
"""

import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table(
    {
        "size": pa.array([1.5, None, -2.0, 4.0], pa.float64()),
        "count": pa.array([1, 2, 3, 4], pa.int32()),
        "large": pa.array([10, 20, 30, 40], pa.uint64()),
        "half": pa.array([True, False, True, False], pa.bool_()),
        "color": pa.array(["red", "blue", None, "red"], pa.string()),
        "label": pa.array(["yes", "no", "yes", "no"], pa.string()).dictionary_encode(),
    }
)
pq.write_table(table, "small.parquet")
pq.write_table(table, "plain.parquet", compression="none", use_dictionary=False)
pq.write_table(pa.table({"when": pa.array([0, 1], pa.date32())}), "date.parquet")
pq.write_table(pa.table({"list": pa.array([[1], [2, 3]])}), "nested.parquet")
pq.write_table(pa.table({"a": [1.0, 2.0]}), "zstd.parquet", compression="zstd")
