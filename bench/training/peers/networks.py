"""The networks of ../../models.py: ResNet-18 and GPT-2-small's shape, written out."""

import torch
from torch import nn
from torch.nn import functional


class Residual(nn.Module):
    """Two 3×3 convolutions with batch normalization, and what they are added to."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        way = x if self.downsample is None else self.downsample(x)
        x = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(x)) + way)


class ResNet18(nn.Module):
    """He et al. 2015, with the names of torchvision."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.pool = nn.MaxPool2d(3, 2, 1)
        widths = [64, 64, 128, 256, 512]
        for index, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
            blocks = [Residual(inputs, outputs, 2 if index else 1), Residual(outputs, outputs, 1)]
            setattr(self, f"layer{index + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(512, 1000)

    def forward(self, x):
        x = self.pool(functional.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(functional.adaptive_avg_pool2d(x, 1).flatten(1))


class Block(nn.Module):
    """Attention and two products, each after a normalization and added to what came in."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        rows, tokens, width = x.shape
        by_head = lambda part: part.view(rows, tokens, self.heads, -1).transpose(1, 2)
        q, k, v = map(by_head, self.qkv(self.ln_1(x)).chunk(3, -1))
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(rows, tokens, width))
        return x + self.down(functional.gelu(self.up(self.ln_2(x))))


class Gpt2Small(nn.Module):
    """Radford et al. 2019: 124 million parameters, of which head and table share 39 million."""

    def __init__(self, tokens=256, width=768, heads=12, depth=12, words=50257):
        super().__init__()
        self.wte = nn.Embedding(words, width)
        self.wpe = nn.Parameter(0.02 * torch.randn(tokens, width))
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(depth)])
        self.ln_f = nn.LayerNorm(width)
        nn.init.normal_(self.wte.weight, std=0.02)

    def forward(self, ids):
        return self.ln_f(self.blocks(self.wte(ids) + self.wpe)) @ self.wte.weight.T


def resnet18():
    return ResNet18(), torch.randn(8, 3, 224, 224), torch.randint(0, 1000, (8,))


def gpt2_small():
    ids = torch.randint(0, 50257, (1, 257))
    return Gpt2Small(), ids[:, :-1].contiguous(), ids[:, 1:].contiguous()


MODELS = {"resnet18": resnet18, "gpt2-small": gpt2_small}


def make(name):
    """The model with its weights, and one batch of inputs and targets; always the same."""
    torch.manual_seed(0)
    return MODELS[name]()
