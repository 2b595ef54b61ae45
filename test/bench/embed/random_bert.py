#!/usr/bin/env python3
"""A BERT of bge-base's shape with random weights, and the tokenizer of another: python random_bert.py FOLDER OUT"""
import shutil
import sys
from pathlib import Path

import torch
from transformers import BertConfig, BertModel

source, out = map(Path, sys.argv[1:3])
torch.manual_seed(1)
config = BertConfig(hidden_size=768, num_hidden_layers=12, num_attention_heads=12, intermediate_size=3072)
BertModel(config).save_pretrained(out)
for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "modules.json"):
    shutil.copy(source / name, out / name)
shutil.copytree(source / "1_Pooling", out / "1_Pooling", dirs_exist_ok=True)
