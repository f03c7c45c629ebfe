"""Checks what fanin writes for programs against the schemas of its forms, by a validator of others.

    pip install jsonschema
    npm pack @microsoft/jest-sarif && tar xzf microsoft-jest-sarif-*.tgz
    cargo build -p fanin-cli
    python3 check_forms.py ../../../../target/debug/fanin package/lib/schemas/sarif-2.1.0-rtm.5.json

Says `0 mistakes` for JSON of check, fix, compare, theory and reports by the schemas in docs/schema, which must
be schemas themselves, for SARIF 2.1.0 (OASIS's schema as that package carries it; without its path
SARIF is left out), and for JUnit that it is well-formed XML.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import jsonschema

program, *sarif_schema = [str(pathlib.Path(path).resolve()) for path in sys.argv[1:]]
folder = tempfile.TemporaryDirectory()
own = pathlib.Path(__file__).resolve().parents[4] / "docs/schema"
recurrent = pathlib.Path(__file__).resolve().parents[1] / "data/onnx/lstm_classifier.legacy.onnx"
CHECKS = [
    [],
    ["--scheme", "zeros"],
    ["features -> 10x64 relu -> outputs", "--scheme", "torch-default"],
    ["features -> 3x64 relu -> outputs", "--scheme", "normal:1e30"],
    ["features -> 64 tanh -> 2x(32 layer_norm relu -> 64) residual -> outputs", "--seeds", "3"],
    [str(recurrent), "--data", "normal"],
]
FIXES = [
    ["features -> 10x16 relu -> outputs", "--scheme", "torch-default", "--no-proof"],
    ["features -> 10x16 relu -> outputs", "--scheme", "torch-default"],
    ["features -> 16 relu -> outputs", "--scheme", "he-normal"],
    ["features -> 16 relu -> 8 relu -> outputs", "--scheme", "zeros", "--method", "lsuv", "--no-proof"],
]
THEORIES = [
    [],
    ["--activation", "tanh", "--depth", "20", "--bias-variance", "0.05"],
    ["--activation", "softplus", "--depth", "8"],
    ["--activation", "relu(x)^2", "--depth", "30"],
    ["--activation", "exp(10*x)", "--depth", "30"],
    ["--activation", "abs(x)^0.7", "--depth", "8"],
    ["--network", "convolution", "--image", "9x12", "--kernel", "3", "--depth", "6"],
    ["--network", "residual", "--depth", "12"],
    ["--network", "residual", "--depth", "3000", "--branch", "1"],
    ["--network", "pre-norm", "--activation", "gelu", "--depth", "12"],
    ["--network", "batch-norm", "--depth", "12"],
    ["--network", "batch-norm", "--activation", "abs(x)+relu(x-1)", "--depth", "3"],
    ["--network", "layer-norm", "--activation", "tanh", "--depth", "12"],
    ["--network", "attention", "--depth", "12"],
]
COMPARISONS = [
    ["--epochs", "1", "--seeds", "2", "--depths", "2", "--schemes", "he-normal,zeros,normal:1e30"],
]
CASES = [
    ("check", CHECKS, lambda case: ["check", *case, "--format", "json"]),
    ("fix", FIXES, lambda case: ["fix", *case, "--json"]),
    ("compare", COMPARISONS, lambda case: ["compare", *case, "--json"]),
    ("theory", THEORIES, lambda case: ["theory", *case, "--json"]),
]


def written(arguments):
    ended = subprocess.run([program, *arguments], capture_output=True, cwd=folder.name)
    assert ended.returncode in (0, 1), ended.stderr.decode()
    return ended.stdout.decode()


def validator_of(path):
    schema = json.loads(pathlib.Path(path).read_text())
    Validator = jsonschema.validators.validator_for(schema)
    Validator.check_schema(schema)
    return Validator(schema, format_checker=Validator.FORMAT_CHECKER)


mistakes = 0


def hold(name, case, validator, text):
    global mistakes
    for mistake in validator.iter_errors(json.loads(text)):
        deepest = jsonschema.exceptions.best_match([mistake])
        print(name, case, list(deepest.absolute_path), deepest.message[:300])
        mistakes += 1


for name, cases, command in CASES:
    validator = validator_of(own / f"{name}.json")
    for case in cases:
        hold(name, case, validator, written(command(case)))
reports = validator_of(own / "report.json")
for name, cases in [("check", CHECKS), ("theory", THEORIES)]:
    for index, case in enumerate(cases):
        path = pathlib.Path(folder.name) / f"{name}{index}.json"
        written([name, *case, "--report", str(path)])
        hold(f"report of {name}", case, reports, path.read_text())
for path in sarif_schema:
    validator = validator_of(path)
    for case in CHECKS:
        hold("sarif", case, validator, written(["check", *case, "--format", "sarif"]))
for case in CHECKS:
    xml.etree.ElementTree.fromstring(written(["check", *case, "--format", "junit"]))
print(mistakes, "mistakes")
