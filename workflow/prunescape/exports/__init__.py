"""Pruned networks for others (safetensors, ONNX), and what their sparsity saves."""
