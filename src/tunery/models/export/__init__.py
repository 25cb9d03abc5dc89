"""From a tuned model to what onnxruntime runs, and the gate that decides whether that is used.

`graphs` takes a network apart into its files, `quantized` makes a body of 8-bit integers, `parity` compares answers and
speed with torch's, `exporting` ties them together and puts the files into the model folder, `abstention` says from
which score on an answer is given. What runs the files afterwards is `tunery.models.exported`, which needs none of this.
"""
