"""Names and shapes of the parameters and buffers of small models, as their libraries give them.

    python -m venv venv && venv/bin/pip install torch transformers
    venv/bin/python model_names.py > model_names.json

Made with torch 2.15.0 and transformers 5.23.0. Widths differ from depths, vocabularies and head
sizes, so that an axis cannot be taken for another.
"""

import json

import torch
import transformers as t

MLP = {"hidden_size": 32, "intermediate_size": 80, "num_hidden_layers": 3,
       "num_attention_heads": 4, "vocab_size": 96, "max_position_embeddings": 48}
GROUPED = {**MLP, "num_key_value_heads": 2, "pad_token_id": 0}
BART = {"vocab_size": 96, "d_model": 32, "encoder_layers": 2, "decoder_layers": 3,
        "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 80,
        "decoder_ffn_dim": 80, "max_position_embeddings": 48, "pad_token_id": 0}
WHISPER = {**BART, "num_mel_bins": 10, "max_source_positions": 24, "max_target_positions": 20,
           "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
del WHISPER["max_position_embeddings"]

MODELS = {
    "gpt2": lambda: t.GPT2LMHeadModel(t.GPT2Config(
        n_embd=32, n_layer=3, n_head=4, vocab_size=96, n_positions=48)),
    "llama": lambda: t.LlamaForCausalLM(t.LlamaConfig(**GROUPED)),
    "mistral": lambda: t.MistralForCausalLM(t.MistralConfig(**GROUPED)),
    "mixtral": lambda: t.MixtralForCausalLM(t.MixtralConfig(**GROUPED, num_local_experts=3)),
    "qwen2": lambda: t.Qwen2ForCausalLM(t.Qwen2Config(**GROUPED)),
    "phi3": lambda: t.Phi3ForCausalLM(t.Phi3Config(**GROUPED)),
    "bert": lambda: t.BertForMaskedLM(t.BertConfig(**MLP)),
    "gpt_neox": lambda: t.GPTNeoXForCausalLM(t.GPTNeoXConfig(**MLP)),
    "t5": lambda: t.T5ForConditionalGeneration(t.T5Config(
        vocab_size=96, d_model=32, d_kv=6, d_ff=80, num_layers=2, num_decoder_layers=3,
        num_heads=4)),
    "bart": lambda: t.BartForConditionalGeneration(t.BartConfig(**BART)),
    "whisper": lambda: t.WhisperForConditionalGeneration(t.WhisperConfig(**WHISPER)),
    "vit": lambda: t.ViTForImageClassification(t.ViTConfig(
        hidden_size=32, intermediate_size=80, num_hidden_layers=3, num_attention_heads=4,
        image_size=16, patch_size=4, num_labels=7)),
    "resnet": lambda: t.ResNetForImageClassification(t.ResNetConfig(
        embedding_size=8, hidden_sizes=[16, 24], depths=[2, 1], layer_type="bottleneck",
        num_labels=7)),
    "lstm": lambda: torch.nn.LSTM(10, 12, num_layers=2, bidirectional=True),
    "lstm_projected": lambda: torch.nn.LSTM(10, 12, proj_size=5),
    "gru": lambda: torch.nn.GRU(10, 12),
    "rnn": lambda: torch.nn.RNN(10, 12),
    "attention": lambda: torch.nn.MultiheadAttention(32, 4),
    "attention_of_two": lambda: torch.nn.MultiheadAttention(32, 4, kdim=20, vdim=24),
    "encoder_layer": lambda: torch.nn.TransformerEncoder(
        torch.nn.TransformerEncoderLayer(32, 4, dim_feedforward=80), 2),
    "decoder_layer": lambda: torch.nn.TransformerDecoder(
        torch.nn.TransformerDecoderLayer(32, 4, dim_feedforward=80), 2),
    "convolutions": lambda: torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.ReLU(),
        torch.nn.Conv2d(8, 12, 3, bias=False), torch.nn.PReLU(12), torch.nn.Flatten(),
        torch.nn.Linear(12, 5)),
}


def tensors(model):
    state = model.state_dict()
    return [[name, list(tensor.shape)] for name, tensor in state.items()]


if __name__ == "__main__":
    torch.manual_seed(0)
    listed = {name: tensors(make()) for name, make in MODELS.items()}
    lines = []
    for model, entries in listed.items():
        rows = ",\n  ".join(json.dumps(entry) for entry in entries)
        lines.append(f"{json.dumps(model)}: [\n  {rows}\n]")
    print("{\n" + ",\n".join(lines) + "\n}")
