"""PyTorch: files of `torch.save`, TorchScript and `torch.export`, distributed checkpoints."""
