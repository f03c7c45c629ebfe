"""Takes the code of a repair out of the written page, as a reader would, and runs it.

Needs a built fanin, and for each part torch, numpy, jax with flax, or keras; what is not installed
is named and left out. Run it as

    python3 crates/fanin/tests/reference/report_code.py target/debug/fanin

`fanin fix --report` mends a network of layers. The text of every code block is what a browser
would copy. Each is run in a process of its own that imports it, builds the network the block is
for, applies it, and tells every tensor's deviation, which is held against what fanin says of the
same tensor, within five standard errors. It ends with 1 if one is off or a block is missing.
"""
