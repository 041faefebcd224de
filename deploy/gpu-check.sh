#!/bin/sh
# Checks Kvern on a host with an NVIDIA GPU, all in one go: that its libraries load, that logits are those of transformers, how
# fast prefill, decode and copies are beside transformers and the card's own limits, and what a prefix costs that is computed,
# in the pool, in host memory or in the cluster. Takes about ten minutes; the model's 16 GB of random weights are written once.
#
#   deploy/gpu-check.sh [--quick] [DIRECTORY]      results go to DIRECTORY (default: gpu-check): *.log, *.json, summary.json
#
#   KVERN_PYTHON   an interpreter with torch, transformers and safetensors (default: python3). If PYTORCH_LIBRARY_PATH is not
#                  set, its torch, which must then be a CUDA build of the version below, is what Kvern runs on too
#   KVERN          the kvern command (default: the one beside this directory)
#   KVERN_DEVICE   default: cuda:0
set -eu

pytorch=2.7.1
home=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
kvern=${KVERN:-$home/kvern}
device=${KVERN_DEVICE:-cuda:0}
KVERN_PYTHON=${KVERN_PYTHON:-python3}
export KVERN_PYTHON

fail() {
    echo "gpu-check: $1" >&2
    exit 1
}

quick=
if [ "${1:-}" = --quick ]; then
    quick=--quick
    shift
fi
out=${1:-gpu-check}
mkdir -p "$out"
out=$(CDPATH='' cd -- "$out" && pwd -P)

step() {
    echo "== $1"
}

step "device and libraries"
command -v nvidia-smi >/dev/null || fail "no nvidia-smi on the PATH (expected: an NVIDIA driver)"
nvidia-smi --query-gpu=index,name,driver_version,memory.total,memory.free --format=csv,noheader | tee "$out/device.log"
if [ -z "${PYTORCH_LIBRARY_PATH:-}" ]; then
    found=$("$KVERN_PYTHON" -c 'import os, torch; print(torch.__version__, torch.version.cuda, os.path.join(os.path.dirname(torch.__file__), "lib"))') ||
        fail "$KVERN_PYTHON cannot import torch (expected: torch==$pytorch of a CUDA build, or PYTORCH_LIBRARY_PATH)"
    case $found in
        "$pytorch"*None*) fail "torch $found is not a CUDA build" ;;
        "$pytorch"*) PYTORCH_LIBRARY_PATH=${found##* } ;;
        *) fail "torch $found (expected: $pytorch, or PYTORCH_LIBRARY_PATH naming the libraries of one)" ;;
    esac
    PYTORCH_VERSION=$pytorch
    PYTORCH_FLAVOR=cu128
    export PYTORCH_LIBRARY_PATH PYTORCH_VERSION PYTORCH_FLAVOR
fi
echo "libtorch: $PYTORCH_LIBRARY_PATH"

# Appends a line of JSON for a model's logits. A difference beyond the tolerance ends everything: figures of a wrong result are
# of no use.
logits=$out/logits.jsonl
: >"$logits"
verify() { # name, model, reference, type, tolerance
    log=$out/verify-$1-$4.log
    "$kvern" verify-model --model "$2" --reference "$3" --device "$device" --compute-dtype "$4" --tolerance "$5" >"$log" 2>&1 ||
        { cat "$log" >&2; fail "$1 in $4: not the logits of transformers"; }
    difference=$(sed -n 's/^largest relative difference *\([^ ]*\).*/\1/p' "$log")
    agree=$(sed -n 's/^greedy choices that agree *\([0-9]*\) of \([0-9]*\)/\1, "of": \2/p' "$log")
    echo "{\"model\": \"$1\", \"type\": \"$4\", \"relative_difference\": $difference, \"greedy_agree\": $agree}" >>"$logits"
    printf '%-28s %s  %s of the spread\n' "$1" "$4" "$difference"
}

step "logits against those that transformers computed on a CPU in fp32"
demo=$home/model-runner/models/kvern-demo
reference=$home/model-runner/src/test/fixtures-demo/reference.safetensors
verify kvern-demo "$demo" "$reference" fp32 1e-4
verify kvern-demo "$demo" "$reference" bf16 5e-2
verify kvern-demo "$demo" "$reference" fp16 1e-2
for model in "$home"/model-runner/src/test/fixtures/*/; do
    # The longest prompt of each.
    reference=$(find "$model" -name 'ref-*.safetensors' | sort -V | tail -n 1)
    [ -z "$reference" ] || verify "$(basename "$model")" "$model" "$reference" fp32 1e-4
done

step "engine: prefill, decode and copies beside transformers and the card's limits, bf16"
"$kvern" bench engine --device "$device" --dtype bf16 --python "$KVERN_PYTHON" --json "$out/engine.json" $quick |
    tee "$out/engine.log"
# What the benchmark wrote, or found.
model=$(sed -n 's/^model: .* in the shape \([^,]*\), in \(.*\)/\2 \1/p' "$out/engine.log" | head -n 1)
model=$(find "${model% *}" -maxdepth 1 -name "${model##* }-seed*" | head -n 1)

step "logits of the same model against those that transformers computes here, on this device, bf16"
"$KVERN_PYTHON" "$home/deploy/reference_logits.py" "$model" "$out/reference.safetensors" --device "$device" --dtype bfloat16 ||
    fail "no reference"
verify "$(basename "$model")" "$model" "$out/reference.safetensors" bf16 1e-1
rm -f "$out/reference.safetensors"

step "reuse: time to the first token with a prefix that is computed, local, in host memory, in the cluster"
"$kvern" bench reuse --device "$device" --dtype bf16 --json "$out/reuse.json" $quick | tee "$out/reuse.log"

{
    printf '{"device": "%s",\n"logits": [' "$(head -n 1 "$out/device.log")"
    paste -s -d, "$logits"
    printf '],\n"engine": '
    cat "$out/engine.json"
    printf ',\n"reuse": '
    cat "$out/reuse.json"
    echo '}'
} >"$out/summary.json"
step "done: $out/summary.json"
