//! Small models of PyTorch and transformers, by the names and shapes that these give.
//!
//! The lists come from `tests/reference/model_names.py`.

use super::*;
use crate::init::Stack;

/// (blocks of an encoder, of a decoder or the only stack, residual sums of the last stack, width).
#[track_caller]
fn check_stacks(listed: &Listed, stack: Stack, expected: (usize, usize, usize, usize)) {
    let last = listed.parameters.iter().rfind(|p| p.place.block.is_some()).unwrap();
    let place = &last.place;
    let width = place.width.unwrap();
    let found = (place.encoder_blocks, place.decoder_blocks, place.residual_sums, width);
    assert_eq!((place.stack, found), (stack, expected), "{}", last.name);
}

#[test]
fn gpt2_has_weights_of_in_and_out_packed_along_the_last_axis() {
    let gpt2 = model("gpt2");
    check(
        &gpt2,
        &[
            ("transformer.wte.weight", "embedding 1->32"),
            ("transformer.wpe.weight", "embedding 1->32"),
            ("transformer.h.0.ln_1.weight", "norm-scale block 0/3"),
            ("transformer.h.0.ln_1.bias", "norm-shift block 0/3"),
            (
                "transformer.h.0.attn.c_attn.weight",
                "weight [1: query 32, key 32, value 32] 32->32 block 0/3 branch 0/2",
            ),
            (
                "transformer.h.0.attn.c_attn.bias",
                "bias [0: query 32, key 32, value 32] 32->32 block 0/3 branch 0/2",
            ),
            (
                "transformer.h.1.attn.c_proj.weight",
                "weight attention-output 32->32 block 1/3 branch 1/2 residual-output",
            ),
            ("transformer.h.2.mlp.c_fc.weight", "weight up 32->128 block 2/3 branch 0/2"),
            (
                "transformer.h.2.mlp.c_proj.weight",
                "weight down 128->32 block 2/3 branch 1/2 residual-output",
            ),
            ("transformer.ln_f.bias", "norm-shift"),
            ("lm_head.weight", "weight 32->96 head"),
        ],
    );
    check_stacks(&gpt2, Stack::Only, (0, 3, 6, 32));
    let axes = |name: &str| gpt2.parameters.iter().find(|p| p.name == name).unwrap().axes.clone();
    assert_eq!(axes("transformer.h.0.mlp.c_proj.weight").output, [1]);
    assert_eq!(axes("lm_head.weight").output, [0]);
}

#[test]
fn gpt2_names_with_weights_of_out_and_in_are_told_by_the_packed_one() {
    let listed = list(&[
        ("transformer.h.0.attn.c_attn.weight", &[96, 32]),
        ("transformer.h.0.attn.c_proj.weight", &[32, 32]),
        ("transformer.h.0.mlp.c_fc.weight", &[128, 32]),
        ("transformer.h.0.mlp.c_proj.weight", &[32, 128]),
    ]);
    assert!(listed.parameters.iter().all(|p| p.axes.output == [0]), "{listed:?}");
    assert_eq!(listed.parameters[3].fan_in, 128);
    assert!(listed.guesses.is_empty());
}

#[test]
fn llama_mistral_and_qwen_have_gates_and_fewer_keys() {
    for name in ["llama", "mistral", "qwen2"] {
        let listed = model(name);
        check(
            &listed,
            &[
                ("model.embed_tokens.weight", "embedding 1->32"),
                (
                    "model.layers.0.self_attn.q_proj.weight",
                    "weight query 32->32 block 0/3 branch 0/2",
                ),
                (
                    "model.layers.1.self_attn.k_proj.weight",
                    "weight key 32->16 block 1/3 branch 0/2",
                ),
                (
                    "model.layers.1.self_attn.v_proj.weight",
                    "weight value 32->16 block 1/3 branch 0/2",
                ),
                (
                    "model.layers.2.self_attn.o_proj.weight",
                    "weight attention-output 32->32 block 2/3 branch 1/2 residual-output",
                ),
                ("model.layers.0.mlp.gate_proj.weight", "weight gate 32->80 block 0/3 branch 0/2"),
                ("model.layers.0.mlp.up_proj.weight", "weight up 32->80 block 0/3 branch 0/2"),
                (
                    "model.layers.0.mlp.down_proj.weight",
                    "weight down 80->32 block 0/3 branch 1/2 residual-output",
                ),
                ("model.layers.0.input_layernorm.weight", "norm-scale block 0/3"),
                ("model.norm.weight", "norm-scale"),
                ("lm_head.weight", "weight 32->96 head"),
            ],
        );
        check_stacks(&listed, Stack::Only, (0, 3, 6, 32));
    }
    let bias = "bias key 32->16 block 0/3 branch 0/2";
    check(&model("qwen2"), &[("model.layers.0.self_attn.k_proj.bias", bias)]);
}

