"""How the values of tensors differ, without all of them being in memory."""
