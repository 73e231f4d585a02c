"""Waiting threads pause by an instruction of the processor that code is generated for."""

import pytest
from llvmlite import binding, ir

from fastsp.kernels.llvm import atomics


@pytest.mark.parametrize(
    ("triple", "instruction"),
    [
        ("x86_64-unknown-linux-gnu", "pause"),
        ("aarch64-unknown-linux-gnu", "isb"),
        ("arm64-apple-macosx11.0", "isb"),
    ],
)
def test_a_waiting_thread_pauses_on_every_processor(triple, instruction):
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    module = ir.Module()
    module.triple = triple
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), []), "wait")
    builder = ir.IRBuilder(function.append_basic_block())
    atomics._generate_spin_pause(None, builder, None, [])
    builder.ret_void()
    try:
        machine = binding.Target.from_triple(triple).create_target_machine()
    except RuntimeError:
        pytest.skip("this LLVM generates no code for that processor")
    assert instruction in machine.emit_assembly(binding.parse_assembly(str(module)))