#[test]
fn experts_are_read_together_and_one_by_one() {
    let mixtral = model("mixtral");
    check(
        &mixtral,
        &[
            ("model.layers.0.mlp.gate.weight", "weight 32->3 block 0/3"),
            (
                "model.layers.0.mlp.experts.gate_up_proj",
                "weight [1: gate 80, up 80] 32->80 block 0/3 branch 0/2",
            ),
            (
                "model.layers.0.mlp.experts.down_proj",
                "weight down 80->32 block 0/3 branch 1/2 residual-output",
            ),
        ],
    );
    check_stacks(&mixtral, Stack::Only, (0, 3, 6, 32));
    let one = "model.layers.0.block_sparse_moe.experts";
    let listed = list(&[
        (&format!("{one}.0.w1.weight"), &[80, 32]),
        (&format!("{one}.0.w2.weight"), &[32, 80]),
        (&format!("{one}.1.w2.weight"), &[32, 80]),
        (&format!("{one}.0.w3.weight"), &[80, 32]),
    ]);
    assert_eq!(told(&listed.parameters[0]), "weight gate 32->80 block 0/1 branch 0/2");
    assert_eq!(told(&listed.parameters[3]), "weight up 32->80 block 0/1 branch 0/2");
    let down = "weight down 80->32 block 0/1 branch 1/2 residual-output";
    assert_eq!(told(&listed.parameters[1]), down);
    assert_eq!(listed.parameters[1].place.residual_sums, 1, "experts end in one sum");
    let turned = list(&[
        ("model.layers.0.mlp.gate.weight", &[3, 32]),
        ("model.layers.0.mlp.experts.gate_up_proj", &[3, 32, 160]),
        ("model.layers.0.mlp.experts.down_proj", &[3, 80, 32]),
    ]);
    assert_eq!((turned.parameters[1].fan_in, turned.parameters[1].fan_out), (32, 80));
    assert_eq!((turned.parameters[2].fan_in, turned.parameters[2].fan_out), (80, 32));
}

#[test]
fn packed_keys_are_as_long_as_the_layer_behind_them_leaves_room_for() {
    let listed = model("phi3");
    let name = "model.layers.0.self_attn.qkv_proj.weight";
    let words = "weight [0: query 32, key 16, value 16] 32->32 block 0/3 branch 0/2";
    check(&listed, &[(name, words)]);
    let packed = listed.parameters.iter().find(|p| p.name == name).unwrap();
    assert_eq!([0, 1, 2].map(|part| packed.part(part).fan_out), [32, 16, 16]);
    let gates = "weight [0: gate 80, up 80] 32->80 block 0/3 branch 0/2";
    check(&listed, &[("model.layers.0.mlp.gate_up_proj.weight", gates)]);
}

#[test]
fn bert_is_an_encoder() {
    let bert = model("bert");
    let block = "bert.encoder.layer.0";
    check(
        &bert,
        &[
            ("bert.embeddings.word_embeddings.weight", "embedding 1->32"),
            ("bert.embeddings.token_type_embeddings.weight", "embedding 1->32"),
            ("bert.embeddings.LayerNorm.bias", "norm-shift"),
            (
                &format!("{block}.attention.self.query.bias"),
                "bias query 32->32 block 0/3 branch 0/2",
            ),
            (
                &format!("{block}.attention.output.dense.weight"),
                "weight attention-output 32->32 block 0/3 branch 1/2 residual-output",
            ),
            (&format!("{block}.attention.output.LayerNorm.weight"), "norm-scale block 0/3"),
            (
                &format!("{block}.intermediate.dense.weight"),
                "weight up 32->80 block 0/3 branch 0/2",
            ),
            (
                &format!("{block}.output.dense.weight"),
                "weight down 80->32 block 0/3 branch 1/2 residual-output",
            ),
            ("cls.predictions.transform.dense.weight", "weight 32->32"),
            ("cls.predictions.bias", "bias"),
            ("cls.predictions.decoder.weight", "weight 32->96 head"),
        ],
    );
    check_stacks(&bert, Stack::Encoder, (3, 0, 6, 32));
}

