// Opcodes.
