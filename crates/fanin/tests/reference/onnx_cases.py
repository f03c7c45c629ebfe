"""ONNX's own cases for every operator, as files: all of them, or a small part to keep.

    python3 onnx_cases.py FOLDER                    the cases of onnx 1.19.1, from PyPI
    python3 onnx_cases.py FOLDER --part cases.zip   of those in FOLDER, the smallest of each
                                                    operator that docs/onnx-cases.md does not list

    FANIN_ONNX_CASES=FOLDER cargo test -p fanin --test it cases_of_onnx -- --ignored --nocapture

Both need pip; the part needs the package onnx too. The cases are Apache-2.0, by the contributors to
ONNX.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

VERSION = "1.19.1"
INSIDE = "onnx/backend/test/data/node/"
# Kept bytes for a case at most, before they are packed.
LARGEST = 6000


def fetch(folder):
    """Fills `folder` with one folder for each case."""
    with tempfile.TemporaryDirectory() as downloaded:
        command = [sys.executable, "-m", "pip", "download", f"onnx=={VERSION}"]
        subprocess.run([*command, "--no-deps", "--quiet", "--dest", downloaded], check=True)
        (wheel,) = pathlib.Path(downloaded).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.startswith(INSIDE) and not name.endswith("/"):
                    target = folder / name[len(INSIDE) :]
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.read(name))
    print(f"{len(list(folder.iterdir()))} cases in {folder}")


def files(case):
    return sorted(path for path in case.rglob("*") if path.is_file())


def size(case):
    return sum(path.stat().st_size for path in files(case))


def part(folder, target):
    """Packs the smallest case of each operator into the archive `target`."""
    import onnx

    document = pathlib.Path(__file__).parents[4] / "docs/onnx-cases.md"
    failing = set(re.findall(r"^\| `(test_\w+)`", document.read_text(), re.MULTILINE))
    smallest = {}
    for case in sorted(folder.iterdir()):
        if case.name in failing:
            continue
        model = onnx.load(case / "model.onnx")
        if len(model.graph.node) != 1 or size(case) > LARGEST:
            continue
        operator = model.graph.node[0].op_type
        if operator not in smallest or size(case) < size(smallest[operator]):
            smallest[operator] = case
    # A fixed time of change, so that the same cases give the same bytes.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for case in sorted(smallest.values()):
            for path in files(case):
                entry = zipfile.ZipInfo(str(path.relative_to(folder)), (2025, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    print(f"{len(smallest)} cases, {target.stat().st_size} bytes")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--part", type=pathlib.Path, metavar="ARCHIVE")
    chosen = arguments.parse_args()
    if chosen.part:
        part(chosen.folder, chosen.part)
    else:
        fetch(chosen.folder)
