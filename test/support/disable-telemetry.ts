// Loaded by mocha before any test: onnxruntime-node reads this once, when it is first imported.
process.env['ORT_DISABLE_TELEMETRY'] = '1'
