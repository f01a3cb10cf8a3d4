"""PyTorch: files of `torch.save`, old and new, TorchScript, distributed checkpoints."""