#[test]
fn t5_bart_and_whisper_have_two_stacks_and_three_sums_in_a_block() {
    let t5 = model("t5");
    check(
        &t5,
        &[
            ("shared.weight", "embedding 1->32"),
            (
                "encoder.block.1.layer.0.SelfAttention.q.weight",
                "weight query 32->24 block 1/2 branch 0/2",
            ),
            (
                "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                "embedding 1->4 block 0/2",
            ),
            (
                "decoder.block.2.layer.1.EncDecAttention.o.weight",
                "weight attention-output 24->32 block 2/3 branch 1/2 residual-output",
            ),
            (
                "decoder.block.0.layer.2.DenseReluDense.wo.weight",
                "weight down 80->32 block 0/3 branch 1/2 residual-output",
            ),
            ("lm_head.weight", "weight 32->96 head"),
        ],
    );
    for name in ["bart", "whisper"] {
        let block = "model.decoder.layers.2";
        check(
            &model(name),
            &[
                (
                    &format!("{block}.encoder_attn.out_proj.weight"),
                    "weight attention-output 32->32 block 2/3 branch 1/2 residual-output",
                ),
                (&format!("{block}.fc1.weight"), "weight up 32->80 block 2/3 branch 0/2"),
                (
                    &format!("{block}.fc2.bias"),
                    "bias down 80->32 block 2/3 branch 1/2 residual-output",
                ),
                (&format!("{block}.final_layer_norm.bias"), "norm-shift block 2/3"),
                ("model.encoder.embed_positions.weight", "embedding 1->32"),
            ],
        );
    }
    let whisper = model("whisper");
    check(&whisper, &[("model.encoder.conv1.weight", "weight 30->96")]);
    check(&whisper, &[("proj_out.weight", "weight 32->96 head")]);
    check(
        &model("bart"),
        &[("lm_head.weight", "weight 32->96 head"), ("final_logits_bias", "bias")],
    );
    for listed in [t5, whisper, model("bart")] {
        check_stacks(&listed, Stack::Decoder, (2, 3, 9, 32));
        let first = listed.parameters.iter().find(|p| p.place.block.is_some()).unwrap();
        assert_eq!((first.place.stack, first.place.residual_sums), (Stack::Encoder, 4));
    }
}

#[test]
fn what_is_packed_head_by_head_stays_whole_until_the_heads_are_said() {
    let name = "gpt_neox.layers.0.attention.query_key_value.weight";
    let whole = model("gpt_neox");
    check(
        &whole,
        &[
            (name, "weight 32->96 block 0/3 branch 0/2"),
            (
                "gpt_neox.layers.0.attention.dense.weight",
                "weight attention-output 32->32 block 0/3 branch 1/2 residual-output",
            ),
            (
                "gpt_neox.layers.2.mlp.dense_4h_to_h.weight",
                "weight down 80->32 block 2/3 branch 1/2 residual-output",
            ),
            ("gpt_neox.embed_in.weight", "embedding 1->32"),
        ],
    );
    let guess = whole.guesses.iter().find(|guess| guess.name == name).unwrap();
    assert!(guess.taken_as.contains("head by head; say `heads`"), "{guess:?}");
    let settings = Settings { heads: Some(4), ..Settings::default() };
    let parted = Manifest::new(settings, entries("gpt_neox")).unwrap().parameters().unwrap();
    assert!(parted.guesses.is_empty());
    let packed = parted.parameters.iter().find(|p| p.name == name).unwrap();
    assert_eq!(packed.packing.as_ref().unwrap().parts.len(), 12);
    assert_eq!((packed.fan_in, packed.fan_out), (32, 32));
}

#[test]
fn vision_transformers_have_patches_and_tokens() {
    let vit = model("vit");
    check(
        &vit,
        &[
            ("vit.embeddings.cls_token", "embedding 1->32"),
            ("vit.embeddings.position_embeddings", "embedding 1->32"),
            ("vit.embeddings.patch_embeddings.projection.weight", "weight 48->512"),
            ("vit.layers.1.mlp.fc1.weight", "weight up 32->80 block 1/3 branch 0/2"),
            (
                "vit.layers.0.attention.o_proj.weight",
                "weight attention-output 32->32 block 0/3 branch 1/2 residual-output",
            ),
            ("classifier.weight", "weight 32->7 head"),
            ("classifier.bias", "bias 32->7 head"),
        ],
    );
    check_stacks(&vit, Stack::Only, (0, 3, 6, 32));
}

