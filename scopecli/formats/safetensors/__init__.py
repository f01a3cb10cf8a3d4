"""safetensors: files and sharded models."""
