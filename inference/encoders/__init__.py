"""ONNX models that read text: the embedder and the cross-encoder."""