#[test]
fn the_last_convolution_of_a_block_ends_its_branch() {
    let resnet = model("resnet");
    let block = "resnet.encoder.stages.1.layers.0";
    check(
        &resnet,
        &[
            ("resnet.embedder.embedder.convolution.weight", "weight 147->392"),
            (&format!("{block}.shortcut.convolution.weight"), "weight 16->24 block 2/3"),
            (&format!("{block}.layer.0.convolution.weight"), "weight 16->6 block 2/3 branch 0/3"),
            (
                &format!("{block}.layer.2.convolution.weight"),
                "weight 6->24 block 2/3 branch 2/3 residual-output",
            ),
            (&format!("{block}.layer.2.normalization.running_var"), "running-variance block 2/3"),
            ("classifier.1.weight", "weight 24->7 head"),
        ],
    );
    check_stacks(&resnet, Stack::Only, (0, 3, 3, 24));
    let torchvision = list(&[
        ("conv1.weight", &[64, 3, 7, 7]),
        ("layer1.0.conv1.weight", &[64, 64, 3, 3]),
        ("layer1.0.conv2.weight", &[64, 64, 3, 3]),
        ("layer2.0.conv1.weight", &[128, 64, 3, 3]),
        ("layer2.0.conv2.weight", &[128, 128, 3, 3]),
        ("layer2.0.downsample.0.weight", &[128, 64, 1, 1]),
        ("fc.weight", &[10, 128]),
    ]);
    check(
        &torchvision,
        &[
            ("layer1.0.conv2.weight", "weight 576->576 block 0/2 branch 1/2 residual-output"),
            ("layer2.0.downsample.0.weight", "weight 64->128 block 1/2"),
            ("fc.weight", "weight 128->10 head"),
        ],
    );
}

#[test]
fn gates_are_counted_by_the_recurrent_weight() {
    let four = "[0: input-gate 12, forget-gate 12, candidate 12, output-gate 12]";
    let lstm = model("lstm");
    check(
        &lstm,
        &[
            ("weight_ih_l0", &format!("weight {four} 10->12")),
            ("weight_ih_l1_reverse", &format!("weight {four} 24->12")),
            ("weight_hh_l0", &format!("recurrent {four} 12->12")),
            ("bias_ih_l1", &format!("bias {four} 24->12")),
        ],
    );
    check(
        &model("lstm_projected"),
        &[("weight_hh_l0", &format!("recurrent {four} 5->12")), ("weight_hr_l0", "weight 12->5")],
    );
    let three = "[0: reset-gate 12, update-gate 12, candidate 12]";
    check(
        &model("gru"),
        &[
            ("weight_hh_l0", &format!("recurrent {three} 12->12")),
            ("bias_hh_l0", &format!("bias {three} 12->12")),
        ],
    );
    check(&model("rnn"), &[("weight_hh_l0", "recurrent 12->12"), ("bias_ih_l0", "bias 10->12")]);
}

#[test]
fn attention_of_torch_is_packed_in_thirds() {
    let thirds = "[0: query 32, key 32, value 32]";
    check(
        &model("attention"),
        &[
            ("in_proj_weight", &format!("weight {thirds} 32->32")),
            ("in_proj_bias", &format!("bias {thirds} 32->32")),
            ("out_proj.weight", "weight attention-output 32->32"),
        ],
    );
    check(
        &model("attention_of_two"),
        &[
            ("k_proj_weight", "weight key 20->32"),
            ("v_proj_weight", "weight value 24->32"),
            ("in_proj_bias", &format!("bias {thirds} 32->32")),
        ],
    );
    let encoder = model("encoder_layer");
    check(
        &encoder,
        &[
            (
                "layers.0.self_attn.in_proj_weight",
                &format!("weight {thirds} 32->32 block 0/2 branch 0/2"),
            ),
            (
                "layers.1.self_attn.out_proj.bias",
                "bias attention-output 32->32 block 1/2 branch 1/2 residual-output",
            ),
            ("layers.0.linear1.weight", "weight up 32->80 block 0/2 branch 0/2"),
            ("layers.0.linear2.weight", "weight down 80->32 block 0/2 branch 1/2 residual-output"),
            ("layers.0.norm2.bias", "norm-shift block 0/2"),
        ],
    );
    check_stacks(&encoder, Stack::Only, (0, 2, 4, 32));
    check_stacks(&model("decoder_layer"), Stack::Only, (0, 2, 6, 32));
    let lone = list(&[
        ("self_attn.out_proj.weight", &[32, 32]),
        ("linear1.weight", &[80, 32]),
        ("linear2.weight", &[32, 80]),
    ]);
    check(&lone, &[("linear2.weight", "weight down 80->32 block 0/1 branch 1/2 residual-output")]);
}

