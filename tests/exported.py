"""Runs exported models with Node.js and a C compiler, where there are any."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from fastsp.export import export

JAVASCRIPT = """
const model = require(process.argv[2]);
const [size, isImage] = [Number(process.argv[4]), process.argv[5] === "1"];
const rows = require("fs").readFileSync(process.argv[3]);
const found = [];
for (let start = 0; start < rows.length; start += size) {
  const row = rows.subarray(start, start + size);
  const stages = model.trace(isImage ? model.encode(row) : row);
  const read = model.labels.length ? model.classify(stages.active) : {};
  found.push({
    overlaps: Array.from(stages.overlaps),
    boosted: Array.from(stages.boosted),
    inhibited: Array.from(stages.inhibited),
    active: Array.from(stages.active),
    label: read.label,
    probabilities: Array.from(read.probabilities || read.scores || []),
  });
}
console.log(JSON.stringify(found));
"""
C = """
#include "model.h"
#include <stdio.h>
#if MODEL_CHANNELS > 0
enum { SIZE = MODEL_N_PIXELS };
#else
enum { SIZE = MODEL_N_INPUTS };
#endif
int main(void) {
    static model_stages stages;
    static uint8_t row[SIZE], bits[MODEL_N_INPUTS];
    static int32_t active[MODEL_MAX_ACTIVE];
    const char *between = "[";
    while (fread(row, 1, SIZE, stdin) == SIZE) {
        printf("%s{\\"active\\": [", between);
        between = ",";
#if MODEL_CHANNELS > 0
        model_encode(row, bits);
#else
        for (int i = 0; i < SIZE; i++) bits[i] = row[i];
#endif
        const int n = model_active_columns(bits, &stages, active);
        for (int i = 0; i < n; i++) printf("%s%d", i ? "," : "", (int)active[i]);
        printf("], \\"overlaps\\": [");
        for (int c = 0; c < MODEL_N_COLUMNS; c++) {
            printf("%s%d", c ? "," : "", (int)stages.overlaps[c]);
        }
#if MODEL_N_LABELS > 0
        double probabilities[MODEL_N_LABELS];
        const int label = model_classify(active, n, probabilities);
        printf("], \\"label\\": [");
        for (const char *text = model_labels[label]; *text; text++) {
            printf("%d%s", (uint8_t)*text, text[1] ? "," : "");
        }
        printf("], \\"probabilities\\": [");
        for (int l = 0; l < MODEL_N_LABELS; l++) printf("%s%.17g", l ? "," : "", probabilities[l]);
#endif
        printf("]}");
    }
    printf("]");
    return 0;
}
"""
WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]


def run(to, estimator, rows, folder, is_image=False):
    """Return what the exported model says of each row of bytes: stages, label, probabilities."""
    needed = {"js": ("node",), "c": ("cc",)}[to]
    if missing := [program for program in needed if not shutil.which(program)]:
        pytest.skip(f"no {missing[0]} on this machine")
    export(estimator, folder / f"model.{to}", to)
    rows = np.ascontiguousarray(rows, np.uint8)
    (folder / "rows").write_bytes(rows.tobytes())
    if to == "js":
        (folder / "run.js").write_text(JAVASCRIPT)
        arguments = [folder / "model.js", folder / "rows", rows.shape[1], int(is_image)]
        command = ["node", folder / "run.js", *arguments]
    else:
        (folder / "main.c").write_text(C)
        sources = [folder / "main.c", folder / "model.c"]
        program = folder / "program"
        options = [*WARNINGS, "-O2", "-ffp-contract=off"]
        subprocess.run(["cc", *options, *sources, "-o", program, "-lm"], check=True)
        command = [program]
    output = subprocess.run(
        list(map(str, command)), input=rows.tobytes(), stdout=subprocess.PIPE, check=True
    )
    found = json.loads(output.stdout)
    for row in found:
        if isinstance(row.get("label"), list):  # its bytes, whatever they are
            row["label"] = bytes(row["label"]).decode("utf-8")
    return found
