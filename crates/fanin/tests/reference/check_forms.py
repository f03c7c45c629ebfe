"""Checks what `fanin check` writes for programs against the schemas of its forms.

    pip install jsonschema
    npm pack @microsoft/jest-sarif && tar xzf microsoft-jest-sarif-*.tgz
    cargo build -p fanin-cli
    python3 check_forms.py ../../../../target/debug/fanin package/lib/schemas/sarif-2.1.0-rtm.5.json

Says `0 mistakes` for SARIF 2.1.0 (OASIS's schema as that package carries it), for JSON by
docs/schema/check.json, and for JUnit that it is well-formed XML.
"""

import json
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

import jsonschema

program, sarif_schema = sys.argv[1:]
own_schema = pathlib.Path(__file__).parents[4] / "docs/schema/check.json"
CASES = [
    [],
    ["--scheme", "zeros"],
    ["features -> 10x64 relu -> outputs", "--scheme", "torch-default"],
    ["features -> 3x64 relu -> outputs", "--scheme", "normal:1e30"],
]


def written(case, form):
    ended = subprocess.run([program, "check", *case, "--format", form], capture_output=True)
    assert ended.returncode in (0, 1), ended.stderr.decode()
    return ended.stdout.decode()


mistakes = 0
for form, path in [("sarif", sarif_schema), ("json", own_schema)]:
    schema = json.loads(pathlib.Path(path).read_text())
    Validator = jsonschema.validators.validator_for(schema)
    validator = Validator(schema, format_checker=Validator.FORMAT_CHECKER)
    for case in CASES:
        for mistake in validator.iter_errors(json.loads(written(case, form))):
            print(form, case, list(mistake.path), mistake.message)
            mistakes += 1
for case in CASES:
    xml.etree.ElementTree.fromstring(written(case, "junit"))
print(mistakes, "mistakes")