#[test]
fn names_of_keras_and_flax_are_in_their_layout() {
    let listed = list(&[
        ("dense/kernel:0", &[784, 10]),
        ("conv2d/kernel", &[3, 3, 16, 32]),
        ("conv2d_transpose/kernel", &[4, 4, 8, 16]),
        ("depthwise_conv2d/depthwise_kernel", &[3, 3, 16, 2]),
        ("lstm/lstm_cell/kernel", &[10, 48]),
        ("lstm/lstm_cell/recurrent_kernel", &[12, 48]),
        ("lstm/lstm_cell/bias", &[48]),
        ("gru/gru_cell/recurrent_kernel", &[12, 36]),
        ("gru/gru_cell/bias", &[2, 36]),
        ("batch_normalization/gamma", &[32]),
        ("batch_normalization/moving_variance", &[32]),
        ("embedding/embeddings", &[96, 32]),
        ("MultiHeadDotProductAttention_0/query/kernel", &[32, 4, 8]),
        ("MultiHeadDotProductAttention_0/out/kernel", &[4, 8, 32]),
        ("LSTMCell_0/hf/kernel", &[12, 12]),
        ("Embed_0/embedding", &[96, 32]),
        ("LayerNorm_0/scale", &[32]),
        ("LayerNorm_0/bias", &[32]),
    ]);
    let gates = "input-gate 12, forget-gate 12, candidate 12, output-gate 12";
    check(
        &listed,
        &[
            ("dense/kernel:0", "weight 784->10"),
            ("conv2d/kernel", "weight 144->288"),
            ("conv2d_transpose/kernel", "weight 256->128"),
            ("depthwise_conv2d/depthwise_kernel", "weight 9->18"),
            ("lstm/lstm_cell/kernel", &format!("weight [1: {gates}] 10->12")),
            ("lstm/lstm_cell/recurrent_kernel", &format!("recurrent [1: {gates}] 12->12")),
            ("lstm/lstm_cell/bias", &format!("bias [0: {gates}] 10->12")),
            ("gru/gru_cell/bias", "bias [1: update-gate 12, reset-gate 12, candidate 12]"),
            ("batch_normalization/gamma", "norm-scale"),
            ("batch_normalization/moving_variance", "running-variance"),
            ("embedding/embeddings", "embedding 1->32"),
            ("MultiHeadDotProductAttention_0/query/kernel", "weight query 32->32"),
            ("MultiHeadDotProductAttention_0/out/kernel", "weight attention-output 32->32"),
            ("LSTMCell_0/hf/kernel", "recurrent forget-gate 12->12"),
            ("Embed_0/embedding", "embedding 1->32"),
            ("LayerNorm_0/scale", "norm-scale"),
            ("LayerNorm_0/bias", "norm-shift"),
        ],
    );
}

#[test]
fn adapters_and_factors_on_branches_are_known() {
    let listed = list(&[
        ("model.layers.0.self_attn.q_proj.lora_A.default.weight", &[4, 32]),
        ("model.layers.0.self_attn.q_proj.lora_B.default.weight", &[32, 4]),
        ("blocks.0.ls1.gamma", &[32]),
        ("stages.0.blocks.1.gamma", &[32]),
        ("encoder.layer.0.layer_scale1.lambda1", &[32]),
        ("layers.0.resweight", &[1]),
        ("activation.prelu.weight", &[8]),
        ("decoder.layers.0.w_resid", &[32]),
        ("decoder.layers.0.self_attn.c_attn", &[4]),
        ("decoder.layers.0.attention_ratio_change", &[32]),
        ("encoder.layers.0.residual_attn.omega", &[32]),
    ]);
    let found: Vec<String> = listed.parameters.iter().map(told).collect();
    assert_eq!(found[0], "weight lora-down 32->4 block 0/1");
    assert_eq!(found[1], "weight lora-up 4->32 block 0/1");
    assert!(found[2..6].iter().all(|words| words.starts_with("residual-scale")), "{found:?}");
    assert!(found[6].starts_with("slope"), "{found:?}");
    assert!(found[7].starts_with("residual-scale"), "{found:?}");
    assert!(found[8].starts_with("norm-scale"), "{found:?}");
    assert!(found[9..].iter().all(|words| words.starts_with("shortcut-scale")), "{found:?}");
}

/// No model of the reference has a tensor that a scheme would refuse.
#[test]
fn every_tensor_of_the_models_has_a_role() {
    let models: Value = serde_json::from_str(MODELS).unwrap();
    for name in models.as_object().unwrap().keys() {
        for parameter in model(name).parameters {
            assert_ne!(parameter.role, Role::Buffer, "{name}: {}", parameter.name);
            let has_fans = parameter.fan_in > 0 && parameter.fan_out > 0;
            assert!(!parameter.role.is_matrix() || has_fans, "{name}: {}", parameter.name);
        }
    }
}
