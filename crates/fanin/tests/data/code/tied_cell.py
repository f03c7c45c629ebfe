"""Makes tied_cell.onnx: a table, an RNN, a layer of every step and the table again as the last matrix.

Needs torch, onnx and onnxscript; run it in this folder. Of the exporter's metadata, the names of modules
and parameters stay.
"""

import onnx
import torch

KEPT = ("namespace", "pkg.torch.export.ExportedProgram.graph_signature")


class TiedCell(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.emb, self.rnn = torch.nn.Embedding(7, 4), torch.nn.RNN(4, 4, batch_first=True)
        self.fc, self.head = torch.nn.Linear(4, 4), torch.nn.Linear(4, 7, bias=False)
        self.head.weight = self.emb.weight

    def forward(self, x):
        return self.head(torch.tanh(self.fc(self.rnn(self.emb(x))[0])))


def strip(owner):
    kept = [(entry.key, entry.value) for entry in owner.metadata_props if entry.key in KEPT]
    del owner.metadata_props[:]
    for key, value in kept:
        owner.metadata_props.add(key=key, value=value)


torch.manual_seed(0)
x = torch.randint(0, 7, (2, 3))
shapes = ({0: torch.export.Dim("batch")},)
options = {"dynamo": True, "input_names": ["x"], "dynamic_shapes": shapes, "external_data": False}
torch.onnx.export(TiedCell().eval(), (x,), "tied_cell.onnx", **options)
model = onnx.load("tied_cell.onnx")
graph = model.graph
values = [*graph.value_info, *graph.input, *graph.output, *graph.initializer]
for owner in (model, graph, *graph.node, *values):
    strip(owner)
onnx.save(model, "tied_cell.onnx")
